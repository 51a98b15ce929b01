"""An authorization request of a portal, read and judged: a frozen value, or the error that the portal is told.

Knows: every parameter of the code flow, their bounds, and which fault may be told to which address. Never does: look a
login up, redirect. Standards: RFC 6749 §4.1, OpenID Connect Core §3.1.2 and §5.5, RFC 7636, RFC 9700.
Start reading: `addressed`, then `read`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gateway.input import json_reader
from gateway.input.patterns import LONE_SURROGATE, PROVIDER_NAME, SECRET
from gateway.login.claims import SCOPES, Demanded
from gateway.login.clients import Registration, Registry, RelyingParty
from gateway.login.levels import level_of
from gateway.login.redirects import registered
from gateway.login.verified_request import verified_by_level
from gateway.model import Level

Parameters = Sequence[tuple[str, str]]

MOST_PARAMETERS: Final = 50
MOST_CHARACTERS: Final = 16_384
"""What a request may have at all; beyond it nothing of it is read."""
_LIMITS: Final[Mapping[str, int]] = {"state": 4096, "nonce": 1024, "claims": 4096, "login_hint": 1024, "scope": 1024}
_LIMIT: Final = 8192  # of any other parameter
_STATE: Final = re.compile(r"[\x20-\x7e]*")  # RFC 6749 appendix A.5
_SCOPE: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+(?: [\x21\x23-\x5b\x5d-\x7e]+)*")
_SECONDS: Final = re.compile(r"[0-9]{1,9}")
_MODES: Final = ("query", "form_post")
_NOT_TAKEN: Final = {
    "request": "request_not_supported",
    "request_uri": "request_uri_not_supported",  # a pushed one was resolved before
    "registration": "registration_not_supported",
}
_LANGUAGES: Final = ("de", "en")


class AuthorizationRefusedError(Exception):
    """What is wrong with a request: an error code of the standards, and a sentence without anything that came in."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(error)
        self.error, self.description = error, description


@dataclass(frozen=True, slots=True)
class Addressed:
    """A request whose client and address are known: from here on faults are told to the portal."""

    registered: Registration
    party: RelyingParty
    redirect_uri: str = field(repr=False)
    state: str | None = field(default=None, repr=False)

    @property
    def client(self) -> str:
        """The client's id."""
        return self.registered.client.id

    @property
    def certain(self) -> bool:
        """Whether nobody but the client can be at the address: an app's scheme and a port are whose takes them."""
        return not self.party.public or self.redirect_uri.startswith("https://")


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request that is sound. `level` is the least that the login needs; `language` is empty where none was asked.

    `subject` is whose login it has to be, by `id_token_hint` or the `claims` parameter; `userinfo` are single claims
    that were asked for, `verified` those by the level at which they were.
    """

    client: str
    redirect_uri: str = field(repr=False)
    response_mode: str
    scopes: tuple[str, ...]
    level: Level
    state: str | None = field(default=None, repr=False)
    nonce: str | None = field(default=None, repr=False)
    code_challenge: str | None = field(default=None, repr=False)
    prompt: tuple[str, ...] = ()
    max_age: int | None = None
    userinfo: tuple[str, ...] = ()
    verified: Mapping[str, Demanded] = field(default_factory=dict, repr=False)
    subject: str | None = field(default=None, repr=False)
    hint: str | None = field(default=None, repr=False)
    language: str = ""
    provider: str | None = None

    def as_json(self) -> dict[str, Any]:
        """What has to outlive the request, to be kept with the login."""
        return {
            "client": self.client,
            "redirect_uri": self.redirect_uri,
            "response_mode": self.response_mode,
            "scopes": list(self.scopes),
            "level": self.level.value,
            "state": self.state,
            "nonce": self.nonce,
            "code_challenge": self.code_challenge,
            "userinfo": list(self.userinfo),
            "verified": dict(self.verified),
            "subject": self.subject,
            "language": self.language,
        }

    @classmethod
    def of_json(cls, kept: Mapping[str, Any]) -> AuthorizationRequest:
        """The request as it was kept."""
        return cls(
            client=kept["client"],
            redirect_uri=kept["redirect_uri"],
            response_mode=kept["response_mode"],
            scopes=tuple(kept["scopes"]),
            level=Level(kept["level"]),
            state=kept["state"],
            nonce=kept["nonce"],
            code_challenge=kept["code_challenge"],
            userinfo=tuple(kept["userinfo"]),
            verified=kept["verified"],
            subject=kept["subject"],
            language=kept["language"],
        )


def bounded(parameters: Parameters) -> bool:
    """Whether a request is small enough to be read at all, and text that can be written down again."""
    if len(parameters) > MOST_PARAMETERS:
        return False
    text = "".join(part for pair in parameters for part in pair)
    return len(text) <= MOST_CHARACTERS and LONE_SURROGATE.search(text) is None


def once(parameters: Parameters, name: str) -> str | None:
    """The value of a parameter that stands there exactly once."""
    values = [value for key, value in parameters if key == name]
    return values[0] if len(values) == 1 else None


def addressed(parameters: Parameters, registry: Registry, municipality: str) -> Addressed | None:
    """Client and address, before anything else; None: there is nowhere to send the browser back to."""
    client_id, redirect_uri = once(parameters, "client_id"), once(parameters, "redirect_uri")
    if client_id is None or redirect_uri is None:
        return None
    client = registry.get(client_id)
    if client is None or client.relying_party is None or municipality not in client.client.municipalities:
        return None
    party = client.relying_party
    if not registered(redirect_uri, party.redirect_uris, public=party.public):
        return None
    state = once(parameters, "state")
    sound = state is not None and len(state) <= _LIMITS["state"] and _STATE.fullmatch(state)
    return Addressed(client, party, redirect_uri, state if sound else None)


def response_mode(parameters: Parameters) -> str:
    """How an answer goes to the portal, also where the request is refused."""
    mode = once(parameters, "response_mode")
    return mode if mode in _MODES else "query"


def read(parameters: Parameters, to: Addressed, issuer: str) -> AuthorizationRequest:
    """The request to a portal's address that is known. Raises `AuthorizationRefusedError`."""
    by_name = _each_once(parameters)
    for name, error in _NOT_TAKEN.items():
        if name in by_name:
            raise AuthorizationRefusedError(error, f"{name} is not supported")
    if by_name.get("response_type") != "code":
        kind = "unsupported_response_type" if by_name.get("response_type") else "invalid_request"
        raise AuthorizationRefusedError(kind, "response_type has to be code")
    if by_name.get("response_mode", "query") not in _MODES:
        raise AuthorizationRefusedError("invalid_request", "response_mode has to be query or form_post")
    prompt = tuple(by_name.get("prompt", "").split())
    if "none" in prompt and len(prompt) > 1:
        raise AuthorizationRefusedError("invalid_request", "prompt=none stands alone")
    claims = _claims(by_name.get("claims"))
    subject = _member(claims, "id_token", "sub").get("value")
    return AuthorizationRequest(
        client=to.client,
        redirect_uri=to.redirect_uri,
        response_mode=by_name.get("response_mode", "query"),
        scopes=_scopes(by_name.get("scope", "")),
        level=_level(by_name.get("acr_values", ""), _member(claims, "id_token", "acr"), issuer),
        state=by_name.get("state"),
        nonce=by_name.get("nonce"),
        code_challenge=_challenge(by_name, required=to.party.require_pkce or to.party.public),
        prompt=prompt,
        max_age=_max_age(by_name.get("max_age")),
        userinfo=tuple(claims.get("userinfo") or ()),
        verified=verified_by_level((claims.get("userinfo") or {}).get("verified_claims")),
        subject=subject if isinstance(subject, str) else None,
        hint=by_name.get("id_token_hint"),
        language=language_of(by_name.get("ui_locales", "")),
        provider=by_name["provider"] if PROVIDER_NAME.fullmatch(by_name.get("provider", "")) else None,
    )


def _each_once(parameters: Parameters) -> dict[str, str]:
    """The parameters by name; an empty one counts as left out (RFC 6749 §3.1)."""
    by_name = dict(parameters)
    if len(by_name) != len(parameters):
        raise AuthorizationRefusedError("invalid_request", "a parameter is repeated")
    for name, value in by_name.items():
        if len(value) > _LIMITS.get(name, _LIMIT):
            raise AuthorizationRefusedError("invalid_request", "a parameter is too long")
    if not _STATE.fullmatch(by_name.get("state", "")) or not by_name.get("nonce", "").isprintable():
        raise AuthorizationRefusedError("invalid_request", "state or nonce holds characters that it may not")
    return {name: value for name, value in by_name.items() if value}


def _scopes(text: str) -> tuple[str, ...]:
    """The scopes of a login that were asked for; others are none of a login's and are left out."""
    if not _SCOPE.fullmatch(text) or "openid" not in text.split(" "):
        raise AuthorizationRefusedError("invalid_scope", "scope has to hold openid")
    return tuple(scope for scope in SCOPES if scope in text.split(" "))


def _challenge(by_name: Mapping[str, str], *, required: bool) -> str | None:
    challenge, method = by_name.get("code_challenge"), by_name.get("code_challenge_method")
    if challenge is None and method is None and not required:
        return None
    if challenge is None or method != "S256" or not SECRET.fullmatch(challenge):
        raise AuthorizationRefusedError("invalid_request", "PKCE with code_challenge_method=S256 is required")
    return challenge


def _max_age(text: str | None) -> int | None:
    if text is None:
        return None
    if not _SECONDS.fullmatch(text):
        raise AuthorizationRefusedError("invalid_request", "max_age is a number of seconds")
    return int(text)


def _claims(text: str | None) -> Mapping[str, Any]:
    if text is None:
        return {}
    try:
        claims = json_reader.decode(text.encode("utf-8"), unique=True, strict=True)
    except ValueError:
        raise AuthorizationRefusedError("invalid_request", "claims cannot be read") from None
    if not isinstance(claims, dict) or any(
        not isinstance(claims.get(name), dict | None) for name in ("userinfo", "id_token")
    ):
        raise AuthorizationRefusedError("invalid_request", "claims is an object of objects")
    return claims


def _member(claims: Mapping[str, Any], where: str, name: str) -> Mapping[str, Any]:
    member = (claims.get(where) or {}).get(name)
    return member if isinstance(member, dict) else {}


def _level(acr_values: str, acr: Mapping[str, Any], issuer: str) -> Level:
    """The least level that fulfils what was asked: the lowest of the values, none of which we may know.

    An essential `acr` of unknown values alone cannot be met; else unknown ones count for nothing.
    """
    values = acr.get("values")
    asked = [value for value in values if isinstance(value, str)] if isinstance(values, list) else []
    asked += [acr["value"]] if isinstance(acr.get("value"), str) else []
    demanded = [level for value in asked if (level := level_of(value, issuer)) is not None]
    if acr.get("essential") is True and asked and not demanded:
        raise AuthorizationRefusedError("unmet_authentication_requirements", "no level that is known was asked for")
    wished = [level for value in acr_values.split() if (level := level_of(value, issuer)) is not None]
    return max(min(demanded, default=Level.BASIC), min(wished, default=Level.BASIC))


def language_of(ui_locales: str) -> str:
    """The first language asked for that pages are written in; empty: none of them."""
    asked = (tag.partition("-")[0].lower() for tag in ui_locales.split())
    return next((language for language in asked if language in _LANGUAGES), "")
