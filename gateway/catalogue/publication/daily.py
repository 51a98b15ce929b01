"""The report of the day: the same bytes for everybody who asks, made where there is none yet, renewed when it changes.

Knows: which one is kept. Never does: SQL, see that anything changed (the worker does), keep a report of a day on which
nobody claims anything. Standard: fixed interfaces §4. Start reading: `DailyReports.today`.
"""

from __future__ import annotations

import asyncio
from datetime import date
from typing import Protocol

from gateway.catalogue.publication import report
from gateway.catalogue.publication.look import Publication
from gateway.catalogue.publication.report import AvailabilityReport
from gateway.crypto.keys import PrivateKey
from gateway.errors import NotFound
from gateway.german_time import german_date
from gateway.ports.clock import Clock


class Reports(Protocol):
    """Where reports are kept."""

    async def of(self, day: date) -> AvailabilityReport | None:
        """The report of that day. Raises `DatabaseAway`."""
        ...

    async def kept(self, report: AvailabilityReport, *, anew: bool = False) -> AvailabilityReport:
        """Keep it, and give what stands for its day from now on: the first, or where it is made `anew` the last.

        Raises `DatabaseAway`.
        """
        ...


class DailyReports:
    """Reports by day, signed with the key of evidence."""

    def __init__(self, publication: Publication, reports: Reports, key: PrivateKey, clock: Clock) -> None:
        self._publication, self._reports, self._key, self._clock = publication, reports, key, clock

    async def today(self) -> AvailabilityReport:
        """The report of this day, made where there is none. Raises `NotFound` where nobody claims anything."""
        kept = await self._reports.of(german_date(self._clock.now()))
        if kept is not None:
            return kept
        fresh, claimed = await self._made()
        if not claimed:
            raise NotFound
        return await self._reports.kept(fresh)

    async def anew(self) -> AvailabilityReport:
        """The report as things stand now; it takes the place of what there was of this day."""
        fresh, claimed = await self._made()
        if not claimed and await self._reports.of(fresh.day) is None:
            return fresh
        return await self._reports.kept(fresh, anew=True)

    async def renewed(self) -> AvailabilityReport:
        """As `anew`, but the same bytes as before where it says the same.

        Raises `NotFound` where nobody claims anything and there was none of this day.
        """
        fresh, claimed = await self._made()
        before = await self._reports.of(fresh.day)
        if before is None and not claimed:
            raise NotFound
        if before is not None and report.says_the_same(before, fresh):
            return before
        return await self._reports.kept(fresh, anew=True)

    async def _made(self) -> tuple[AvailabilityReport, int]:
        now, claimed, towns = self._clock.now(), 0, []
        async for town in self._publication.towns():
            claimed += town.counts.claimed
            towns.append(await asyncio.to_thread(report.of_town, town))
        return report.signed(towns, german_date(now), now, self._key), claimed
