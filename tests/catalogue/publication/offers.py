"""A town's offer to publish."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from gateway.catalogue.entry import Entry, Revision
from gateway.catalogue.probes.outage import Outage
from gateway.catalogue.publication.look import Publication
from gateway.catalogue.publication.town import CountedUnit, LandCount, Measured
from gateway.catalogue.status import Listing, ServiceStatus, Source
from tests.catalogue.entries import ARS, entry

NOW = datetime(2026, 11, 30, 14, 5, tzinfo=UTC)
TODAY = date(2026, 11, 30)
NAME = "Einheitsgemeinde Stadt Tangerhütte"
LAND = LandCount(Source.DATA_HUB, CountedUnit.LEISTUNG, 28, 16, NOW)


class StillClock:
    def __init__(self) -> None:
        self.at = NOW

    def now(self) -> datetime:
        return self.at


def status(one: Entry, **said: Any) -> ServiceStatus:
    return ServiceStatus(Revision(one, 1, "0" * 64, NOW, "files"), **said)


def twenty_two() -> list[ServiceStatus]:
    """Sixteen with a key, of which two are listed and one is not; six without."""
    said = {0: True, 1: True, 2: False}
    return [
        status(
            entry(
                service=f"dienst-{no:02}",
                leika_key=f"990000000000{no:02}" if no < 16 else None,
                titles={"de": f"Dienst {no}", "en": f"Service {no}"},
            ),
            listings=(Listing(Source.PVOG, said[no], NOW),) if no in said else (),
            works=True,
            works_since=NOW,
            probed_at=NOW,
        )
        for no in range(22)
    ]


@dataclass
class Rows:
    """What stands in the database, as every port of the publication."""

    statuses: list[ServiceStatus] = field(default_factory=twenty_two)
    measured: dict[str, Measured] = field(default_factory=dict)
    down: list[Outage] = field(default_factory=list)
    land: LandCount | None = LAND
    looks: int = 0

    async def of(self, municipality: str | None = None) -> Sequence[ServiceStatus]:
        self.looks += 1
        return [each for each in self.statuses if municipality in {None, each.revision.entry.municipality}]

    async def daily(self, municipality: str, since: date) -> Mapping[str, Measured]:
        assert since in {date(2026, 9, 2), date(2026, 9, 3)}
        return self.measured if municipality == ARS else {}

    async def outages(self, municipality: str, limit: int) -> Sequence[Outage]:
        return [each for each in self.down if each.municipality == municipality][:limit]


class Land:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    async def of(self, municipality: str) -> LandCount | None:
        return self._rows.land if municipality == ARS else None


def publication(rows: Rows, clock: StillClock | None = None, **names: str) -> Publication:
    return Publication(names or {ARS: NAME}, rows, rows, Land(rows), clock or StillClock())
