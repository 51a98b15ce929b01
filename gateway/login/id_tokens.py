"""ID tokens and logout tokens: what a portal reads of a login, without a personal value.

Knows: their claims, and how one that comes back as a hint is read. Never does: keep keys in files, tell a name.
Standards: OpenID Connect Core §2 and §3.1.3, Back-Channel Logout 1.0 §2.4. Start reading: `id_token`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from gateway.crypto import base64url
from gateway.errors import CryptoFailure
from gateway.login.id_token_keys import IdTokenKeys
from gateway.model import Identity
from gateway.ports.login import Login

LIFETIME_S: Final = 300
_LOGOUT_LIFETIME_S: Final = 120
_LOGOUT_EVENT: Final = "http://schemas.openid.net/event/backchannel-logout"
_HINT_LIMIT: Final = 8192
_HALVES: Final = {"EdDSA": hashlib.sha512}  # else SHA-256


@dataclass(frozen=True, slots=True)
class TokenContext:
    """What one ID token tells besides the login itself."""

    nonce: str | None = field(repr=False)
    session: str | None
    login_ref: str = field(repr=False)
    access_token: str = field(repr=False)


def id_token(keys: IdTokenKeys, alg: str, issuer: str, login: Login, context: TokenContext, now: datetime) -> str:  # noqa: PLR0913, PLR0917 - key, address, who, what, when
    """The ID token of a login for its client."""
    at = int(now.timestamp())
    claims: dict[str, Any] = {
        "iss": issuer,
        "sub": login.subject,
        "aud": login.client,
        "azp": login.client,
        "exp": at + LIFETIME_S,
        "iat": at,
        "auth_time": min(int(login.authenticated_at.timestamp()), at),
        "acr": login.level.acr(issuer),
        "login_ref": context.login_ref,
        "at_hash": _half_hash(context.access_token, alg),
    }
    optional = {"nonce": context.nonce, "sid": context.session, **_how(login.identity)}
    claims |= {name: value for name, value in optional.items() if value is not None}
    return keys.sign(_json(claims), alg, "JWT")


def logout_token(  # noqa: PLR0913 - as `id_token`
    keys: IdTokenKeys, alg: str, *, issuer: str, client: str, subject: str | None, session: str, jti: str, now: datetime
) -> str:
    """What tells a portal's server that a session of a browser has ended."""
    at = int(now.timestamp())
    claims: dict[str, Any] = {
        "iss": issuer,
        "aud": client,
        "iat": at,
        "exp": at + _LOGOUT_LIFETIME_S,
        "jti": jti,
        "sid": session,
        "events": {_LOGOUT_EVENT: {}},
    }
    if subject is not None:
        claims["sub"] = subject
    return keys.sign(_json(claims), alg, "logout+jwt")


def hinted(keys: IdTokenKeys, token: str, issuer: str) -> Mapping[str, Any] | None:
    """The claims of an ID token of this issuer that came back as a hint; it may have expired. None for any fault."""
    if len(token) > _HINT_LIMIT:
        return None
    try:
        claims = json.loads(keys.verify(token))
    except (CryptoFailure, ValueError, RecursionError):
        return None
    sound = isinstance(claims, dict) and claims.get("iss") == issuer and "events" not in claims
    return claims if sound and isinstance(claims.get("aud"), str) and isinstance(claims.get("sub"), str) else None


def _how(identity: Identity | None) -> dict[str, Any]:
    if identity is None:
        return {}
    claims: dict[str, Any] = {"amr": ["mfa"] if identity.second_factor else None}
    return claims | {"temporary": True} if identity.account is None else claims


def _half_hash(access_token: str, alg: str) -> str:
    digest = _HALVES.get(alg, hashlib.sha256)(access_token.encode("ascii")).digest()
    return base64url.encode(digest[: len(digest) // 2]).decode()


def _json(claims: Mapping[str, Any]) -> bytes:
    return json.dumps(claims, separators=(",", ":")).encode()
