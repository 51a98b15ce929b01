"""What follows from measurements: how a subject stands, and whether that is told or over.

Knows: how many failures and successes decide. Never does: I/O; measure; damp (`works` is what was seen, joining is the
store's). Standard: catalogue reference §6.2. Start reading: `after`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Final

FAILURES: Final = 3
"""Failures in a row after which a subject counts as down."""
LEAST_RUNS: Final = 2
"""From so many runs they come: one run's moment is nobody's outage."""
SUCCESSES: Final = 3
"""Successes in a row after which one that was down counts as working again."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is probed: a service of a municipality, or `kind:name` of what it needs (`municipality` empty: all do)."""

    municipality: str
    name: str

    @property
    def is_service(self) -> bool:
        """Whether it is a service: ids of services have no colon."""
        return ":" not in self.name

    @property
    def path(self) -> str:
        """What alarms call it."""
        return f"{self.municipality}/{self.name}" if self.municipality else self.name


@dataclass(frozen=True, slots=True)
class Measurement:
    """One probe of one subject. `reason` is a code, set where it is not good; `away` says: no connection at all."""

    at: datetime
    good: bool
    milliseconds: int
    reason: str | None = None
    away: bool = False
    certificate_ends: datetime | None = None
    host: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a subject stands. `works`: None before anything was decided; `since`: when that was decided.

    `failed_runs`, `failed_at` and `reason` are of the failures in a row: how many runs they come from, when the first
    was, why the last one failed. `worked`: whether any probe ever was good.
    """

    works: bool | None = None
    since: datetime | None = None
    failures: int = 0
    successes: int = 0
    reason: str | None = None
    failed_runs: int = 0
    failed_at: datetime | None = None
    last_run: int | None = None
    worked: bool = False


class Consequence(Enum):
    """What is to be told of a standing."""

    DOWN = "down"
    OVER = "over"
    NOTHING = "nothing"


def after(standing: Standing, measurement: Measurement, run: int) -> Standing:
    """How it stands after one more probe in that run."""
    seen = _good(standing) if measurement.good else _bad(standing, measurement, run)
    if seen.works != standing.works:
        seen = replace(seen, since=measurement.at)
    return replace(seen, last_run=run)


def _good(standing: Standing) -> Standing:
    successes = standing.successes + 1
    works = True if not standing.worked or successes >= SUCCESSES else standing.works
    return replace(
        standing, works=works, successes=successes, worked=True, failures=0, failed_runs=0, failed_at=None, reason=None
    )


def _bad(standing: Standing, measurement: Measurement, run: int) -> Standing:
    failures = standing.failures + 1
    runs = standing.failed_runs + (standing.failures == 0 or standing.last_run != run)
    return replace(
        standing,
        works=False if failures >= FAILURES and runs >= LEAST_RUNS else standing.works,
        successes=0,
        failures=failures,
        failed_runs=runs,
        failed_at=standing.failed_at or measurement.at,
        reason=measurement.reason,
    )


def consequence(standing: Standing, *, maintained: bool) -> Consequence:
    """What is to be told. In maintenance nothing new is told; what works ends what was told whenever it does."""
    if standing.works:
        return Consequence.OVER
    if standing.works is None or maintained:
        return Consequence.NOTHING
    return Consequence.DOWN
