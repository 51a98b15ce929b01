"""Client assertions: a portal proves with its own key who it is (`private_key_jwt`).

Knows: the claims RFC 7523 §3 asks for, our limits on them, and which assertions were used. Never does: trust what a
token says of its key or algorithm, fetch anything.
Standards: RFC 7523 §3, OpenID Connect Core §9. Start reading: `Assertions.proof_of`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from gateway.crypto import base64url, jws
from gateway.errors import CryptoFailure
from gateway.input import json_reader
from gateway.login.clients import AssertionKey, Registration, Registry

TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LIFETIME_S: Final = 300  # exp may lie at most this far ahead
SKEW_S: Final = 30
_LIMIT: Final = 8192  # characters of an assertion
_JTI_LIMIT: Final = 256


class Used(Protocol):
    """Remembers assertions until they expire; several processes share one memory, kept by the store."""

    async def first(self, client_id: str, jti: str, until: float, now: float) -> bool:
        """Whether this is the first use; remembers it until `until` (seconds since 1970)."""
        ...


@dataclass(frozen=True, slots=True)
class ClientProof:
    """An assertion that is sound: whose it is, and what has to be spent before it counts."""

    registered: Registration
    jti: str
    until: float


class Assertions:
    """Checks assertions against the registry."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry

    def proof_of(self, assertion: str, audiences: Collection[str], now: datetime) -> ClientProof | None:
        """Who signed the assertion for one of `audiences`; None for any fault alike.

        Signature and every claim are checked before the caller spends the `jti`, so that nobody can spend another's.
        """
        if len(assertion) > _LIMIT:
            return None
        try:
            header = jws.header_of(assertion)
            registered = self._registry.get(_subject(assertion))
            if registered is None:
                return None
            claims = _verified(assertion, registered.keys, header)
        except (CryptoFailure, ValueError, UnicodeError):
            return None
        at = now.timestamp()
        if not _sound(claims, registered.client.id, audiences, at):
            return None
        return ClientProof(registered, claims["jti"], float(claims["exp"]) + SKEW_S)


def _subject(assertion: str) -> str:
    """The `sub` as claimed: only a name to look up the keys with, trusted after the signature."""
    claims = json_reader.decode(base64url.decode(assertion.split(".")[1].encode("ascii")))
    subject = claims.get("sub") if isinstance(claims, dict) else None
    return subject if isinstance(subject, str) else ""


def _verified(assertion: str, keys: tuple[AssertionKey, ...], header: Mapping[str, Any]) -> dict[str, Any]:
    kid, named = header.get("kid"), header.get("alg") == jws.ED25519
    candidates = [key for key in keys if kid is None or key.kid is None or key.kid == kid]
    for candidate in candidates:
        try:
            alg = jws.ED25519 if named and candidate.alg == jws.EDDSA else candidate.alg
            payload = jws.verify(assertion, candidate.key, alg=alg)
        except CryptoFailure:
            continue
        claims = json_reader.decode(payload)
        if isinstance(claims, dict):
            return claims
    raise CryptoFailure


def _sound(claims: dict[str, Any], client_id: str, audiences: Collection[str], at: float) -> bool:
    intended = claims.get("aud")
    intended = [intended] if isinstance(intended, str) else intended
    expires, jti = claims.get("exp"), claims.get("jti")
    return (
        claims.get("iss") == claims.get("sub") == client_id
        and isinstance(intended, list)
        and bool(intended)
        and all(isinstance(audience, str) and audience in audiences for audience in intended)
        and _number(expires)
        and at - SKEW_S < expires <= at + LIFETIME_S + SKEW_S  # type: ignore[operator]
        and all(name not in claims or _number(claims[name]) for name in ("nbf", "iat"))
        and claims.get("nbf", at) <= at + SKEW_S
        and claims.get("iat", at) <= at + SKEW_S
        and isinstance(jti, str)
        and 1 <= len(jti) <= _JTI_LIMIT
    )


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
