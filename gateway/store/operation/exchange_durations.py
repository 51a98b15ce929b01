"""Histogram of exchange durations, summed over all processes, and the alarm about counterparts that are slow.

Knows: the table `exchange_durations`, one row for each kind of counterpart. Never does: measure (`outbound` does), name
a host. Standard: Prometheus histograms. Start reading: `write`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from gateway.outbound.durations import Tally
from gateway.outbound.pace import Counterpart
from gateway.store.connection import database as db
from gateway.store.connection.database import Database, numbered

RULE: Final = "counterpart_slow"
CALM_AFTER: Final = timedelta(minutes=10)
"""So long after the last slow exchange the alarm is over."""

_ADD: Final = numbered(
    """
INSERT INTO exchange_durations AS total (counterpart, numbers, seconds, slow, slow_at)
VALUES (%(counterpart)s, %(numbers)s::bigint[], %(seconds)s, %(slow)s, %(slow_at)s::timestamptz)
ON CONFLICT (counterpart) DO UPDATE SET
    numbers = (
        SELECT array_agg(coalesce(one, 0) + coalesce(other, 0) ORDER BY place)
        FROM unnest(total.numbers, excluded.numbers) WITH ORDINALITY AS each (one, other, place)
    ),
    seconds = total.seconds + excluded.seconds,
    slow = total.slow + excluded.slow,
    slow_at = greatest(total.slow_at, excluded.slow_at)
"""
)
_READ: Final = numbered("SELECT counterpart, numbers, seconds, slow FROM exchange_durations ORDER BY counterpart")
_RAISE: Final = numbered(
    """
INSERT INTO house_alarms AS alarm (rule, subject, raised_at)
SELECT %(rule)s, counterpart, %(now)s FROM exchange_durations WHERE slow_at > %(before)s
ON CONFLICT (rule, subject) DO UPDATE
SET raised_at = excluded.raised_at, acknowledged_at = NULL, resolved_at = NULL, told = '{}'
WHERE alarm.resolved_at IS NOT NULL
""",
    commits="exchanges.raise",
)
_CALM: Final = numbered(
    """
UPDATE house_alarms SET resolved_at = %(now)s
WHERE rule = %(rule)s AND resolved_at IS NULL
    AND subject IN (SELECT counterpart FROM exchange_durations WHERE slow_at <= %(before)s)
""",
    commits="exchanges.resolve",
)


async def write(database: Database, taken: Mapping[Counterpart, Tally], now: datetime) -> None:
    """Add what one process measured; all of it or nothing."""
    async with database.transaction("exchanges.write") as connection:
        for counterpart, tally in sorted(taken.items()):  # in one order, so that processes do not block each other
            await db.run(
                connection,
                _ADD,
                counterpart=counterpart.value,
                numbers=tally.numbers,
                seconds=tally.seconds,
                slow=tally.slow,
                slow_at=now if tally.slow else None,
            )


async def look(database: Database, now: datetime) -> int:
    """Raise the alarm about each counterpart that was slow lately, resolve it where that is over; how many are new."""
    await database.run(_CALM, rule=RULE, now=now, before=now - CALM_AFTER)
    return await database.run(_RAISE, rule=RULE, now=now, before=now - CALM_AFTER)


async def read(database: Database) -> Mapping[str, Tally]:
    """The sums of all processes, by kind of counterpart."""
    rows = await database.rows(_READ)
    return {row["counterpart"]: Tally(list(row["numbers"]), row["seconds"], row["slow"]) for row in rows}
