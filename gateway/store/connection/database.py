"""The database as the rest of this room sees it: errors turned into ours, statements compiled once, rows read by name.

Knows: asyncpg, how a Core construct becomes SQL text. Never does: tables, meaning; lend connections (`pool.py`).
Standard: PostgreSQL, asyncpg. Start reading: `Database`, then `Statement`.

One statement is one transaction unless `transaction()` says otherwise. What a statement does is prepared once for each
connection and asked of the server by its types: lists, bytes and ids travel in PostgreSQL's binary forms.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Final, LiteralString, NamedTuple, Self, cast

import asyncpg
from sqlalchemy import ClauseElement
from sqlalchemy.dialects.postgresql import asyncpg as dialect

from gateway import failpoints
from gateway.errors import DatabaseAway, GatewayError, InternalError, StorageFull
from gateway.store.connection import address, pool, silence

Connection = pool.Connection
Row = Mapping[str, Any]
"""What `one` and `rows` give: read by name, or spread with `**`; never changed, and not equal to a dict."""

AS_SERVICE: Final = """
SELECT set_config('role', rolname, false) FROM pg_roles WHERE rolname = 'ozg_gateway_service' AND pg_has_role(
    rolname, CASE WHEN current_setting('server_version_num')::integer >= 160000 THEN 'SET' ELSE 'MEMBER' END
)
"""
"""Work under the service's role, which can only add to evidence; the migration makes it where it may."""

LOOKING: Final = "gateway look"  # a connection that reads no encrypted data
CONNECTING: Final = 3.0  # seconds for one try
FULL_RETRY_S: Final = 30.0  # when to ask again after the server's disk was full
SILENCE: Final = 30.0  # seconds without an answer, longer than the server's own limits: the way to it is broken
SESSION: Final = {
    "statement_timeout": "20s",
    "lock_timeout": "4s",
    "idle_in_transaction_session_timeout": "30s",
    "timezone": "UTC",
    **silence.SERVER,
}

_DIALECT = dialect.dialect()  # type: ignore[no-untyped-call]
_FAILURES = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, TimeoutError)
_DISK_FULL = "53100"
_AWAY = frozenset({"08", "27", "28", "40", "53", "54", "55", "57", "58"})  # SQLSTATE classes: not now, but later


class Statement(NamedTuple):
    """SQL text with numbered parameters, their names in that order, and the values that the construct itself fixed.

    `commits` names the failpoint of a statement that writes as a transaction of its own; one that writes inside
    another's has none.
    """

    sql: LiteralString  # made from constructs, never from input
    names: Sequence[str]
    fixed: Mapping[str, Any]
    commits: str = ""


def compiled(construct: ClauseElement, *, commits: str = "") -> Statement:
    """Compile a Core construct; unbound `bindparam`s are given at each call. `commits`: see `Statement`."""
    done = construct.compile(dialect=_DIALECT)
    fixed = {name: value for name, value in done.params.items() if value is not None}
    return Statement(str(done), tuple(done.positiontup or ()), fixed, commits)  # type: ignore[attr-defined]


def numbered(sql: LiteralString, *, commits: str = "", **fixed: object) -> Statement:
    """Number the named parameters (`%(name)s`) once, so that no call has to look for them."""
    names: dict[str, int] = {}

    def number(match: re.Match[str]) -> str:
        return f"${names.setdefault(match[1], len(names) + 1)}" if match[1] else "%"

    text = re.sub(r"%(?:\((\w+)\)s|%)", number, sql)
    return Statement(text, tuple(names), fixed, commits)


class Database:
    """The connections of one process."""

    def __init__(self, connections: pool.Pool, size: int) -> None:
        self._pool, self._size = connections, size

    @classmethod
    async def open(cls, dsn: str, *, size: int, name: str = LOOKING) -> Self:
        """Connect; the server's list of connections shows `name`. Raises `DatabaseAway` within about five seconds."""
        connections = pool.Pool(partial(_connect, address.arguments(dsn), name), size)
        try:
            await connections.fill(min(2, size))
        except DatabaseAway:
            await connections.close()
            raise
        return cls(connections, size)

    async def fill(self) -> None:
        """Open every connection there may be, for which the first callers would wait. Raises `DatabaseAway`."""
        await self._pool.fill(self._size)

    async def close(self) -> None:
        """Close every connection."""
        await self._pool.close()

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        """A connection for several statements, each a transaction of its own."""
        connection = await self._pool.take()
        try:
            yield connection
        finally:
            self._pool.give(connection)

    @asynccontextmanager
    async def transaction(self, name: str = "") -> AsyncIterator[Connection]:
        """A connection inside one transaction; any exception rolls back. `name` is its failpoint."""
        async with self.connection() as connection:
            await _say(connection, "BEGIN")
            try:
                yield connection
                failpoints.before(name)
            except BaseException:
                with suppress(*_FAILURES):  # a connection that cannot is closed on its return
                    await connection.execute("ROLLBACK")
                raise
            if await _say(connection, "COMMIT") != "COMMIT":
                raise InternalError(kind="commit after a failed statement")
        failpoints.after(name)

    async def one(self, statement: Statement, **values: object) -> Row | None:
        """The first row, or None."""
        fetched = await self.rows(statement, **values)
        return fetched[0] if fetched else None

    async def number(self, statement: Statement, **values: object) -> int:
        """The column `number` of the first row; 0 where there is none."""
        row = await self.one(statement, **values)
        return int(row["number"]) if row else 0

    async def rows(self, statement: Statement, **values: object) -> Sequence[Row]:
        """All rows."""
        failpoints.before(statement.commits)
        connection = await self._pool.take()
        try:
            fetched = await rows(connection, statement, **values)
        finally:
            self._pool.give(connection)
        failpoints.after(statement.commits)
        return fetched

    async def run(self, statement: Statement, **values: object) -> int:
        """Carry out; the number of rows touched."""
        failpoints.before(statement.commits)
        connection = await self._pool.take()
        try:
            touched = await run(connection, statement, **values)
        finally:
            self._pool.give(connection)
        failpoints.after(statement.commits)
        return touched


async def one(connection: Connection, statement: Statement, **values: object) -> Row | None:
    """As `Database.one`, on a connection at hand."""
    fetched = await rows(connection, statement, **values)  # all: a limit would leave the rest of a statement undone
    return fetched[0] if fetched else None


async def rows(connection: Connection, statement: Statement, **values: object) -> Sequence[Row]:
    """As `Database.rows`, on a connection at hand. Database errors become ours, stripped of values."""
    try:
        return cast("Sequence[Row]", await connection.fetch(statement.sql, *_parameters(statement, values)))
    except _FAILURES as error:
        raise _ours(connection, error) from None


async def run(connection: Connection, statement: Statement, **values: object) -> int:
    """As `Database.run`, on a connection at hand. Database errors become ours, stripped of values."""
    status = await _say(connection, statement.sql, *_parameters(statement, values))
    return int(status.rpartition(" ")[2])  # "UPDATE 3", "INSERT 0 1", "SELECT 2"


async def cursor(connection: Connection, statement: Statement, **values: object) -> Any:  # noqa: ANN401 - untyped library
    """A cursor of the server, inside a transaction; `next_rows` reads on."""
    try:
        return await connection.cursor(statement.sql, *_parameters(statement, values))
    except _FAILURES as error:
        raise _ours(connection, error) from None


async def next_rows(connection: Connection, opened: Any, number: int) -> Sequence[Row]:  # noqa: ANN401 - as above
    """The next rows of a cursor, so many at most; none at its end."""
    try:
        return cast("Sequence[Row]", await opened.fetch(number))
    except _FAILURES as error:
        raise _ours(connection, error) from None


async def _say(connection: Connection, sql: str, *parameters: object) -> str:
    try:
        return cast("str", await connection.execute(sql, *parameters))
    except _FAILURES as error:
        raise _ours(connection, error) from None


def _parameters(statement: Statement, values: Mapping[str, Any]) -> list[Any]:
    bound = {**statement.fixed, **values} if statement.fixed else values
    return [bound[name] for name in statement.names]


async def _connect(arguments: Mapping[str, Any], name: str) -> Connection:
    connection = await asyncpg.connect(
        **arguments,
        timeout=CONNECTING,
        command_timeout=SILENCE,
        statement_cache_size=500,  # more than there are; none is too long, none grows old
        max_cacheable_statement_size=0,
        max_cached_statement_lifetime=0,
        server_settings={**SESSION, "application_name": name},
    )
    try:
        silence.bound(connection._transport.get_extra_info("socket").fileno())  # noqa: SLF001 - no public way to it
        for kind in ("json", "jsonb"):
            await connection.set_type_codec(kind, schema="pg_catalog", encoder=str, decoder=json.loads)
        await connection.execute(AS_SERVICE)
    except BaseException:
        connection.terminate()
        raise
    return connection


def _ours(connection: Connection, error: Exception) -> GatewayError:
    if isinstance(error, TimeoutError | asyncpg.InternalClientError):  # silence, or a last word while nobody asked
        connection.terminate()  # whatever it still says belongs to nobody
        return DatabaseAway()
    sqlstate: str | None = getattr(error, "sqlstate", None)
    if sqlstate == _DISK_FULL:
        return StorageFull(retry_after=FULL_RETRY_S)
    lost = isinstance(error, asyncpg.InterfaceError) and not isinstance(error, ValueError)  # that is a wrong parameter
    if lost or (sqlstate or "")[:2] in _AWAY:
        return DatabaseAway()
    return InternalError(sqlstate=sqlstate, kind=type(error).__name__)
