"""What a code is exchanged for: the tokens of a login.

Knows: lifetimes, what an ID token and an access token of a login hold. Never does: authenticate the portal, compare the
verifier (Authlib does). Standards: RFC 6749 §4.1.3, OpenID Connect Core §3.1.3. Start reading: `CodeExchange.find`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from gateway.crypto import base64url
from gateway.login.clients import Registration
from gateway.login.figures import LoginFigures
from gateway.login.id_token_keys import IdTokenKeys
from gateway.login.id_tokens import TokenContext, id_token
from gateway.login.subject import reference_of
from gateway.login.token_request import CodeFound
from gateway.login.tokens import Issuer
from gateway.ports.clock import Clock
from gateway.ports.login import CitizenToken, LoginStore

CODE_LIFETIME_S: Final = 60
TOKEN_LIFETIME_S: Final = 300
_LONGEST: Final = 128  # characters; ours have 43


def digest(secret: str) -> bytes:
    """Under what the store knows a handle, cookie, code or token."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).digest()


@dataclass(frozen=True, slots=True)
class Issued:
    """An answer to a code: the body, and the row of its access token, without which the body is worth nothing."""

    body: dict[str, Any] = field(repr=False)
    token: CitizenToken


class CodeExchange:
    """Exchanges codes; `random` gives as many random bytes as it is asked for."""

    def __init__(
        self,
        logins: LoginStore,
        keys: IdTokenKeys,
        clock: Clock,
        random: Callable[[int], bytes],
        figures: LoginFigures | None = None,
    ) -> None:
        self._logins = logins
        self.figures = figures or LoginFigures()
        self.keys = keys
        self._clock = clock
        self._random = random

    async def find(self, code: str, issuer: Issuer) -> CodeFound | None:
        """The login of a code of this issuer, not used up by this; None: expired, used before, of nobody."""
        if not 0 < len(code) <= _LONGEST:
            return None
        row = await self._logins.code(digest(code), self._clock.now())
        login = await self._logins.login(row.login) if row is not None else None
        if row is None or login is None or login.municipality != issuer.municipality:
            return None
        return CodeFound(code, row, login)

    async def issue(self, found: CodeFound, registered: Registration, issuer: Issuer) -> Issued:
        """The tokens of a login for the client that brought its code."""
        party = registered.relying_party
        assert party is not None, "codes are given to clients with redirect addresses only"
        now, row, login = self._clock.now(), found.row, found.login
        access_token = base64url.encode(self._random(32)).decode()
        login_ref = reference_of(found.code, await self._logins.subject_key(issuer.municipality))
        context = TokenContext(row.request["nonce"], str(row.session) if row.session else None, login_ref, access_token)
        scopes = row.request["scopes"]
        body = {
            "access_token": access_token,
            "token_type": "Bearer",
            "expires_in": TOKEN_LIFETIME_S,
            "scope": " ".join(scopes),
            "id_token": id_token(self.keys, party.id_token_alg, issuer.url, login, context, now),
        }
        kept = CitizenToken(
            token=digest(access_token),
            code=row.code,
            client=login.client,
            login=login.id,
            scopes=frozenset(scopes),
            claims={name: row.request[name] for name in ("userinfo", "verified")},
            expires_at=now + timedelta(seconds=TOKEN_LIFETIME_S),
        )
        return Issued(body, kept)

    async def redeem(self, code: str, issued: Issued | None) -> bool:
        """Use the code up and keep the access token, both or neither; without `issued` something was wrong with it.

        False: it was used meanwhile, or there is none.
        """
        if not 0 < len(code) <= _LONGEST:
            return False
        return await self._logins.redeem(digest(code), self._clock.now(), issued.token if issued else None)
