"""Availability and outages of a municipality's services, as page, report and feed show them.

Knows: figures of German days, which services alone have. Never does: write (`probe_runs` does).
Standard: catalogue reference §6.2. Start reading: `StoredProbes.daily`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from gateway.catalogue.probes.outage import Outage
from gateway.store.connection.database import Database, numbered

_DAILY: Final = numbered(
    """
SELECT subject, array_agg(day - %(since)s::date) AS days, array_agg(good) AS good, array_agg(bad) AS bad
FROM probe_days WHERE municipality = %(town)s AND day >= %(since)s GROUP BY 1
"""
)
"""In no order: to sort here what lies nearly in order takes half as long as in the database."""
_OUTAGES: Final = numbered(
    """
SELECT no, municipality, subject, began_at, ended_at, changed_at, reason FROM outages
WHERE municipality = %(town)s ORDER BY changed_at DESC, no DESC LIMIT %(most)s
"""
)


class StoredProbes:
    """What probes said, read."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def daily(self, municipality: str, since: date) -> Mapping[str, Sequence[tuple[date, int, int]]]:
        """Each service's good and bad probes by German day, from `since` on; days without any are left out."""
        rows = await self._database.rows(_DAILY, town=municipality, since=since)
        calendar = {no: since + timedelta(days=no) for no in {no for row in rows for no in row["days"]}}
        return {
            row["subject"]: [
                (calendar[no], good, bad)
                for no, good, bad in sorted(zip(row["days"], row["good"], row["bad"], strict=True))
            ]
            for row in rows
        }

    async def outages(self, municipality: str, limit: int) -> Sequence[Outage]:
        """The outages that changed last, newest first."""
        rows = await self._database.rows(_OUTAGES, town=municipality, most=limit)
        return tuple(Outage(**row) for row in rows)
