"""One municipality's offer as everybody may see it: the four truths of each service, availability, and the counts.

Knows: which entries count, what each number counts and from where. Never does: I/O; divide numbers of different units.
Standard: catalogue reference §6.2. Start reading: `TownStatus`, then `Counts`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from gateway.catalogue.status import ServiceStatus, Source
from gateway.german_time import german_date

SPANS: Final = (30, 90)
"""Days over which availability is said, today included."""
DAYS: Final = max(SPANS)

Measured = Sequence[tuple[date, int, int]]
"""What probes of a service said: day, good ones, bad ones. Days without any are absent."""


class CountedUnit(StrEnum):
    """What a source counts when it counts a Land: it is not what a town counts as its online services."""

    LEISTUNG = "leistung"
    ONLINE_SERVICE = "online_service"


@dataclass(frozen=True, slots=True)
class LandCount:
    """What a source counted in the Land, and which of those it says are the municipality's own."""

    source: Source
    unit: CountedUnit
    counted: int
    ours: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of the sentence. `listed`: None before anything was read back; `land`: None where nobody counted.

    `claimed`, `with_key` and `listed` count entries of the registry, `land` counts what its source counts: no number of
    one is a part of a number of the other.
    """

    claimed: int
    with_key: int
    listed: int | None
    land: LandCount | None

    def as_json(self) -> dict[str, Any]:
        """As the report holds them."""
        land = self.land
        return {
            "claimed": self.claimed,
            "with_leika_key": self.with_key,
            "listed": self.listed,
            "land": land
            and {
                "source": land.source.value,
                "unit": land.unit.value,
                "counted": land.counted,
                "ours": land.ours,
                "date": german_date(land.at).isoformat(),
            },
        }


@dataclass(frozen=True, slots=True)
class Availability:
    """Probes of a service over so many days, the good and the bad ones; shares are shown, never kept."""

    days: int
    good: int
    bad: int

    @property
    def per_mille(self) -> int | None:
        """Thousandths that were good, rounded down: one failure is never a full thousand. None: never probed."""
        number = self.good + self.bad
        return 1000 * self.good // number if number else None


@dataclass(frozen=True, slots=True)
class PublishedService:
    """A service with what its probes said day by day."""

    status: ServiceStatus
    measured: Mapping[date, tuple[int, int]]
    day: date

    @property
    def availability(self) -> tuple[Availability, ...]:
        """Over each span of `SPANS`."""
        days = self.last_days
        return tuple(_over(span, [day for day in days[-span:] if day is not None]) for span in SPANS)

    @property
    def last_days(self) -> tuple[tuple[int, int] | None, ...]:
        """Good and bad probes of each of the last days, the oldest first; None where there were none."""
        return tuple(map(self.measured.get, _last_days(self.day)))


@dataclass(frozen=True, slots=True)
class TownStatus:
    """What a municipality offers at a moment."""

    ars: str
    name: str
    at: datetime
    services: tuple[PublishedService, ...]
    counts: Counts

    @property
    def changed_at(self) -> datetime | None:
        """When the newest entry changed."""
        return max((service.status.revision.changed_at for service in self.services), default=None)


def _over(span: int, numbers: Sequence[tuple[int, int]]) -> Availability:
    good, bad = zip(*numbers, strict=True) if numbers else ((), ())
    return Availability(span, sum(good), sum(bad))


@lru_cache(4)
def _last_days(day: date) -> tuple[date, ...]:
    """The days that are looked at, the oldest first: the same ones for every service."""
    first = first_day(day)
    return tuple(first + timedelta(days=no) for no in range(DAYS))


def first_day(day: date) -> date:
    """The oldest day that is looked at."""
    return day - timedelta(days=DAYS - 1)


def town(  # noqa: PLR0913 - each named
    ars: str,
    name: str,
    *,
    at: datetime,
    statuses: Sequence[ServiceStatus],
    measured: Mapping[str, Measured],
    land: LandCount | None,
) -> TownStatus:
    """The municipality's offer then. Drafts, withdrawn entries and those that are not valid that day are none of it."""
    day = german_date(at)
    services = tuple(
        PublishedService(
            status,
            {hour: (good, bad) for hour, good, bad in measured.get(status.revision.entry.service, ())},
            day,
        )
        for status in statuses
        if status.revision.entry.published_on(day)
    )
    return TownStatus(ars, name, at, services, _counted(services, land))


def _counted(services: Sequence[PublishedService], land: LandCount | None) -> Counts:
    answers = [service.status.listed for service in services]
    return Counts(
        claimed=len(services),
        with_key=sum(service.status.revision.entry.leika_key is not None for service in services),
        listed=None if all(answer is None for answer in answers) else sum(answer is True for answer in answers),
        land=land,
    )
