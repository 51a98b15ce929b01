"""The connections: one pool, errors turned into ours, statements compiled once.

Knows: psycopg, its pool, how a Core construct becomes SQL text. Never does: tables, meaning.
Standard: PostgreSQL, psycopg 3. Start reading: `Database`, then `Statement`.

Every connection is in autocommit; one statement is one transaction unless `transaction()` says otherwise.
"""

from __future__ import annotations

import re
import select
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, LiteralString, NamedTuple, Self

import psycopg
from psycopg import AsyncConnection, AsyncRawCursor
from psycopg.rows import DictRow, dict_row
from psycopg_pool import AsyncConnectionPool
from sqlalchemy import ClauseElement
from sqlalchemy.dialects.postgresql import psycopg as dialect

from gateway import failpoints
from gateway.errors import DatabaseAway, GatewayError, InternalError, StorageFull
from gateway.store.arrays import Pack, packer, register

Connection = AsyncConnection[DictRow]
_AS_SERVICE = """
SELECT set_config('role', rolname, false) FROM pg_roles WHERE rolname = 'ozg_gateway_service' AND pg_has_role(
    rolname, CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END
)
"""
_DIALECT = dialect.dialect()  # type: ignore[no-untyped-call]
_ADAPTED = psycopg.adapt.AdaptersMap(psycopg.adapters)
register(_ADAPTED)

LOOKING = "gateway look"  # a connection that reads no encrypted data
FULL_RETRY_S = 30.0  # when to ask again after the server's disk was full
PATIENCE = 4.0  # seconds that a caller waits for a connection before DatabaseAway
SILENT_MS = 8000
"""Whoever hears nothing from the other end for so long, machine or network, takes the connection for lost."""
OPTIONS = (
    "-c statement_timeout=20s -c lock_timeout=4s -c idle_in_transaction_session_timeout=30s -c timezone=UTC "
    f"-c tcp_keepalives_idle=4 -c tcp_keepalives_interval=2 -c tcp_keepalives_count=2 -c tcp_user_timeout={SILENT_MS}"
)
REACHING: dict[str, object] = {
    "connect_timeout": 3,
    "options": OPTIONS,
    "keepalives_idle": 4,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": SILENT_MS,
}
"""How every connection is made; times in seconds but the last."""


class Statement(NamedTuple):
    """SQL text with numbered parameters, their names in that order, and the values that the construct itself fixed.

    `packs` holds for each parameter what packs its list, None where it is no list. `commits` names the failpoint of a
    statement that writes as a transaction of its own; one that writes inside another's has none.
    """

    sql: LiteralString  # made from constructs, never from input
    names: Sequence[str]
    fixed: Mapping[str, Any]
    packs: Sequence[Pack | None]
    commits: str = ""


def compiled(construct: ClauseElement, *, commits: str = "") -> Statement:
    """Compile a Core construct; unbound `bindparam`s are given at each call. `commits`: see `Statement`."""
    done = construct.compile(dialect=_DIALECT)
    fixed = {name: value for name, value in done.params.items() if value is not None}
    plain = numbered(str(done), commits=commits, **fixed)
    types = {name: bind.type for bind, name in done.bind_names.items()}  # type: ignore[attr-defined]
    return plain._replace(packs=tuple(packer(types[name]) for name in plain.names))


def numbered(sql: LiteralString, *, commits: str = "", **fixed: object) -> Statement:
    """Number the named parameters (`%(name)s`) once, so that no call has to look for them."""
    names: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        return f"${names.setdefault(match[1], len(names) + 1)}" if match[1] else "%"

    text = re.sub(r"%(?:\((\w+)\)s|%)", number, sql)
    return Statement(text, tuple(names), fixed, (None,) * len(names), commits)


class Database:
    """The pool of one process."""

    def __init__(self, pool: AsyncConnectionPool[Connection]) -> None:
        self._pool = pool

    @classmethod
    async def open(cls, dsn: str, *, size: int, name: str = LOOKING) -> Self:
        """Connect; the server's list of connections shows `name`. Raises `DatabaseAway` within about five seconds."""
        pool: AsyncConnectionPool[Connection] = AsyncConnectionPool(
            dsn,
            connection_class=AsyncConnection[DictRow],
            kwargs={
                "autocommit": True,
                "row_factory": dict_row,
                "cursor_factory": AsyncRawCursor,
                **REACHING,
                "prepare_threshold": 0,
                "application_name": name,
                "context": _ADAPTED,
            },
            min_size=min(2, size),
            max_size=size,
            timeout=PATIENCE,
            # short, so that each new call tries anew instead of waiting for a long back-off to end
            reconnect_timeout=2.0,
            check=still_open,
            configure=as_service,
            open=False,
        )
        try:
            await pool.open(wait=True, timeout=PATIENCE)
        except psycopg.Error:
            await pool.close()
            raise DatabaseAway from None
        return cls(pool)

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection in autocommit. Database errors inside become ours, stripped of values."""
        try:
            async with self._pool.connection() as connection:
                yield connection
        except psycopg.Error as error:
            raise _ours(error) from None

    @asynccontextmanager
    async def transaction(self, name: str = "") -> AsyncIterator[Connection]:
        """A connection inside one transaction; any exception rolls back. `name` is its failpoint."""
        async with self.connection() as connection:
            async with connection.transaction():
                yield connection
                failpoints.before(name)
            failpoints.after(name)

    async def one(self, statement: Statement, **values: object) -> DictRow | None:
        """The first row, or None."""
        failpoints.before(statement.commits)
        async with self.connection() as connection:
            found = await one(connection, statement, **values)
        failpoints.after(statement.commits)
        return found

    async def rows(self, statement: Statement, **values: object) -> Sequence[DictRow]:
        """All rows."""
        failpoints.before(statement.commits)
        async with self.connection() as connection:
            found = await rows(connection, statement, **values)
        failpoints.after(statement.commits)
        return found

    async def run(self, statement: Statement, **values: object) -> int:
        """Carry out; the number of rows touched."""
        failpoints.before(statement.commits)
        async with self.connection() as connection:
            touched = await run(connection, statement, **values)
        failpoints.after(statement.commits)
        return touched


async def one(connection: Connection, statement: Statement, **values: object) -> DictRow | None:
    """As `Database.one`, on a connection at hand."""
    return await (await _execute(connection, statement, values)).fetchone()


async def rows(connection: Connection, statement: Statement, **values: object) -> Sequence[DictRow]:
    """As `Database.rows`, on a connection at hand."""
    return await (await _execute(connection, statement, values)).fetchall()


async def run(connection: Connection, statement: Statement, **values: object) -> int:
    """As `Database.run`, on a connection at hand."""
    return (await _execute(connection, statement, values)).rowcount


async def _execute(
    connection: Connection, statement: Statement, values: Mapping[str, Any]
) -> psycopg.AsyncCursor[DictRow]:
    given = {**statement.fixed, **values} if statement.fixed else values
    parameters = [
        given[name] if pack is None else pack(given[name])
        for name, pack in zip(statement.names, statement.packs, strict=True)
    ]
    return await connection.execute(statement.sql, parameters, binary=True)


async def as_service(connection: AsyncConnection[Any]) -> None:
    """Work under the service's role, which can only add to evidence; the migration makes it where it may."""
    await connection.set_autocommit(True)
    await connection.execute(_AS_SERVICE)


async def still_open(connection: Connection) -> None:
    """Notice without a round trip that the server closed the connection, as after a crash."""
    readable, _, _ = select.select([connection.fileno()], [], [], 0)
    if readable:
        connection.pgconn.consume_input()
        if connection.pgconn.status != psycopg.pq.ConnStatus.OK:
            raise psycopg.OperationalError("closed by the server")


def _ours(error: psycopg.Error) -> GatewayError:
    if isinstance(error, psycopg.errors.DiskFull):
        return StorageFull(retry_after=FULL_RETRY_S)
    if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError):
        return DatabaseAway()
    return InternalError(sqlstate=error.sqlstate, kind=type(error).__name__)
