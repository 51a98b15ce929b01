"""Claims: what a portal is told of somebody at the userinfo endpoint, by scope and by request.

Knows: which of our values becomes which claim, and which are verified. Never does: release what was not asked for, put
a personal value into an ID token. Standards: OpenID Connect Core §5, OpenID Connect for Identity Assurance 1.0.
Start reading: `released`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from gateway.model import Attested, Identity, Level, instant

Values = Mapping[str, Attested]
Demanded = Mapping[str, Sequence[Any] | None]
"""Names of claims, with the values that alone are wanted; None: any."""

_BY_SCOPE: Final[Mapping[str, tuple[str, ...]]] = {
    "openid": ("temporary",),
    "profile": (
        "name",
        "given_name",
        "family_name",
        "birth_family_name",
        "title",
        "birthdate",
        "place_of_birth",
        "nationalities",
        "gender",
        "organisation",
        "means",
    ),
    "email": ("email", "email_verified"),
    "phone": ("phone_number", "phone_number_verified"),
    "address": ("address",),
}
SCOPES: Final = tuple(_BY_SCOPE)
"""Scopes of a login, `openid` first."""
_BY_REQUEST: Final = ("postkorb_handle", "application_id", "community_id", "document_type")
_OF_OURS: Final = frozenset({"organisation", "means", *_BY_REQUEST})  # named under the issuer's address
TRUST_FRAMEWORK: Final = "eidas"
_VERIFIED: Final = {"substantial": Level.SUBSTANTIAL, "high": Level.HIGH}
VERIFIED_LEVELS: Final = tuple(_VERIFIED)
"""The levels at which a claim counts as verified, as they are written."""
_NEVER_VERIFIED: Final = frozenset({"name", "email_verified", "phone_number_verified"})  # made of others
_ADDRESS: Final = ("street_address", "postal_code", "locality", "country")
_GENDERS: Final = {"1": "male", "2": "female"}  # ISO 5218
_GERMAN: Final = {"D": "DE"}  # as machine-readable documents have it (ICAO 9303)
_NOTHING: Final[Mapping[str, Demanded]] = {}
_YEAR: Final = re.compile(r"([0-9]{4})-(?:00|[0-9]{2}-00)")  # an incomplete birth date


def supported(issuer: str) -> list[str]:
    """Every claim that may be asked for."""
    names = [name for names in _BY_SCOPE.values() for name in names]
    fixed = ["sub", "iss", "aud", "exp", "iat", "auth_time", "nonce", "acr", "amr", "azp", "sid", "login_ref"]
    return [*fixed, *(_named(name, issuer) for name in (*names, *_BY_REQUEST)), "verified_claims"]


def verifiable(issuer: str) -> list[str]:
    """Every claim that may stand in `verified_claims`."""
    return [_named(name, issuer) for name in (*_PERSON, "organisation") if name not in _NEVER_VERIFIED]


def released(
    identity: Identity,
    scopes: Iterable[str],
    requested: Iterable[str],
    issuer: str,
    verified: Mapping[str, Demanded] = _NOTHING,
) -> dict[str, Any]:
    """The claims that the scopes and the requested names release.

    `verified_claims` repeat those whose own level is substantial or more, whatever the level of the login, and hold
    those of `verified`: what was asked for at a level, and at that one alone.
    """
    names = {name for scope in scopes for name in _BY_SCOPE.get(scope, ())} | _asked(requested, issuer)
    claims = _chosen(_every(identity), names, issuer)
    groups = [_verified(identity, level, names, verified.get(level, {}), issuer) for level in _VERIFIED]
    if answered := [group for group in groups if group["claims"]]:
        claims["verified_claims"] = answered[0] if len(answered) == 1 else answered
    return claims


def _asked(requested: Iterable[str], issuer: str) -> set[str]:
    asked = frozenset(requested)
    return {name for names in (*_BY_SCOPE.values(), _BY_REQUEST) for name in names if _named(name, issuer) in asked}


def _verified(identity: Identity, level: str, names: set[str], demanded: Demanded, issuer: str) -> dict[str, Any]:
    values = _of_values(*(_at(_VERIFIED[level], values) for values in _spoken_of(identity)))
    claims = _chosen(values, names - _NEVER_VERIFIED, issuer)
    more = _chosen(values, _asked(demanded, issuer) - names - _NEVER_VERIFIED, issuer)
    for name, value in more.items():
        allowed = demanded[name]
        if allowed is None or value in allowed:
            claims[name] = value
    return {
        "verification": {
            "trust_framework": TRUST_FRAMEWORK,
            "assurance_level": level,
            "time": instant(identity.authenticated_at),
        },
        "claims": claims,
    }


def _at(level: Level, values: Values) -> Values:
    return {name: value for name, value in values.items() if value.level is level}


def _spoken_of(identity: Identity) -> tuple[Values, Values]:
    """What is known of the person who logged in, and of the organisation that they act for."""
    if identity.organisation is not None:
        acting = identity.organisation.acting
        return (acting.values if acting else {}), identity.organisation.values
    return (identity.person.values if identity.person else {}), {}


def _every(identity: Identity) -> dict[str, Any]:
    claims = _of_values(*_spoken_of(identity))
    claims |= {"means": identity.means}
    claims |= {"postkorb_handle": str(identity.mailbox) if identity.mailbox else None}
    claims |= {"application_id": str(identity.application_id) if identity.application_id else None}
    if identity.account is None:
        claims["temporary"] = True
    return claims


def _of_values(person: Values, organisation: Values) -> dict[str, Any]:
    claims = {claim: value_of(person) for claim, value_of in _PERSON.items()}
    if organisation:
        parts: dict[str, Any] = {n: value.value for n, value in organisation.items() if n not in _ADDRESS}
        address = _address(organisation)
        claims["organisation"] = parts | ({"address": address} if address else {})
    return claims


def _chosen(claims: Mapping[str, Any], names: set[str], issuer: str) -> dict[str, Any]:
    return {
        _named(name, issuer): value for name, value in claims.items() if name in names and value not in (None, "", {})
    }


def _named(name: str, issuer: str) -> str:
    return f"{issuer}/claims/{name}" if name in _OF_OURS else name


def _text(name: str) -> Callable[[Values], str | None]:
    return lambda values: values[name].value if name in values else None


def _reliable(name: str) -> Callable[[Values], bool | None]:
    """Whether a value is more than what its owner said of themselves; None where there is no value."""
    return lambda values: (values[name].level or Level.BASIC) >= Level.SUBSTANTIAL if name in values else None


def _full_name(values: Values) -> str:
    return " ".join(values[name].value for name in ("given_name", "family_name") if name in values)


def _birthdate(values: Values) -> str | None:
    """As OpenID Connect has it: a day, or where day or month are unknown the year alone."""
    date = _text("birthdate")(values)
    incomplete = _YEAR.match(date) if date else None
    return incomplete[1] if incomplete else date


def _birthplace(values: Values) -> dict[str, str] | None:
    locality = _text("place_of_birth")(values)
    return {"locality": locality} if locality else None


def _nationalities(values: Values) -> list[str] | None:
    code = _text("nationality")(values)
    return [_GERMAN.get(code, code)] if code else None


def _gender(values: Values) -> str | None:
    return _GENDERS.get(_text("gender")(values) or "")


def _address(values: Values) -> dict[str, str]:
    return {name: values[name].value for name in _ADDRESS if name in values and values[name].value}


_PERSON: Final[Mapping[str, Callable[[Values], Any]]] = {
    "name": _full_name,
    "given_name": _text("given_name"),
    "family_name": _text("family_name"),
    "birth_family_name": _text("birth_family_name"),
    "title": _text("title"),
    "birthdate": _birthdate,
    "place_of_birth": _birthplace,
    "nationalities": _nationalities,
    "gender": _gender,
    "email": _text("email"),
    "email_verified": _reliable("email"),
    "phone_number": _text("phone_number"),
    "phone_number_verified": _reliable("phone_number"),
    "address": _address,
    "community_id": _text("community_id"),
    "document_type": _text("document_type"),
}
