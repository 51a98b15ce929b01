"""The database of one process: the server that is set, or the embedded one, started and migrated; and ways into it.

Knows: who else uses the embedded one. Never does: ask the database anything. Standard: architecture §2.
Start reading: `database`.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress

from gateway.crypto.vault import MasterKey
from gateway.settings.gateway import Settings
from gateway.store import migrations
from gateway.store.connection.database import Database
from gateway.store.postgres import PostgresStore
from gateway.store.server import embedded
from gateway.wiring.clock import SystemClock


@asynccontextmanager
async def database(settings: Settings, *, migrate: bool = True) -> AsyncIterator[str]:
    """The connection string of the (migrated) database: the server that is set, or the embedded one.

    The embedded one is started if it does not run and stopped by the last process that used it: each holds a shared
    lock on a file meanwhile, which the kernel drops with the process. Raises `DatabaseAway`, `SchemaNewer`,
    `DatabaseDamaged` and others.
    """
    if settings.database.url:
        dsn = settings.database.url.get_secret_value()
        if migrate:
            await asyncio.to_thread(migrations.migrate, dsn)
        yield dsn
        return
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (settings.data_dir / "database.users").open("a") as users:
        await asyncio.to_thread(fcntl.flock, users, fcntl.LOCK_SH)
        try:
            running = await asyncio.to_thread(embedded.start, settings.data_dir)
            with embedded.damage_told(settings.data_dir):
                if migrate:
                    await asyncio.to_thread(migrations.migrate, running.dsn)
                yield running.dsn
        finally:
            with suppress(BlockingIOError):
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
                await asyncio.to_thread(embedded.stop, settings.data_dir)


@asynccontextmanager
async def connections(settings: Settings) -> AsyncIterator[Database]:
    """A few connections to the migrated database, for what needs no key."""
    async with database(settings) as dsn:
        opened = await Database.open(dsn, size=2)
        try:
            yield opened
        finally:
            await opened.close()


@asynccontextmanager
async def open_store(dsn: str, keys: Sequence[MasterKey], pool_size: int = 2) -> AsyncIterator[PostgresStore]:
    """The store under the first of the master keys. Raises as `PostgresStore.open`."""
    master, *previous = keys
    store = await PostgresStore.open(
        dsn,
        master_key=master.key,
        place=master.source,
        previous=previous,
        clock=SystemClock(),
        random=os.urandom,
        pool_size=pool_size,
    )
    try:
        yield store
    finally:
        await store.close()
