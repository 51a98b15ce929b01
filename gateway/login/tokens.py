"""Access tokens for the portal API: made and checked.

Knows: RFC 9068 (`at+jwt`), our claims and lifetime. Never does: client authentication, HTTP.
Standards: RFC 9068, RFC 8725, RFC 8705 §3. Start reading: `PortalTokens.verify`.

A token opens the API of the one municipality whose issuer made it. Anything else, an ID token or a citizen's token
above all, is refused by its `typ`, issuer or audience alike, with one and the same error.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from gateway.crypto import jws
from gateway.crypto.keys import PrivateKey, VerifyKey, verify_key
from gateway.errors import CryptoFailure, Unauthorised
from gateway.login.certificates import Presented
from gateway.login.clients import Registry
from gateway.model import Client

LIFETIME_S: Final = 1800
TYPE: Final = "at+jwt"
CONFIRMATION: Final = "x5t#S256"
_ALG: Final[Mapping[str, str]] = {"OKP": "EdDSA", "EC": "ES256"}
_LIMIT: Final = 4096  # characters of an access token; ours have about 600
_REMEMBERED: Final = 4096  # verified tokens kept until they expire


@dataclass(frozen=True, slots=True)
class Issuer:
    """One municipality as issuer of tokens: its public address without a slash at the end, and its ARS."""

    url: str
    municipality: str

    @property
    def audience(self) -> str:
        """The API that this issuer's tokens open."""
        return f"{self.url}/api/v1"

    @property
    def token_endpoint(self) -> str:
        """Where tokens are to be had."""
        return f"{self.url}/oidc/token"

    @property
    def push_endpoint(self) -> str:
        """Where authorization requests are pushed (RFC 9126)."""
        return f"{self.url}/oidc/par"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls: the client with the scopes of its token, and the municipality whose issuer made the token.

    `thumbprint`: the token is worth nothing without that certificate (RFC 8705 §3).
    """

    client: Client
    municipality: str
    expires: float
    thumbprint: str | None = None


class PortalTokens:
    """Makes access tokens with one fast key (Ed25519 or P-256) and checks them.

    `others` are public JWKs that tokens are taken from too: processes that have the next key already, or not yet.
    """

    def __init__(
        self, key: PrivateKey, registry: Registry, new_id: Callable[[], str], others: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        self._key = key
        self._public: dict[str, tuple[VerifyKey, str]] = {
            jwk["kid"]: (verify_key(jwk), _ALG[jwk["kty"]]) for jwk in (*others, key.public_jwk) if jwk["kty"] in _ALG
        }
        self._registry = registry
        self._new_id = new_id
        self._verified: dict[bytes, Principal] = {}

    @property
    def public_jwk(self) -> dict[str, Any]:
        """The public half, for the JWK set."""
        return dict(self._key.public_jwk)

    def make(
        self, issuer: Issuer, client_id: str, scopes: frozenset[str], now: datetime, thumbprint: str | None = None
    ) -> str:
        """A token of `LIFETIME_S` seconds for the client at the issuer's API, bound to a certificate where given."""
        at = int(now.timestamp())
        claims: dict[str, Any] = {
            "iss": issuer.url,
            "sub": client_id,
            "client_id": client_id,
            "aud": issuer.audience,
            "scope": " ".join(sorted(scopes)),
            "iat": at,
            "exp": at + LIFETIME_S,
            "jti": self._new_id(),
        }
        if thumbprint is not None:
            claims["cnf"] = {CONFIRMATION: thumbprint}
        return jws.sign(json.dumps(claims, separators=(",", ":")).encode(), self._key, {"typ": TYPE})

    def verify(self, token: str, issuer: Issuer, now: datetime, presented: Presented | None = None) -> Principal:
        """Who the token names; `presented` is the certificate that came with it. Raises `Unauthorised` for any fault.

        A verified token is memoised by its hash until it expires, so that the signature is checked once.
        """
        if len(token) > _LIMIT:
            raise Unauthorised
        name = hashlib.sha256(f"{issuer.url}\n{token}".encode("utf-8", "surrogatepass")).digest()
        principal = self._verified.get(name)
        if principal is None:
            principal = self._read(token, issuer)
            self._remember(name, principal, now)
        if principal.expires <= now.timestamp():
            self._verified.pop(name, None)
            raise Unauthorised
        if principal.thumbprint is not None and (presented is None or presented.thumbprint != principal.thumbprint):
            raise Unauthorised
        return principal

    def _read(self, token: str, issuer: Issuer) -> Principal:
        try:
            header = jws.header_of(token)
            if header.get("typ") != TYPE or (kid := header.get("kid")) not in self._public:
                raise Unauthorised
            key, alg = self._public[kid]
            claims = json.loads(jws.verify(token, key, alg=alg))
        except (CryptoFailure, ValueError, TypeError, RecursionError):
            raise Unauthorised from None
        if not isinstance(claims, dict) or claims.get("iss") != issuer.url or claims.get("aud") != issuer.audience:
            raise Unauthorised
        client_id, scope, expires = claims.get("client_id"), claims.get("scope"), claims.get("exp")
        if not isinstance(client_id, str) or not isinstance(scope, str) or not isinstance(expires, int):
            raise Unauthorised
        registered = self._registry.get(client_id)
        if registered is None or claims.get("sub") != client_id:
            raise Unauthorised
        client = replace(registered.client, scopes=registered.client.scopes & frozenset(scope.split()))
        return Principal(client, issuer.municipality, float(expires), _bound(claims))

    def _remember(self, name: bytes, principal: Principal, now: datetime) -> None:
        if len(self._verified) >= _REMEMBERED:
            at = now.timestamp()
            self._verified = {key: principal for key, principal in self._verified.items() if principal.expires > at}
        if len(self._verified) < _REMEMBERED:
            self._verified[name] = principal


def _bound(claims: Mapping[str, Any]) -> str | None:
    """The certificate that a token is bound to. Raises `Unauthorised` for a confirmation that we do not know."""
    if "cnf" not in claims:
        return None
    confirmation = claims["cnf"]
    if not isinstance(confirmation, dict) or not isinstance(confirmation.get(CONFIRMATION), str):
        raise Unauthorised
    return str(confirmation[CONFIRMATION])
