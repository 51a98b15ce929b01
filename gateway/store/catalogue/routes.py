"""What the routing service said last of each service, from the rows of listings and findings.

Knows: which state of an entry was asked for. Never does: decide what is asked next (`readback.routes` does).
Standard: catalogue reference §6.2. Start reading: `StoredRoutes.of`.
"""

from __future__ import annotations

from typing import Final

from gateway.catalogue.readback.routes import RememberedRoutes
from gateway.catalogue.status import Listing, Source
from gateway.store.catalogue.statuses import StoredStatuses
from gateway.store.connection.database import Database, numbered

_LISTINGS: Final = numbered(
    """
SELECT listing.service, listing.listed, listing.seen_at, listing.url, listing.place,
    asked.leika_key IS DISTINCT FROM latest.entry->>'leika_key'
        OR asked.destination_id IS DISTINCT FROM latest.entry->>'destination_id' AS changed
FROM catalogue_listings AS listing
JOIN catalogue_revisions AS latest
    ON latest.latest AND latest.municipality = listing.municipality AND latest.service = listing.service
LEFT JOIN LATERAL (
    SELECT entry->>'leika_key' AS leika_key, entry->>'destination_id' AS destination_id
    FROM catalogue_revisions AS each
    WHERE each.municipality = listing.municipality AND each.service = listing.service
        AND each.changed_at <= listing.seen_at
    ORDER BY each.number DESC LIMIT 1
) AS asked ON true
WHERE listing.municipality = %(town)s AND listing.source = %(source)s
"""
)


class StoredRoutes:
    """Keeps the port `gateway.catalogue.readback.routes.RoutesAnswered`."""

    def __init__(self, database: Database) -> None:
        self._database, self._statuses = database, StoredStatuses(database)

    async def of(self, municipality: str) -> RememberedRoutes:
        """See the port."""
        rows = await self._database.rows(_LISTINGS, town=municipality, source=Source.ROUTING.value)
        findings = await self._statuses.findings(municipality)
        return RememberedRoutes(
            {
                row["service"]: Listing(Source.ROUTING, row["listed"], row["seen_at"], row["url"], row["place"])
                for row in rows
            },
            tuple(finding for finding in findings if finding.source is Source.ROUTING),
            frozenset(row["service"] for row in rows if row["changed"]),
        )
