"""Applications taken over, by municipality, service and day: counted while they stand, kept when they are erased.

Knows: tests, corrections and repeats are none; a number never sinks. Never does: hold one application's facts.
Standard: catalogue reference, Additions (Zentrale Statistik-Komponente). Start reading: `count`.

Days are those of Germany. A day is counted again until two later ones were, which erasure leaves alone that long: it
begins a day after an application ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Final

from gateway.catalogue.statistics import months
from gateway.catalogue.statistics.transactions import MonthlyTransactions
from gateway.german_time import german_date
from gateway.store.connection.database import Database, numbered

AGAIN: Final = timedelta(days=2)
_AT_ONCE: Final = 366
_FROM: Final = numbered(
    "SELECT (SELECT max(day) FROM transaction_counts WHERE day <= %(today)s) AS counted, "
    "(SELECT min(created_at) FROM submissions) AS oldest"
)
_COUNT: Final = numbered(
    """
INSERT INTO transaction_counts AS kept (municipality, service, day, number, counted_at)
SELECT submission.municipality, submission.service, each.day, count(*), %(now)s
FROM unnest(%(days)s::date[], %(begins)s::timestamptz[], %(ends)s::timestamptz[]) AS each (day, begins, ends)
JOIN submissions AS submission ON submission.created_at >= each.begins AND submission.created_at < each.ends
WHERE NOT submission.test AND submission.supersedes IS NULL
GROUP BY submission.municipality, submission.service, each.day
ON CONFLICT (municipality, service, day) DO UPDATE SET number = excluded.number, counted_at = excluded.counted_at
WHERE kept.number < excluded.number
""",
    commits="statistics.count",
)
_OF: Final = numbered(
    """
SELECT municipality, date_trunc('month', day)::date AS month, service, sum(number)::bigint AS number
FROM transaction_counts
WHERE (%(town)s::text IS NULL OR municipality = %(town)s) AND day < %(before)s
    AND (%(month)s::date IS NULL OR date_trunc('month', day)::date = %(month)s)
GROUP BY 1, 2, 3 ORDER BY 2, 1, 3
"""
)


class StoredTransactionCounts:
    """The counts of all municipalities."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self, now: datetime) -> int:
        """Count the days that are not counted to their end; how many numbers grew. Raises `DatabaseAway`."""
        today = german_date(now)
        row = await self._database.one(_FROM, today=today)
        if row is None or row["oldest"] is None:
            return 0
        day, grew = row["counted"] - AGAIN if row["counted"] else german_date(row["oldest"]), 0
        while day <= today:
            days = [day + timedelta(days=number) for number in range(min(_AT_ONCE, (today - day).days + 1))]
            begins = list(map(months.begins, days))
            day = days[-1] + timedelta(days=1)
            grew += await self._database.run(
                _COUNT, now=now, days=days, begins=begins, ends=[*begins[1:], months.begins(day)]
            )
        return grew

    async def of(
        self, until: date, *, municipality: str | None = None, month: date | None = None
    ) -> Sequence[MonthlyTransactions]:
        """Every month up to `until`, or that one, of every municipality or that one. Raises `DatabaseAway`."""
        rows = await self._database.rows(_OF, town=municipality, month=month, before=months.following(until))
        return [
            MonthlyTransactions(town, of_month, {row["service"]: row["number"] for row in some})
            for (of_month, town), some in groupby(rows, key=lambda row: (row["month"], row["municipality"]))
        ]
