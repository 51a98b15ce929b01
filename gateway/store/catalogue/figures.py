"""What monitoring wants to know of the catalogue and of what is probed, counted where the rows are.

Knows: numbers and standings, by ids of ours alone; that entries count as everywhere. Never does: judge.
Standard: Prometheus exposition format (names). Start reading: `StoredCatalogueFigures.read`.
"""

from __future__ import annotations

from typing import Final

from gateway.catalogue.publication.figures import CatalogueFigures, ProbedSubject
from gateway.catalogue.status import FindingCode, Source
from gateway.german_time import german_date
from gateway.ports.clock import Clock
from gateway.store.catalogue.entries import COUNTED
from gateway.store.connection.database import Database, numbered

_ENTRIES: Final = numbered(
    "SELECT count(*) AS entries, count(*) FILTER (WHERE entry->>'leika_key' IS NULL) AS keyless "  # noqa: S608 - constants alone
    f"FROM catalogue_revisions WHERE latest AND {COUNTED}"
)
_LISTED: Final = numbered(
    "SELECT source, count(*) AS number FROM catalogue_listings WHERE listed AND (municipality, service) NOT IN ("  # noqa: S608 - as above
    f"SELECT municipality, service FROM catalogue_revisions WHERE latest AND NOT ({COUNTED})) GROUP BY 1"
)
_FINDINGS: Final = numbered("SELECT code, count(*) AS number FROM catalogue_findings GROUP BY 1")
_EXPORTED: Final = numbered("SELECT max(accepted_at) AS at FROM catalogue_exports")
_STANDING: Final = numbered(
    """
SELECT standing.municipality, standing.subject, standing.works, standing.reason, (
    SELECT milliseconds FROM probe_measurements AS one
    WHERE one.municipality = standing.municipality AND one.subject = standing.subject
    ORDER BY one.at DESC, one.no DESC LIMIT 1
) AS milliseconds
FROM probe_standing AS standing ORDER BY standing.municipality, standing.subject
"""
)
_DEPENDENCIES: Final = numbered(
    "SELECT municipality, subject, works, reason, NULL AS milliseconds FROM probe_standing "
    "WHERE strpos(subject, ':') > 0 ORDER BY municipality, subject"
)


class StoredCatalogueFigures:
    """The figures, as they stand in the database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def read(self) -> CatalogueFigures:
        """All of them. Raises `DatabaseAway`."""
        day = german_date(self._clock.now())
        entries = await self._database.one(_ENTRIES, day=day)
        exported = await self._database.one(_EXPORTED)
        listed = {row["source"]: row["number"] for row in await self._database.rows(_LISTED, day=day)}
        findings = {row["code"]: row["number"] for row in await self._database.rows(_FINDINGS)}
        if entries is not None:
            findings[FindingCode.NO_LEIKA.value] = entries["keyless"]
        return CatalogueFigures(
            entries=entries["entries"] if entries else 0,
            listed={source.value: listed.get(source.value, 0) for source in Source},
            findings={code.value: findings.get(code.value, 0) for code in FindingCode},
            exported_at=exported["at"] if exported else None,
            standings=tuple(ProbedSubject(**row) for row in await self._database.rows(_STANDING)),
        )

    async def dependencies(self) -> tuple[ProbedSubject, ...]:
        """How each thing stands that the gateway depends on, whoever's it is. Raises `DatabaseAway`."""
        return tuple(ProbedSubject(**row) for row in await self._database.rows(_DEPENDENCIES))
