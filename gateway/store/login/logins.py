"""The port `LoginStore`, kept by PostgreSQL.

Knows: which statement and which key belong to each question. Never does: judge an answer or a request.
Standard: `gateway/ports/login.py`. Start reading: `StoredLogins.begin`, then `finish`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from gateway.errors import CryptoFailure, TooManyLogins
from gateway.model import Level
from gateway.ports.clock import Clock
from gateway.ports.login import CitizenToken, Code, DoneLogin, Finished, Login, LoginStore, LoginUnderWay, Session
from gateway.store.connection.database import Database, Row
from gateway.store.keys.keyring import DataKeyring
from gateway.store.login import bounds
from gateway.store.login.sealing import ANSWER, CODE, HANDLE, PUSHED, SUBJECT, TOKEN, LoginSealing
from gateway.store.login.statements import (
    BEGIN,
    BEGIN_PUSHED,
    BY_REFERENCE,
    CHOOSE,
    DONE,
    END,
    END_SESSIONS,
    ENTITY_IDS,
    FINISH,
    FINISH_UNANSWERED,
    GO_ON,
    GO_ON_PUSHED,
    IN_ALL,
    KEEP_ANSWER,
    LOGIN,
    MAKE_SUBJECT_KEY,
    PUSH,
    READ_CODE,
    READ_PUSHED,
    READ_TOKEN,
    REDEEM,
    SESSION,
    SESSION_BY_ID,
    SESSIONS,
    SUBJECT_KEY,
    UNDER_WAY,
)


class StoredLogins(LoginStore):
    """Logins of all processes."""

    def __init__(self, database: Database, keyring: DataKeyring, clock: Clock) -> None:
        self._database, self._keyring, self._clock = database, keyring, clock
        self._sealing = LoginSealing(keyring)
        self._subject_keys: dict[str, bytes] = {}
        self._uncounted = 0

    async def begin(self, login: LoginUnderWay, pushed: bytes | None = None) -> bool:
        """See the port. All together are counted anew once this process may have begun its share of what is left."""
        if self._uncounted < 1:
            number = await self._database.number(IN_ALL, created_at=login.created_at, in_all=bounds.IN_ALL)
            if number >= bounds.IN_ALL:
                raise TooManyLogins(retry_after=bounds.RETRY_S)
            self._uncounted = (bounds.IN_ALL - number) // bounds.PROCESSES
        self._uncounted -= 1
        row = await self._database.one(
            BEGIN if pushed is None else BEGIN_PUSHED,
            id=login.id,
            municipality=login.municipality,
            handle=self._sealing.name(HANDLE, login.handle),
            browser=login.browser,
            client=login.client,
            level=login.level.value,
            created_at=login.created_at,
            expires_at=login.expires_at,
            request=self._sealing.seal_json(HANDLE, login.handle, login.request),
            provider=login.provider,
            request_id=login.request_id,
            requested_at=login.requested_at,
            address=login.address,
            of_one=bounds.OF_ONE_ADDRESS,
            pushed=self._pushed(pushed),
        )
        if row is None or not row["room"]:
            raise TooManyLogins(retry_after=bounds.RETRY_S)
        return bool(row["begun"])

    async def under_way(self, handle: bytes, now: datetime) -> LoginUnderWay | None:
        """See the port."""
        row = await self._database.one(UNDER_WAY, handle=self._sealing.name(HANDLE, handle), now=now)
        if row is None:
            return None
        opened = self._sealing
        return LoginUnderWay(
            **{
                **row,
                "handle": handle,
                "level": Level(row["level"]),
                "request": opened.open_json(HANDLE, handle, row["request"]),
                "answer": None if row["answer"] is None else opened.open(ANSWER, handle, row["answer"]),
            }
        )

    async def choose(self, login: UUID, provider: str, request_id: str, at: datetime) -> bool:
        """See the port."""
        return bool(await self._database.run(CHOOSE, id=login, provider=provider, request_id=request_id, at=at))

    async def keep_answer(
        self, handle: bytes, municipality: str, provider: str, answer: bytes, now: datetime
    ) -> Mapping[str, Any] | None:
        """See the port. What is longer than an answer may be is none."""
        if len(answer) > bounds.ANSWER_MOST:
            return None
        sealed = self._sealing.seal(ANSWER, handle, answer)
        name = self._sealing.name(HANDLE, handle)
        scope = {"municipality": municipality, "provider": provider}
        row = await self._database.one(KEEP_ANSWER, handle=name, answer=sealed, now=now, **scope)
        return None if row is None else self._sealing.open_json(HANDLE, handle, row["request"])

    async def end(self, login: UUID) -> None:
        """See the port."""
        await self._database.run(END, id=login)

    async def finish(self, finished: Finished) -> bool:
        """See the port."""
        values = await self._login_values(finished)
        if finished.under_way is None:
            values |= {"of_one": bounds.CODES_OF_ONE_SESSION, "pushed": self._pushed(finished.pushed)}
            return await self._database.one(GO_ON if finished.pushed is None else GO_ON_PUSHED, **values) is not None
        session, answer = finished.session, finished.answer_key
        if answer is not None:
            answer = self._keyring.digest(b"login-answer", finished.login.municipality.encode(), answer)
        row = await self._database.one(
            FINISH_UNANSWERED if answer is None else FINISH,
            **values,
            under_way=finished.under_way,
            answer=answer,
            until=finished.answer_valid_until or finished.login.created_at,
            account=finished.account if finished.entity_id is not None else None,
            entity_id=finished.entity_id,
            cookie=session.cookie,
            cookie_before=finished.cookie_before,
            session_client=session.client,
            session_level=session.level.value,
            session_authenticated_at=session.authenticated_at,
            session_expires_at=session.expires_at,
            idle_s=session.idle_s,
        )
        return row is not None

    async def _login_values(self, finished: Finished) -> dict[str, Any]:
        login, code, sealing = finished.login, finished.code, self._sealing
        key = None if login.identity is None else await self._keyring.new(login.municipality, login.created_at)
        identity = None
        if key is not None and login.identity is not None:
            identity = sealing.seal_identity(key, login.id, login.identity)
        return {
            "id": login.id,
            "municipality": login.municipality,
            "login_ref": login.login_ref,
            "client": login.client,
            "owner": login.owner,
            "issuer": login.issuer,
            "provider": login.provider,
            "level": login.level.value,
            "authenticated_at": login.authenticated_at,
            "now": login.created_at,
            "expires_at": login.expires_at,
            "subject": sealing.seal(SUBJECT, login.id.bytes, login.subject.encode()),
            "data_key": None if key is None else key.id,
            "wrapped": None if key is None else key.wrapped,
            "identity": identity,
            "session": finished.session.id,
            "used_at": finished.session.used_at,
            "code": sealing.name(CODE, code.code),
            "code_client": code.client,
            "code_session": code.session,
            "code_expires_at": code.expires_at,
            "request": sealing.seal_json(CODE, code.code, code.request),
        }

    async def done(self, handle: bytes, now: datetime) -> DoneLogin | None:
        """See the port."""
        row = await self._database.one(DONE, handle=self._sealing.name(HANDLE, handle), now=now)
        if row is None:
            return None
        return DoneLogin(**{**row, "request": self._sealing.open_json(HANDLE, handle, row["request"])})

    async def login(self, login: UUID) -> Login | None:
        """See the port."""
        return await self._login(await self._database.one(LOGIN, id=login))

    async def by_reference(self, login_ref: bytes) -> Login | None:
        """See the port."""
        return await self._login(await self._database.one(BY_REFERENCE, login_ref=login_ref))

    async def _login(self, row: Row | None) -> Login | None:
        """The login that stands in a row; what has expired says no more who it was, swept or not."""
        if row is None:
            return None
        columns = dict(row)
        wrapped, data_key, sealed = columns.pop("wrapped"), columns.pop("data_key"), columns.pop("identity")
        identity = None
        if wrapped is not None and row["expires_at"] > self._clock.now():
            key = await self._keyring.unwrap(row["municipality"], data_key, wrapped)
            identity = self._sealing.open_identity(key, row["id"], sealed)
        columns["level"] = Level(row["level"])
        columns["subject"] = self._sealing.open(SUBJECT, row["id"].bytes, row["subject"]).decode()
        return Login(**columns, identity=identity)

    async def session(self, cookie: bytes, client: str, now: datetime) -> Session | None:
        """See the port. Of several the one that was used last."""
        row = await self._database.one(SESSION, cookie=cookie, client=client, now=now)
        return None if row is None else _session(row)

    async def sessions(self, cookie: bytes, now: datetime) -> tuple[Session, ...]:
        """See the port."""
        return tuple(map(_session, await self._database.rows(SESSIONS, cookie=cookie, now=now)))

    async def end_sessions(self, cookie: bytes, notify: Collection[str] = ()) -> tuple[Session, ...]:
        """See the port."""
        rows = await self._database.rows(END_SESSIONS, cookie=cookie, notify=sorted(notify), now=self._clock.now())
        return tuple(_session(row) for row in rows if row["stood"])

    async def session_by_id(self, session: UUID, now: datetime) -> Session | None:
        """See the port."""
        row = await self._database.one(SESSION_BY_ID, id=session, now=now)
        return None if row is None else _session(row)

    async def code(self, code: bytes, now: datetime) -> Code | None:
        """See the port."""
        row = await self._database.one(READ_CODE, code=self._sealing.name(CODE, code), now=now)
        if row is None:
            return None
        return Code(**{**row, "code": code, "request": self._sealing.open_json(CODE, code, row["request"])})

    async def redeem(self, code: bytes, now: datetime, token: CitizenToken | None) -> bool:
        """See the port."""
        name = self._sealing.name(CODE, code)
        return await self._database.one(REDEEM, code=name, now=now, **self._token_values(token)) is not None

    def _token_values(self, token: CitizenToken | None) -> dict[str, Any]:
        if token is None:
            return {"token": None, "opens": None, "expires_at": None}
        opens = {"code": token.code.hex(), "scopes": sorted(token.scopes), "claims": dict(token.claims)}
        return {
            "token": self._sealing.name(TOKEN, token.token),
            "opens": self._sealing.seal_json(TOKEN, token.token, opens),
            "expires_at": token.expires_at,
        }

    async def token(self, token: bytes, now: datetime) -> CitizenToken | None:
        """See the port."""
        row = await self._database.one(READ_TOKEN, token=self._sealing.name(TOKEN, token), now=now)
        if row is None:
            return None
        opens = self._sealing.open_json(TOKEN, token, row["opens"])
        return CitizenToken(
            token=token,
            code=bytes.fromhex(opens["code"]),
            client=row["client"],
            login=row["login"],
            scopes=frozenset(opens["scopes"]),
            claims=opens["claims"],
            expires_at=row["expires_at"],
        )

    async def push(self, uri: bytes, client: str, request: Mapping[str, Any], expires_at: datetime) -> None:
        """See the port."""
        sealed = self._sealing.seal_json(PUSHED, uri, request)
        name = self._sealing.name(PUSHED, uri)
        bound = {"now": self._clock.now(), "of_one": bounds.PUSHED_OF_ONE_CLIENT}
        if not await self._database.run(PUSH, uri=name, client=client, request=sealed, expires_at=expires_at, **bound):
            raise TooManyLogins(retry_after=bounds.RETRY_S)

    async def pushed(self, uri: bytes, client: str, now: datetime) -> Mapping[str, Any] | None:
        """See the port."""
        row = await self._database.one(READ_PUSHED, uri=self._pushed(uri), client=client, now=now)
        return None if row is None else self._sealing.open_json(PUSHED, uri, row["request"])

    def _pushed(self, uri: bytes | None) -> bytes | None:
        return None if uri is None else self._sealing.name(PUSHED, uri)

    async def subject_key(self, municipality: str) -> bytes:
        """See the port. It is a data key, so that whatever rewraps those rewraps it; of two made at once one stays."""
        if (known := self._subject_keys.get(municipality)) is not None:
            return known
        row = await self._database.one(SUBJECT_KEY, municipality=municipality)
        if row is None:
            now = self._clock.now()
            fresh = await self._keyring.new(municipality, now)
            columns = {"municipality": municipality, "data_key": fresh.id, "wrapped": fresh.wrapped}
            await self._database.run(MAKE_SUBJECT_KEY, **columns, now=now)
            row = await self._database.one(SUBJECT_KEY, municipality=municipality)
        if row is None:
            raise CryptoFailure
        key = await self._keyring.unwrap(municipality, row["data_key"], row["wrapped"])
        self._subject_keys[municipality] = key.key
        return key.key

    async def entity_ids(self, municipality: str, provider: str) -> frozenset[str]:
        """See the port."""
        rows = await self._database.rows(ENTITY_IDS, municipality=municipality, provider=provider)
        return frozenset(row["entity_id"] for row in rows)


def _session(row: Row) -> Session:
    columns = {name: value for name, value in row.items() if name != "stood"}
    return Session(**{**columns, "level": Level(row["level"])})
