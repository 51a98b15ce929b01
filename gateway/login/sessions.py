"""Browsers that are signed in: whether a session answers a request without asking the person again.

Knows: what a portal may demand of a login (`prompt`, `max_age`, level, whose it is). Never does: prolong a session by
looking at it, use one for another client. Standards: OpenID Connect Core §3.1.2.3, BSI TR-03160-1. Start reading:
`Sessions.usable`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from gateway.login.authorization import AuthorizationRequest
from gateway.login.codes import digest
from gateway.login.tokens import Issuer
from gateway.ports.login import Login, LoginStore, Session

_ASKS_AGAIN: Final = frozenset({"login", "select_account"})


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that stands, with its cookie and its login."""

    session: Session
    login: Login = field(repr=False)
    cookie: str = field(repr=False)


class Sessions:
    """Looks sessions up."""

    def __init__(self, logins: LoginStore) -> None:
        self._logins = logins

    async def usable(
        self, asked: AuthorizationRequest, cookie: str | None, issuer: Issuer, now: datetime
    ) -> SignedIn | None:
        """The browser's session at this client, if it is as good as the login that is asked for."""
        if cookie is None or _ASKS_AGAIN & set(asked.prompt):
            return None
        session = await self._logins.session(digest(cookie), asked.client, now)
        if session is None or session.municipality != issuer.municipality or session.level < asked.level:
            return None
        if asked.max_age is not None and now - session.authenticated_at >= timedelta(seconds=asked.max_age):
            return None
        login = await self._logins.login(session.login)
        if login is None or login.identity is None or asked.provider not in {None, login.provider}:
            return None
        return SignedIn(session, login, cookie) if asked.subject in {None, login.subject} else None
