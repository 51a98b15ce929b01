"""The database of one process: the server that is set, or the embedded one, started and migrated.

Knows: who else uses the embedded one. Never does: ask the database anything. Standard: architecture §2.
Start reading: `database`.
"""

from __future__ import annotations

import asyncio
import fcntl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from gateway.settings.gateway import Settings
from gateway.store import migrations
from gateway.store.server import embedded


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
