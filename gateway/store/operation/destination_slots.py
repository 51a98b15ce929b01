"""Slots at destinations that take only so much, queues for them, and pauses that a counterpart asked for.

Knows: the tables `destination_turns` (a row for each that waits or is on its way) and `destination_pace`. Never does:
decide (`delivery.rate_limit` does); ask more than one small read a second for a destination without bounds.
Standard: architecture §3 (leader-free, a dead worker's work is taken over). Start reading: `StoredSlots.take`.

A slot is a lease that its process renews every two seconds: one that died or was cut off loses it within ten.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from gateway.delivery.rate_limit import LONGEST_REST, Observed, RateLimit, decide
from gateway.ports.clock import Clock
from gateway.store.connection import database as db
from gateway.store.connection.database import Database, numbered
from gateway.store.rows import states
from gateway.submission.states import WAITING

LEASE: Final = timedelta(seconds=8)
RENEW_EVERY_S: Final = 2.0
REMEMBERED_S: Final = 1.0

# the row is the lock of its destination, for as long as the few statements take
_LOCK = numbered(
    """
INSERT INTO destination_pace (destination) VALUES (%(destination)s)
ON CONFLICT (destination) DO UPDATE SET destination = excluded.destination RETURNING bucket
"""
)
_LOOK = numbered(
    """
SELECT count(*) FILTER (WHERE until > %(now)s AND submission <> %(me)s) AS running,
    count(*) FILTER (WHERE (until IS NULL OR until <= %(now)s) AND submission <> %(me)s
        AND (go_at IS NULL OR go_at <= %(now)s)) AS waiting,
    coalesce(bool_or(submission = %(me)s), false) AS known,
    max(go_at) FILTER (WHERE submission = %(me)s) AS go_at
FROM destination_turns WHERE destination = %(destination)s
"""
)
_BUCKET = numbered("UPDATE destination_pace SET bucket = %(bucket)s WHERE destination = %(destination)s")
_PUT = numbered(
    """
INSERT INTO destination_turns (submission, destination, since, go_at, holder, until)
VALUES (%(me)s, %(destination)s, %(now)s, %(go_at)s::timestamptz, %(holder)s::uuid, %(until)s::timestamptz)
ON CONFLICT (submission) DO UPDATE
SET destination = excluded.destination, go_at = excluded.go_at, holder = excluded.holder, until = excluded.until
"""
)
_AWAY = numbered("DELETE FROM destination_turns WHERE submission = %(me)s")
_GIVE_BACK = numbered(
    """
WITH gone AS (
    DELETE FROM destination_turns WHERE submission = %(me)s AND holder = %(holder)s RETURNING destination
), following AS (
    SELECT turn.submission FROM destination_turns AS turn JOIN gone USING (destination)
    WHERE turn.submission <> %(me)s AND (turn.until IS NULL OR turn.until <= %(now)s)
        AND (turn.go_at IS NULL OR turn.go_at <= %(now)s)
    ORDER BY turn.since, turn.submission LIMIT 1
)
SELECT wake_submission(submission, NULL) FROM following
""",
    commits="turns.give_back",
)
_RENEW = numbered(
    "UPDATE destination_turns SET until = %(until)s WHERE holder = %(holder)s AND until > %(now)s",
    commits="turns.renew",
)
# those that are cancelled, held or through need no place any more
_CLEAN = numbered(
    "DELETE FROM destination_turns AS turn USING submissions AS each WHERE each.id = turn.submission "  # noqa: S608 - states
    "AND (turn.until IS NULL OR turn.until <= %(now)s) AND each.state NOT IN " + states.sql(WAITING),
    commits="turns.clean",
)
_RESCUE = numbered(
    """
WITH bound AS (
    SELECT * FROM unnest(%(destinations)s::text[], %(at_once)s::int[]) AS each (destination, at_once)
), free AS (
    SELECT bound.destination, bound.at_once - count(turn.submission) AS places
    FROM bound LEFT JOIN destination_turns AS turn ON turn.destination = bound.destination AND turn.until > %(now)s
    GROUP BY bound.destination, bound.at_once
), waiting AS (
    SELECT turn.submission, free.places,
        row_number() OVER (PARTITION BY destination ORDER BY since, submission) AS place
    FROM destination_turns AS turn JOIN free USING (destination)
    WHERE (turn.until IS NULL OR turn.until <= %(now)s) AND (turn.go_at IS NULL OR turn.go_at <= %(now)s)
)
SELECT count(wake_submission(submission, NULL)) AS number FROM waiting WHERE place <= places
""",
    commits="turns.rescue",
)
_REST = numbered(
    """
INSERT INTO destination_pace AS pace (destination, rest_until) VALUES (%(destination)s, %(until)s)
ON CONFLICT (destination) DO UPDATE SET rest_until = greatest(pace.rest_until, excluded.rest_until)
""",
    commits="turns.rest",
)
_RESTING = numbered("SELECT destination, rest_until FROM destination_pace WHERE rest_until > %(now)s")


class StoredSlots:
    """Keeps the port `gateway.delivery.rate_limit.Slots` for one process."""

    def __init__(self, database: Database, clock: Clock, new_id: Callable[[], UUID]) -> None:
        self._database, self._clock = database, clock
        self._holder = new_id()
        self._resting: Mapping[str, datetime] = {}
        self._asked = float("-inf")

    async def take(self, submission: UUID, destination: str, bound: RateLimit) -> datetime | None:
        """See the port."""
        now = self._clock.now()
        async with self._database.transaction("turns.take") as connection:
            pace = await db.one(connection, _LOCK, destination=destination)
            standing = await db.one(connection, _LOOK, destination=destination, me=submission, now=now)
            assert pace  # an upsert returns its row
            assert standing  # and so does an aggregate
            seen = Observed(
                pace["bucket"], standing["running"], standing["waiting"], standing["known"], standing["go_at"]
            )
            decision = decide(bound, seen, now)
            if decision.bucket != seen.bucket:
                await db.run(connection, _BUCKET, destination=destination, bucket=decision.bucket)
            goes = decision.ask_at is None
            if goes and bound.at_once is None:
                if seen.known:
                    await db.run(connection, _AWAY, me=submission)
            else:
                await db.run(
                    connection,
                    _PUT,
                    me=submission,
                    destination=destination,
                    now=now,
                    go_at=decision.go_at,
                    holder=self._holder if goes else None,
                    until=now + LEASE if goes else None,
                )
        return decision.ask_at

    async def give_back(self, submission: UUID) -> None:
        """See the port. A place that went over to another worker meanwhile is left alone."""
        await self._database.run(_GIVE_BACK, me=submission, holder=self._holder, now=self._clock.now())

    async def renew(self) -> None:
        """Keep the places of this process; call it every `RENEW_EVERY_S`."""
        now = self._clock.now()
        await self._database.run(_RENEW, holder=self._holder, now=now, until=now + LEASE)

    async def rescue(self, bounds: Mapping[str, RateLimit]) -> int:
        """Forget places that nobody needs, and wake who waits at a place that a dead worker left; how many."""
        now = self._clock.now()
        await self._database.run(_CLEAN, now=now)
        places = {name: bound.at_once for name, bound in bounds.items() if bound.at_once is not None}
        return await self._database.number(_RESCUE, destinations=list(places), at_once=list(places.values()), now=now)

    async def rest(self, destination: str, seconds: float) -> None:
        """See the port."""
        until = self._clock.now() + min(timedelta(seconds=seconds), LONGEST_REST)
        await self._database.run(_REST, destination=destination, until=until)
        self._asked = float("-inf")

    async def resting(self, destination: str) -> datetime | None:
        """See the port."""
        now = self._clock.now()
        if time.monotonic() - self._asked > REMEMBERED_S:
            rows = await self._database.rows(_RESTING, now=now)
            self._resting = {row["destination"]: row["rest_until"] for row in rows}
            self._asked = time.monotonic()
        until = self._resting.get(destination)
        return until if until is not None and until > now else None
