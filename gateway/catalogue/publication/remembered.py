"""Availability of past days, remembered: they change no more, and a page is made anew every few seconds.

Knows: which days are past, how long they are believed. Never does: remember today. Standard: none.
Start reading: `RememberedProbes`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from gateway.catalogue.probes.outage import Outage
from gateway.catalogue.publication.look import Probes
from gateway.catalogue.publication.town import Measured
from gateway.german_time import german_date
from gateway.ports.clock import Clock

BELIEVED: Final = timedelta(minutes=15)
"""A measurement of yesterday may be written some minutes late."""
MOST_TOWNS: Final = 16


@dataclass(frozen=True, slots=True)
class _PastDays:
    since: date
    today: date
    read_at: datetime
    measured: Mapping[str, Measured]


class RememberedProbes:
    """Keeps the port `look.Probes`, with those who read rows behind it."""

    def __init__(self, probes: Probes, clock: Clock) -> None:
        self._probes, self._clock = probes, clock
        self._past: dict[str, _PastDays] = {}

    async def daily(self, municipality: str, since: date) -> Mapping[str, Measured]:
        """See the port."""
        now = self._clock.now()
        today = german_date(now)
        past = self._past.get(municipality)
        if past is None or (past.since, past.today) != (since, today) or now - past.read_at > BELIEVED:
            measured = await self._probes.daily(municipality, since)
            self._remember(municipality, _PastDays(since, today, now, _before(measured, today)))
            return measured
        latest = await self._probes.daily(municipality, today)
        services = past.measured.keys() | latest.keys()
        return {service: (*past.measured.get(service, ()), *latest.get(service, ())) for service in services}

    async def outages(self, municipality: str, limit: int) -> Sequence[Outage]:
        """See the port."""
        return await self._probes.outages(municipality, limit)

    def _remember(self, municipality: str, past: _PastDays) -> None:
        self._past.pop(municipality, None)
        self._past[municipality] = past
        while len(self._past) > MOST_TOWNS:
            self._past.pop(next(iter(self._past)))


def _before(measured: Mapping[str, Measured], today: date) -> Mapping[str, Measured]:
    return {service: tuple(day for day in days if day[0] < today) for service, days in measured.items()}
