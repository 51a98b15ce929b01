"""Monthly figures after a restore: what may have been sent since the backup waits for a person.

Knows: that ids which the counterpart gave since are lost with the database. Never does: send, prepare (the transfers
do, and hold back by the fact that is written here). Standard: Implementing Regulation (EU) 2020/1121 annex II (one id
for a transfer and its corrections). Start reading: `hold`.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from gateway.catalogue.statistics.transfers import NUMBERED_ELSEWHERE
from gateway.store.connection import database as db
from gateway.store.connection.database import Database, numbered
from gateway.store.rows.facts import STATISTICS_HELD

_REMEMBER: Final = numbered(
    "INSERT INTO facts (name, value) VALUES (%(name)s, convert_to(%(month)s, 'UTF8')) "
    "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    name=STATISTICS_HELD,
)
_ANEW: Final = numbered(
    "DELETE FROM statistics_transfers WHERE kind = ANY(%(kinds)s) AND transfer_id IS NULL AND state = 'waiting'",
    kinds=sorted(NUMBERED_ELSEWHERE),
)


async def hold(database: Database, until: date) -> None:
    """Hold back figures of months up to `until` that have no id; those that wait without one are prepared anew."""
    async with database.transaction("statistics.hold") as connection:
        await db.run(connection, _REMEMBER, month=until.isoformat())
        await db.run(connection, _ANEW)
