"""What clients may still ask for, counted for all processes together.

Knows: the table `client_allowances`: a token bucket for each client's requests and each caller's failed tries (by a
keyed digest), a number for each of a client's days. Never does: know a limit, refuse. Standard: that of
`delivery.rate_limit`, whose bucket it is. Start reading: `StoredAllowances.requests`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from gateway.delivery.rate_limit import TokenBucket
from gateway.ports.clock import Clock
from gateway.store.connection import database as db
from gateway.store.connection.database import Connection, Database, Row, numbered

REQUESTS: Final = "requests"
FAILURES: Final = "failures"
MINUTE: Final = timedelta(minutes=1)

_LOCK = numbered(
    """
INSERT INTO client_allowances (client, kind, at) VALUES (%(client)s, %(kind)s, %(now)s)
ON CONFLICT (client, kind) DO UPDATE SET at = excluded.at RETURNING bucket, used
"""
)
_BUCKET = numbered("UPDATE client_allowances SET bucket = %(bucket)s WHERE client = %(client)s AND kind = %(kind)s")
_USED = numbered("UPDATE client_allowances SET used = %(used)s WHERE client = %(client)s AND kind = %(kind)s")


class StoredAllowances:
    """Keeps the ports `web.portal.quotas.Allowances` and `login.failed_tries.FailedAllowances`.

    `count`: applications of a client taken in since an instant.
    """

    def __init__(self, database: Database, clock: Clock, count: Callable[[str, datetime], Awaitable[int]]) -> None:
        self._database, self._clock, self._count = database, clock, count

    async def requests(self, client: str, per_minute: int, at_most: int) -> tuple[int, float]:
        """See the port. A bucket holds a minute's worth at most."""
        async with self._database.transaction("allowances.requests") as connection:
            number, wait = await self._taken(connection, (client, REQUESTS), per_minute, at_most)
        return number, max(wait, 0.0)

    async def failures(self, whose: str, per_minute: int) -> float:
        """See the port. The bucket is that of requests; what is asked for stays within the row of whoever fails."""
        async with self._database.transaction("allowances.failures") as connection:
            number, wait = await self._taken(connection, (whose, FAILURES), per_minute, 1)
        return 0.0 if number else max(wait, 0.0)

    async def submissions(self, client: str, day: datetime, most: int, at_most: int) -> int:
        """See the port. The first question of a day counts what was taken in already."""
        kind = f"day {day:%Y-%m-%d}"
        async with self._database.transaction("allowances.submissions") as connection:
            row = await self._locked(connection, client, kind, self._clock.now())
            used = row["used"] if row["used"] is not None else await self._count(client, day)
            number = max(0, min(at_most, most - used))
            await db.run(connection, _USED, client=client, kind=kind, used=used + number)
        return number

    async def _taken(
        self, connection: Connection, whose: tuple[str, str], per_minute: int, at_most: int
    ) -> tuple[int, float]:
        """Take out of a bucket; how many, and the seconds until there is one."""
        client, kind = whose
        now, every = self._clock.now(), MINUTE / per_minute
        tokens = TokenBucket(every, MINUTE - every)
        row = await self._locked(connection, client, kind, now)
        first = tokens.first(row["bucket"], now)
        number = min(at_most, tokens.there(first, now))
        if number:
            await db.run(connection, _BUCKET, client=client, kind=kind, bucket=first + number * every)
        return number, (first - now).total_seconds()

    async def _locked(self, connection: Connection, client: str, kind: str, now: datetime) -> Row:
        row = await db.one(connection, _LOCK, client=client, kind=kind, now=now)
        assert row  # an upsert returns its row
        return row
