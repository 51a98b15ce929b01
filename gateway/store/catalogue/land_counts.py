"""What sources count in the Land, as read last, for each municipality that asked.

Knows: the newest count of each source. Never does: count. Standard: catalogue reference §6.2 (read-back).
Start reading: `StoredLandCounts.of`.
"""

from __future__ import annotations

from typing import Final

from gateway.catalogue.publication.town import CountedUnit, LandCount
from gateway.catalogue.status import Source
from gateway.store.connection import database as db
from gateway.store.connection.database import Connection, Database, numbered

_OF: Final = numbered(
    "SELECT source, unit, counted, ours, at FROM catalogue_land_counts WHERE municipality = %(town)s "
    "ORDER BY at DESC, source LIMIT 1"
)
_KEEP: Final = numbered(
    "INSERT INTO catalogue_land_counts (municipality, source, unit, counted, ours, at) "
    "VALUES (%(town)s, %(source)s, %(unit)s, %(counted)s, %(ours)s, %(at)s) ON CONFLICT (municipality, source) "
    "DO UPDATE SET unit = excluded.unit, counted = excluded.counted, ours = excluded.ours, at = excluded.at"
)


class StoredLandCounts:
    """Keeps the port `gateway.catalogue.publication.look.LandCounts`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, municipality: str) -> LandCount | None:
        """See the port."""
        row = await self._database.one(_OF, town=municipality)
        if row is None:
            return None
        return LandCount(Source(row["source"]), CountedUnit(row["unit"]), row["counted"], row["ours"], row["at"])


async def keep(connection: Connection, municipality: str, count: LandCount) -> None:
    """The source's newest count takes the place of the one before, in the transaction of `connection`."""
    await db.run(
        connection,
        _KEEP,
        town=municipality,
        source=count.source.value,
        unit=count.unit.value,
        counted=count.counted,
        ours=count.ours,
        at=count.at,
    )
