"""What the database knows of its own load: submissions that wait, its size; and alarms about it.

Knows: how both are counted. Never does: judge (`backpressure` does).
Standard: architecture §3. Start reading: `StoredFigures`.
"""

from __future__ import annotations

from datetime import datetime

from gateway.store.connection.database import Database, numbered
from gateway.store.operation import alarms
from gateway.store.rows import states
from gateway.submission.states import WAITING

_WAITING = numbered(
    "SELECT count(*) AS number FROM (SELECT FROM submissions WHERE state IN "  # noqa: S608 - states alone
    + states.sql(WAITING)
    + " LIMIT %(most)s) AS waiting"
)
_SIZE = numbered("SELECT pg_database_size(current_database()) AS bytes")


class StoredFigures:
    """Keeps the port `backpressure.monitor.Figures`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def waiting(self, most: int) -> int:
        """See the port."""
        return await self._database.number(_WAITING, most=most)

    async def size(self) -> int | None:
        """See the port."""
        row = await self._database.one(_SIZE)
        return int(row["bytes"]) if row else None

    async def alarm(self, rule: str, subject: str, now: datetime, *, raised: bool) -> None:
        """See the port."""
        change = alarms.raise_about_gateway if raised else alarms.resolve_about_gateway
        await change(self._database, rule, subject, now)
