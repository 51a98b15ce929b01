"""The port `LoginStore` in the memory of one process: the same answers as PostgreSQL's, gone when the process ends.

Knows: what each method promises; one contract (`tests/contract/test_login_store.py`) holds both stores to it. Never
does: encrypt, wait. Standard: `gateway/ports/login.py`. Start reading: `MemoryLoginStore.begin`, then `finish`.

No method waits between its checks and its writes, so that what it does happens at once or not at all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, TypeGuard
from uuid import UUID

from gateway.errors import LoginUnusable, TooManyLogins
from gateway.model import Submission
from gateway.ports.clock import Clock
from gateway.ports.login import CitizenToken, Code, DoneLogin, Finished, Login, LoginStore, LoginUnderWay, Session
from gateway.ports.store import TakenLogin
from gateway.store.login import bounds


@dataclass(slots=True)
class _Code:
    code: Code
    used: bool = False


@dataclass(frozen=True, slots=True)
class _Account:
    """When an account was used first and last, and our entityID then."""

    entity_id: str
    first_at: datetime
    last_at: datetime


class MemoryLoginStore(LoginStore):
    """Everything of the port, in one process. `accounts` are by municipality, provider and digest of the account.

    `notices` are sessions whose end portals' servers are to be told; nobody tells them here.
    """

    def __init__(self, clock: Clock, random: Callable[[int], bytes]) -> None:
        self._clock, self._random = clock, random
        self._under_way: dict[bytes, LoginUnderWay] = {}
        self._done: dict[bytes, LoginUnderWay] = {}
        self._logins: dict[UUID, Login] = {}
        self._sessions: dict[UUID, Session] = {}
        self._codes: dict[bytes, _Code] = {}
        self._tokens: dict[bytes, CitizenToken] = {}
        self._pushed: dict[bytes, tuple[str, Mapping[str, Any], datetime]] = {}
        self._answers: set[tuple[str, bytes]] = set()
        self._subject_keys: dict[str, bytes] = {}
        self.accounts: dict[tuple[str, str, bytes], _Account] = {}
        self.notices: list[Session] = []

    async def begin(self, login: LoginUnderWay, pushed: bytes | None = None) -> bool:
        """See the port."""
        living = [other for other in self._under_way.values() if other.expires_at > login.created_at]
        of_address = sum(other.address == login.address for other in living) if login.address else 0
        if len(living) >= bounds.IN_ALL or of_address >= bounds.OF_ONE_ADDRESS:
            raise TooManyLogins(retry_after=bounds.RETRY_S)
        if not self._use_up(pushed, login.client, login.created_at):
            return False
        self._under_way[login.handle] = replace(login, request=_json(login.request))
        return True

    async def under_way(self, handle: bytes, now: datetime) -> LoginUnderWay | None:
        """See the port."""
        login = self._under_way.get(handle)
        return login if login is not None and login.expires_at > now else None

    async def choose(self, login: UUID, provider: str, request_id: str, at: datetime) -> bool:
        """See the port."""
        under_way = self._by_id(login, at)
        if under_way is None:
            return False
        chosen = replace(under_way, provider=provider, request_id=request_id, requested_at=at, answer=None)
        self._under_way[under_way.handle] = chosen
        return True

    async def keep_answer(
        self, handle: bytes, municipality: str, provider: str, answer: bytes, now: datetime
    ) -> Mapping[str, Any] | None:
        """See the port."""
        under_way = await self.under_way(handle, now)
        if under_way is None or (under_way.municipality, under_way.provider) != (municipality, provider):
            return None
        if len(answer) > bounds.ANSWER_MOST:
            return None
        self._under_way[handle] = replace(under_way, answer=answer)
        return under_way.request

    async def end(self, login: UUID) -> None:
        """See the port."""
        self._under_way = {handle: under_way for handle, under_way in self._under_way.items() if under_way.id != login}

    async def finish(self, finished: Finished) -> bool:
        """See the port."""
        login, now = finished.login, finished.login.created_at
        session = finished.session
        if finished.under_way is None:
            standing = await self.session_by_id(session.id, now)
            if standing is None or self._living_codes(session.id, now) >= bounds.CODES_OF_ONE_SESSION:
                return False
            if not self._use_up(finished.pushed, login.client, now):
                return False
            session = replace(standing, login=login.id, used_at=session.used_at)
        elif self._by_id(finished.under_way, now) is None:
            return False
        if finished.answer_key is not None:
            answer = (login.municipality, finished.answer_key)
            if answer in self._answers:
                return False
            self._answers.add(answer)
        if finished.under_way is not None and (begun := self._by_id(finished.under_way, now)) is not None:
            self._done[begun.handle] = self._under_way.pop(begun.handle)
        self._logins[login.id] = login
        for other in [other for other in self._sessions.values() if other.cookie == finished.cookie_before]:
            self._sessions[other.id] = replace(other, cookie=session.cookie)
        self._sessions[session.id] = session
        self._codes[finished.code.code] = _Code(replace(finished.code, request=_json(finished.code.request)))
        if finished.account is not None and finished.entity_id is not None:
            key = (login.municipality, login.provider, finished.account)
            first = self.accounts[key].first_at if key in self.accounts else now
            self.accounts[key] = _Account(finished.entity_id, first, now)
        return True

    async def done(self, handle: bytes, now: datetime) -> DoneLogin | None:
        """See the port."""
        login = self._done.get(handle)
        if login is None or login.expires_at <= now:
            return None
        return DoneLogin(login.browser, login.municipality, login.request)

    async def login(self, login: UUID) -> Login | None:
        """See the port."""
        kept = self._logins.get(login)
        if kept is None or kept.expires_at > self._clock.now():
            return kept
        return replace(kept, identity=None)

    async def by_reference(self, login_ref: bytes) -> Login | None:
        """See the port."""
        login = next((kept.id for kept in self._logins.values() if kept.login_ref == login_ref), None)
        return None if login is None else await self.login(login)

    async def session(self, cookie: bytes, client: str, now: datetime) -> Session | None:
        """See the port. Of several the one that was used last."""
        here = [session for session in self._sessions.values() if (session.cookie, session.client) == (cookie, client)]
        standing = (session for session in here if _stands(session, now))
        return max(standing, key=lambda session: (session.used_at, session.id), default=None)

    async def sessions(self, cookie: bytes, now: datetime) -> tuple[Session, ...]:
        """See the port."""
        return tuple(
            session for session in self._sessions.values() if session.cookie == cookie and _stands(session, now)
        )

    async def end_sessions(self, cookie: bytes, notify: Collection[str] = ()) -> tuple[Session, ...]:
        """See the port."""
        ended = [session for session in self._sessions.values() if session.cookie == cookie]
        for session in ended:
            del self._sessions[session.id]
        now = self._clock.now()
        stood = tuple(session for session in ended if _stands(session, now))
        self.notices += [session for session in stood if session.client in notify]
        return stood

    async def session_by_id(self, session: UUID, now: datetime) -> Session | None:
        """See the port."""
        kept = self._sessions.get(session)
        return kept if kept is not None and _stands(kept, now) else None

    async def code(self, code: bytes, now: datetime) -> Code | None:
        """See the port."""
        issued = self._codes.get(code)
        return issued.code if _redeemable(issued, now) else None

    async def redeem(self, code: bytes, now: datetime, token: CitizenToken | None) -> bool:
        """See the port."""
        issued = self._codes.get(code)
        if not _redeemable(issued, now):
            if issued is not None and issued.used:
                self._revoke(issued.code.login, now)
            return False
        issued.used = True
        if token is not None:
            self._tokens[token.token] = replace(token, claims=_json(token.claims))
        return True

    async def token(self, token: bytes, now: datetime) -> CitizenToken | None:
        """See the port."""
        kept = self._tokens.get(token)
        return kept if kept is not None and kept.expires_at > now else None

    async def push(self, uri: bytes, client: str, request: Mapping[str, Any], expires_at: datetime) -> None:
        """See the port."""
        now = self._clock.now()
        waiting = sum(whose == client and until > now for whose, _, until in self._pushed.values())
        if waiting >= bounds.PUSHED_OF_ONE_CLIENT:
            raise TooManyLogins(retry_after=bounds.RETRY_S)
        self._pushed[uri] = (client, _json(request), expires_at)

    async def pushed(self, uri: bytes, client: str, now: datetime) -> Mapping[str, Any] | None:
        """See the port."""
        whose, request, expires_at = self._pushed.get(uri, ("", {}, now))
        return request if whose == client and expires_at > now else None

    async def subject_key(self, municipality: str) -> bytes:
        """See the port."""
        if municipality not in self._subject_keys:
            self._subject_keys[municipality] = self._random(32)
        return self._subject_keys[municipality]

    async def entity_ids(self, municipality: str, provider: str) -> frozenset[str]:
        """See the port."""
        mine = (municipality, provider)
        return frozenset(account.entity_id for key, account in self.accounts.items() if key[:2] == mine)

    def must_be_free(self, taken: TakenLogin, submission: Submission, now: datetime) -> None:
        """Raises `LoginUnusable` where the submission cannot have the login that it names."""
        if taken.login is None:
            return
        login = self._logins.get(taken.login)
        if login is None or login.submission is not None or login.expires_at <= now:
            raise LoginUnusable(findings=(bounds.UNUSABLE,))
        if (login.municipality, login.owner) != (submission.municipality, submission.client):
            raise LoginUnusable(findings=(bounds.UNUSABLE,))

    def take(self, taken: TakenLogin, submission: Submission) -> None:
        """The login is used up by the submission; `must_be_free` was asked."""
        if taken.login is not None:
            self._logins[taken.login] = replace(self._logins[taken.login], submission=submission.id)

    def erase(self, submission: UUID) -> None:
        """Forget who logged in for the submission."""
        for login in [login for login in self._logins.values() if login.submission == submission]:
            self._logins[login.id] = replace(login, identity=None)

    def _use_up(self, pushed: bytes | None, client: str, now: datetime) -> bool:
        """Whether the pushed request was there, or none is named; it is gone now."""
        if pushed is None:
            return True
        whose, _, expires_at = self._pushed.get(pushed, ("", {}, now))
        if whose != client or expires_at <= now:
            return False
        del self._pushed[pushed]
        return True

    def _by_id(self, login: UUID, now: datetime) -> LoginUnderWay | None:
        living = (
            under_way for under_way in self._under_way.values() if under_way.id == login and under_way.expires_at > now
        )
        return next(living, None)

    def _living_codes(self, session: UUID, now: datetime) -> int:
        codes = (kept.code for kept in self._codes.values())
        return sum(code.session == session and code.expires_at > now for code in codes)

    def _revoke(self, login: UUID, now: datetime) -> None:
        self._tokens = {name: token for name, token in self._tokens.items() if token.login != login}
        if login in self._logins:
            ended = self._logins[login]
            self._logins[login] = replace(ended, expires_at=min(ended.expires_at, now))


def _stands(session: Session, now: datetime) -> bool:
    return now < min(session.expires_at, session.used_at + timedelta(seconds=session.idle_s))


def _redeemable(issued: _Code | None, now: datetime) -> TypeGuard[_Code]:
    return issued is not None and not issued.used and issued.code.expires_at > now


def _json(value: Mapping[str, Any]) -> Mapping[str, Any]:
    read: Mapping[str, Any] = json.loads(json.dumps(dict(value)))
    return read
