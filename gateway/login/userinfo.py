"""The userinfo endpoint: who logged in, told to the portal that holds the access token.

Knows: how the token may come, that every fault looks alike. Never does: take a token from an address, tell which part
was wrong. Standards: OpenID Connect Core §5.3, RFC 6750. Start reading: `Userinfo.answer`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from gateway.input.patterns import SECRET
from gateway.login.authorization import Parameters, once
from gateway.login.claims import released
from gateway.login.codes import digest
from gateway.login.failed_tries import FailedTries
from gateway.login.token_request import JSON_HEADERS, OAuthAnswer
from gateway.login.tokens import Issuer
from gateway.ports.clock import Clock
from gateway.ports.login import LoginStore

_BEARER: Final = re.compile(rf"(?i:bearer) +({SECRET.pattern})")
_REFUSED: Final = OAuthAnswer(
    401, {"error": "invalid_token"}, {**JSON_HEADERS, "WWW-Authenticate": 'Bearer error="invalid_token"'}
)
_UNASKED: Final = OAuthAnswer(401, {}, {**JSON_HEADERS, "WWW-Authenticate": "Bearer"})
"""To whom shows no token at all, and so tries none (RFC 6750 §3.1: without an error code)."""


class Userinfo:
    """Answers the endpoint."""

    def __init__(self, logins: LoginStore, clock: Clock, tries: FailedTries) -> None:
        self._logins = logins
        self._clock = clock
        self._tries = tries

    async def answer(self, issuer: Issuer, authorization: Sequence[str], form: Parameters, address: str) -> OAuthAnswer:
        """The claims that the access token opens. The token comes in one header, or as the form's `access_token`.

        Raises `TooManyRequests` where too many tokens from that address opened nothing.
        """
        if not authorization and not any(name == "access_token" for name, _ in form):
            return _UNASKED
        whose = self._tries.whose(address)
        self._tries.check(whose)
        answer = await self._opened_by(issuer, _presented(authorization, form))
        if answer is _REFUSED:
            await self._tries.failed(whose)
        return answer

    async def _opened_by(self, issuer: Issuer, presented: str | None) -> OAuthAnswer:
        if presented is None:
            return _REFUSED
        token = await self._logins.token(digest(presented), self._clock.now())
        login = await self._logins.login(token.login) if token is not None else None
        if token is None or login is None or login.municipality != issuer.municipality or login.identity is None:
            return _REFUSED
        requested, verified = token.claims.get("userinfo", ()), token.claims.get("verified", {})
        claims = released(login.identity, token.scopes, requested, issuer.url, verified)
        return OAuthAnswer(200, {"sub": login.subject, **claims}, JSON_HEADERS)


def _presented(authorization: Sequence[str], form: Parameters) -> str | None:
    """The one token of a request; None: none, or more than one."""
    in_form = [value for name, value in form if name == "access_token"]
    if len(authorization) + len(in_form) != 1:
        return None
    if authorization:
        bearer = _BEARER.fullmatch(authorization[0])
        return bearer[1] if bearer else None
    value = once(form, "access_token")
    return value if value is not None and SECRET.fullmatch(value) else None
