"""Calls that come at once: whoever is about to insert a row waits until all the others wait, too."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import psycopg

_FIRST = """
CREATE FUNCTION wait_first() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN PERFORM pg_advisory_xact_lock_shared(1); RETURN NEW; END $$;
CREATE TRIGGER wait_first BEFORE INSERT ON {} FOR EACH ROW EXECUTE FUNCTION wait_first()
"""


async def inserting_at_once(dsn: str, table: str, *calls: Coroutine[Any, Any, object]) -> list[object]:
    """What each call gives or raises: what it counts before it inserts, the others have not inserted yet."""
    async with await psycopg.AsyncConnection.connect(dsn, autocommit=True) as beside:
        await beside.execute(_FIRST.format(table))
        try:
            await beside.execute("SELECT pg_advisory_lock(1)")
            tasks = [asyncio.create_task(call) for call in calls]
            await asyncio.to_thread(_waited_for, dsn, len(tasks))
            await beside.execute("SELECT pg_advisory_unlock(1)")
            return await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            await beside.execute("DROP FUNCTION wait_first CASCADE")


def _waited_for(dsn: str, number: int) -> None:
    """Until so many wait for what another holds."""
    with psycopg.connect(dsn, autocommit=True) as looking:
        while len(looking.execute("SELECT FROM pg_locks WHERE NOT granted").fetchall()) < number:
            pass
