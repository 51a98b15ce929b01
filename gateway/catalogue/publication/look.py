"""Everything that is published of a municipality, fetched: page, feed, report and figures start from here.

Knows: whom to ask for statuses, probes and counts of the Land. Never does: SQL; choose how it is shown.
Standard: architecture §2 (ports). Start reading: `Publication`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from typing import Protocol

from gateway.catalogue.probes.outage import Outage
from gateway.catalogue.publication.town import LandCount, Measured, TownStatus, first_day, town
from gateway.catalogue.status import CatalogueStatuses
from gateway.errors import NotFound
from gateway.german_time import german_date
from gateway.ports.clock import Clock


class Probes(Protocol):
    """What the probes left behind."""

    async def daily(self, municipality: str, since: date) -> Mapping[str, Measured]:
        """Good and bad probes of each service by day, from that day on."""
        ...

    async def outages(self, municipality: str, limit: int) -> Sequence[Outage]:
        """The last outages, the newest change first."""
        ...


class LandCounts(Protocol):
    """What sources count in the Land."""

    async def of(self, municipality: str) -> LandCount | None:
        """The newest count for that municipality; None where none was read."""
        ...


class Publication:
    """Published municipalities; `names` are all of the gateway's, by ARS."""

    def __init__(
        self, names: Mapping[str, str], statuses: CatalogueStatuses, probes: Probes, land: LandCounts, clock: Clock
    ) -> None:
        self.names = names
        self._statuses, self._probes, self._land, self._clock = statuses, probes, land, clock

    async def town(self, ars: str) -> TownStatus:
        """The municipality's offer as it stands. Raises `NotFound`, `DatabaseAway`."""
        self._known(ars)
        now = self._clock.now()
        statuses = await self._statuses.of(ars)
        measured = await self._probes.daily(ars, first_day(german_date(now)))
        land = await self._land.of(ars)
        return town(ars, self.names[ars], at=now, statuses=statuses, measured=measured, land=land)

    async def towns(self) -> AsyncIterator[TownStatus]:
        """Every municipality of the gateway, in the order of its files, one at a time. Raises `DatabaseAway`."""
        for ars in self.names:
            yield await self.town(ars)

    async def outages(self, ars: str, limit: int) -> Sequence[Outage]:
        """The last outages of services; those of what the gateway depends on are nobody's affair outside.

        Raises `NotFound`, `DatabaseAway`.
        """
        self._known(ars)
        return [outage for outage in await self._probes.outages(ars, limit) if ":" not in outage.subject]

    def _known(self, ars: str) -> None:
        if ars not in self.names:
            raise NotFound
