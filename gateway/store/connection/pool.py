"""The connection pool of one process: a connection is lent for one statement or transaction at a time.

Knows: how many there may be, how long a caller waits, when a connection is replaced for its age. Never does: SQL.
Standard: asyncpg's connections. Start reading: `Pool.take`.

asyncpg's own pool starts a task for each return and wraps each call: twice the processor time of this one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

import asyncpg

from gateway.errors import DatabaseAway

Connection = Any  # asyncpg.Connection; the library brings no types

PATIENCE: Final = 4.0  # seconds that a caller waits for a connection before DatabaseAway
AGAIN: Final = 0.1  # seconds between two tries to connect
LIFETIME: Final = 3600.0  # seconds after which a connection gives way to a new one
GOODBYE: Final = 2.0  # seconds that an idle connection has to end
REFUSED: Final = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)


class Pool:
    """Lends connections; the one returned last goes first, since its statements are warm."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]], size: int) -> None:
        self._connect = connect
        self._room = asyncio.Semaphore(size)
        self._idle: list[Connection] = []
        self._until: dict[Connection, float] = {}
        self._closed = False

    async def fill(self, number: int) -> None:
        """Connect so many times ahead. Raises `DatabaseAway`."""
        connections = [await self.take() for _ in range(number)]
        for connection in connections:
            self.give(connection)

    async def take(self) -> Connection:
        """An open connection, at once where one is idle. Raises `DatabaseAway` after `PATIENCE`."""
        if self._room.locked() or not self._ready():
            return await self._patiently()
        await self._room.acquire()  # one is free, so that this does not wait
        return self._idle.pop()

    def give(self, connection: Connection) -> None:
        """Take back; what is broken, worn or inside a transaction is closed instead of lent again."""
        worn = self._closed or asyncio.get_running_loop().time() > self._until.get(connection, 0.0)
        if connection.is_closed() or worn or connection.is_in_transaction():
            self._until.pop(connection, None)
            connection.terminate()
        else:
            self._idle.append(connection)
        self._room.release()

    async def close(self) -> None:
        """Close what is idle; what is lent closes on its return."""
        self._closed = True
        idle, self._idle = self._idle, []
        self._until.clear()
        for connection in idle:
            with suppress(*REFUSED):
                await connection.close(timeout=GOODBYE)

    def _ready(self) -> bool:
        """Whether an open connection is idle; those that the server closed are forgotten on the way."""
        while self._idle and self._idle[-1].is_closed():
            self._until.pop(self._idle.pop(), None)
        return bool(self._idle)

    async def _patiently(self) -> Connection:
        try:
            async with asyncio.timeout(PATIENCE):
                await self._room.acquire()
                try:
                    return self._idle.pop() if self._ready() else await self._connected()
                except BaseException:
                    self._room.release()
                    raise
        except TimeoutError:
            raise DatabaseAway from None

    async def _connected(self) -> Connection:
        while True:
            try:
                connection = await self._connect()
            except REFUSED:
                await asyncio.sleep(AGAIN)
            else:
                self._until[connection] = asyncio.get_running_loop().time() + LIFETIME
                return connection
