"""The four truths of each entry in one look: registry, last export, read-backs, probes.

Knows: how the tables join; one snapshot, so that counts of list, page and report agree. Never does: decide.
Standard: catalogue reference §6.2. Start reading: `StoredStatuses.of`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from gateway.catalogue import entry_json
from gateway.catalogue.entry import Revision
from gateway.catalogue.status import CatalogueFinding, FindingCode, Listing, ServiceStatus, Source
from gateway.store.connection.database import Database, Row, numbered

_ENTRIES: Final = numbered(
    """
SELECT latest.entry, latest.number, latest.digest, latest.changed_at, latest.changed_by,
    delivered.revision, delivered.exported_at, standing.works, standing.since, standing.probed_at,
    (
        SELECT jsonb_agg(to_jsonb(listing)) FROM catalogue_listings AS listing
        WHERE listing.municipality = latest.municipality AND listing.service = latest.service
    ) AS listings
FROM catalogue_revisions AS latest
LEFT JOIN catalogue_delivered AS delivered
    ON delivered.municipality = latest.municipality AND delivered.service = latest.service
LEFT JOIN probe_standing AS standing
    ON standing.municipality = latest.municipality AND standing.subject = latest.service
WHERE latest.latest AND (%(town)s::text IS NULL OR latest.municipality = %(town)s)
    AND latest.entry->>'life_cycle' <> 'draft'
    AND (latest.entry->>'life_cycle' <> 'withdrawn' OR delivered.service IS NOT NULL)
ORDER BY latest.municipality, latest.entry->'titles'->>'de', latest.service
"""
)
_FINDINGS: Final = numbered(
    """
SELECT municipality, service, code, source, since, place, expected, found, leika_key FROM catalogue_findings
WHERE %(town)s::text IS NULL OR municipality = %(town)s ORDER BY no
"""
)


class StoredStatuses:
    """Keeps the port `gateway.catalogue.status.CatalogueStatuses`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, municipality: str | None = None) -> Sequence[ServiceStatus]:
        """See the port."""
        by_entry = defaultdict(list)
        for finding in await self.findings(municipality):
            by_entry[finding.municipality, finding.service].append(finding)
        rows = await self._database.rows(_ENTRIES, town=municipality)
        return [_status(row, by_entry) for row in rows]

    async def findings(self, municipality: str | None = None) -> Sequence[CatalogueFinding]:
        """Every open contradiction, those that no entry has as well."""
        return [_finding(row) for row in await self._database.rows(_FINDINGS, town=municipality)]


def _status(row: Row, findings: dict[tuple[str, str | None], list[CatalogueFinding]]) -> ServiceStatus:
    entry = entry_json.of_json(row["entry"])
    return ServiceStatus(
        revision=Revision(entry, row["number"], row["digest"], row["changed_at"], row["changed_by"]),
        delivered=row["revision"] == row["number"],
        exported_at=row["exported_at"],
        listings=tuple(_listing(listing) for listing in row["listings"] or ()),
        works=row["works"],
        works_since=row["since"],
        probed_at=row["probed_at"],
        findings=tuple(findings[entry.municipality, entry.service]),
    )


def _listing(row: Row) -> Listing:
    seen_at = datetime.fromisoformat(row["seen_at"])
    return Listing(Source(row["source"]), row["listed"], seen_at, row["url"], row["place"])


def _finding(row: Row) -> CatalogueFinding:
    source = Source(row["source"]) if row["source"] else None
    return CatalogueFinding(**{**row, "code": FindingCode(row["code"]), "source": source})
