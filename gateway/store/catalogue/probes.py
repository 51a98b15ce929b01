"""Availability and outages of a municipality's services, as page, report and feed show them.

Knows: hourly figures, summed to German days; subjects that are services. Never does: write (`probe_runs` does).
Standard: catalogue reference §6.2. Start reading: `StoredProbes.daily`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Final

from gateway.catalogue.probes.outage import Outage
from gateway.store.connection.database import Database, numbered

_DAILY: Final = numbered(
    """
SELECT subject, (hour AT TIME ZONE 'Europe/Berlin')::date AS day, sum(good) AS good, sum(bad) AS bad
FROM probe_hours
WHERE municipality = %(town)s AND strpos(subject, ':') = 0
    AND hour >= %(since)s::date::timestamp AT TIME ZONE 'Europe/Berlin'
GROUP BY 1, 2 ORDER BY 1, 2
"""
)
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
        days = defaultdict[str, list[tuple[date, int, int]]](list)
        for row in await self._database.rows(_DAILY, town=municipality, since=since):
            days[row["subject"]].append((row["day"], row["good"], row["bad"]))
        return dict(days)

    async def outages(self, municipality: str, limit: int) -> Sequence[Outage]:
        """The outages that changed last, newest first."""
        rows = await self._database.rows(_OUTAGES, town=municipality, most=limit)
        return tuple(Outage(**row) for row in rows)
