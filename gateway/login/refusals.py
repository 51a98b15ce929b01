"""Logins that come to nothing: what the person is shown, what the portal is told, what the operator reads.

Knows: one number for page and log, every reason. Never does: tell outside why, write a value of a request into the log.
Standards: RFC 6749 §4.1.2.1, RFC 9207. Start reading: `Refusals.shown`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import structlog

from gateway.login.figures import LoginFigures
from gateway.login.redirects import answered
from gateway.login.steps import PageKind, PostToPortal, Redirect, SetCookies, Show

log = structlog.get_logger()

REASONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "address_unknown": "the address to come back to after signing out is not registered",
        "answer_missing": "the browser came back without an answer of the identity provider",
        "answer_to_nothing": "the answer belongs to no login that waits for this identity provider, or cannot be read",
        "answer_used_before": "the answer was used before, or the login is over",
        "client_gone": "the portal or its address was taken out of the settings meanwhile",
        "client_or_address_unknown": "no such portal here, or the address to come back to is not registered",
        "fields_missing_or_doubled": "an answer without exactly one SAMLResponse and one RelayState",
        "hint_of_another": "the ID token that came along is another portal's",
        "hint_unknown": "the ID token that came along is none of ours",
        "invalid_request": "a parameter is missing, repeated, too long or contradicts another",
        "invalid_scope": "scope does not hold openid",
        "level_too_low": "the identity provider signed in at a lower level than was asked for",
        "login_not_under_way": "the login is over, or another browser began it",
        "login_required": "nobody is signed in as it was asked for",
        "parameter_repeated": "a parameter of signing out is repeated",
        "provider_gone": "the identity provider was taken out of the settings or disabled meanwhile",
        "provider_unknown": "no such identity provider for this login",
        "registration_not_supported": "a portal tried to register itself",
        "request_not_supported": "a request object came",
        "request_uri_not_supported": "a request object by address came",
        "request_uri_unknown": "there is no such pushed request, or it was used",
        "signing_key_unfit": "our key cannot sign the request to the identity provider",
        "temporarily_unavailable": "no identity provider signs anybody in now",
        "too_large": "there are too many or too long parameters",
        "too_many_logins": "too many logins are under way, from one address or together",
        "unmet_authentication_requirements": "no identity provider here reaches the level",
        "unsupported_response_type": "response_type is not code",
    }
)
"""Why a login is refused before or after the answer of an identity provider, which has reasons of its own."""
_NO_COOKIES: Final = SetCookies()
_NUMBER_BYTES: Final = 5


@dataclass(frozen=True, slots=True)
class Answering:
    """Where the answer to a portal goes: its registered address, in which way, with which `state` and issuer.

    `language` was asked for, for a page on the way; or is empty.
    """

    client: str
    redirect_uri: str = field(repr=False)
    response_mode: str
    state: str | None = field(repr=False)
    issuer: str
    language: str = ""

    def step(self, members: Mapping[str, str | None], cookies: SetCookies = _NO_COOKIES) -> Redirect | PostToPortal:
        """The browser brings the answer to the portal."""
        parameters = {**members, "state": self.state, "iss": self.issuer}
        if self.response_mode == "form_post":
            fields = {name: value for name, value in parameters.items() if value is not None}
            return PostToPortal(self.redirect_uri, fields, cookies, self.language)
        return Redirect(answered(self.redirect_uri, parameters), cookies)

    def way_back(self, error: str) -> str:
        """A link to the portal with an error; a link has no form, so always by the query."""
        return answered(self.redirect_uri, {"error": error, "state": self.state, "iss": self.issuer})


class Refusals:
    """Makes refusals; `random` gives the numbers."""

    def __init__(self, random: Callable[[int], bytes], figures: LoginFigures) -> None:
        self._random = random
        self._figures = figures

    def shown(  # noqa: PLR0913 - each named
        self,
        kind: PageKind,
        reason: str,
        *,
        back: Answering | None = None,
        error: str = "access_denied",
        language: str = "",
        status: int = 400,
        provider: str | None = None,
    ) -> Show:
        """A page with a number; `reason` is a slug of ours, `provider` a name from the settings."""
        number = self.noted(reason, client=back.client if back else None, provider=provider)
        return Show(kind, number, language, way_back=back.way_back(error) if back else None, status=status)

    def told(self, back: Answering, error: str, description: str) -> Redirect | PostToPortal:
        """The portal is told of the fault by its registered address."""
        self.noted(error, client=back.client)
        return back.step({"error": error, "error_description": description})

    def noted(self, reason: str, *, client: str | None = None, provider: str | None = None) -> str:
        """Count the reason and write it into the log; the number under which it stands there."""
        self._figures.refuse(reason)
        digits = base64.b32encode(self._random(_NUMBER_BYTES)).decode("ascii")
        number = f"{digits[:4]}-{digits[4:]}"
        named = {name: value for name, value in (("client", client), ("provider", provider)) if value is not None}
        log.info("login.refused", reason=reason, number=number, **named)
        return number
