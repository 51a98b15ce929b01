"""One run over every subject: measured side by side, judged together, noted some at a time.

Knows: that one process alone makes a run, that the run's end tells whether our own network was there. Never does: ask a
page or a dependency itself (`asking` does). Standard: catalogue reference §6.2; architecture §3.
Start reading: `Prober.run`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final, Protocol

from gateway.catalogue.probes.maintenance import MaintenanceWindow
from gateway.catalogue.probes.network import ours_is_there
from gateway.catalogue.probes.standing import Measurement, Standing, Subject
from gateway.errors import DatabaseAway
from gateway.german_time import german_date
from gateway.ports.clock import Clock

RENEW_EVERY_S: Final = 2.0
"""Seconds between two signs of life of a run; its lease lasts longer."""
GAP_S: Final = 0.05
"""Seconds between two probes where they are spread: about a thousand a minute."""
NOTED_AT_ONCE: Final = 25
"""Measurements that are written together: a commit each would take the disk's time from portals."""


@dataclass(frozen=True, slots=True)
class ServicePage:
    """The page of a service, and the texts of which one has to stand there."""

    subject: Subject
    url: str
    expected: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """How findings are told: `damping` joins what follows shortly, `certificate` is the time before its end."""

    damping: timedelta = timedelta(minutes=30)
    certificate: timedelta = timedelta(days=21)
    maintenance: Mapping[str, Sequence[MaintenanceWindow]] = field(default_factory=dict)


class ProbeRuns(Protocol):
    """Where runs, measurements and standings are kept."""

    async def begin(self, now: datetime, due_before: datetime | None) -> int | None:
        """Begin a run; None where another one is in progress, or the last whole one began after `due_before`.

        Raises `DatabaseAway`, as everything here.
        """
        ...

    async def renew(self, run: int, now: datetime) -> bool:
        """Go on with a run; False where another process took over."""
        ...

    async def give_up(self, run: int) -> None:
        """Leave a run unfinished, so that another one may begin at once."""
        ...

    async def pages(self, day: date) -> Sequence[ServicePage]:
        """The page of every entry that is published on that German day and has an address."""
        ...

    async def note(
        self, run: int, measured: Mapping[Subject, Measurement], rules: Rules, *, own_network: bool
    ) -> Mapping[Subject, Standing] | None:
        """Write measurements and all that follows from them, or nothing; how each subject stands now.

        Without our own network they change no standing and no figures. None: another process took over.
        """
        ...

    async def end(self, run: int, now: datetime, subjects: Collection[Subject], *, own_network: bool) -> bool:
        """End a run; what is not among its subjects is forgotten. False: another process took over."""
        ...


@dataclass(frozen=True, slots=True)
class Result:
    """One subject of a run: what was measured, whether it works."""

    subject: Subject
    measurement: Measurement
    works: bool | None

    def as_json(self) -> dict[str, Any]:
        """The line of `gateway catalogue probe`."""
        kind = "service" if self.subject.is_service else "dependency"
        return {
            "municipality": self.subject.municipality or None,
            kind: self.subject.name,
            "good": self.measurement.good,
            "works": self.works,
            "reason": self.measurement.reason,
            "ms": self.measurement.milliseconds,
        }


@dataclass(frozen=True, slots=True)
class Run:
    """A run that came to its end, or was taken over before (`whole` false)."""

    number: int
    results: tuple[Result, ...]
    own_network: bool
    whole: bool

    def as_json(self) -> dict[str, Any]:
        """The last line of `gateway catalogue probe`."""
        good = sum(result.measurement.good for result in self.results)
        return {
            "summary": {
                "run": self.number,
                "good": good,
                "bad": len(self.results) - good,
                "down": sum(result.works is False for result in self.results),
                "own_network": self.own_network,
                "whole": self.whole,
            }
        }


Ask = Callable[[], Awaitable[Measurement]]
"""Measures one subject; whatever happens is a measurement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prober:
    """Makes runs. `ask_page` and `dependencies` measure, `references` say whether addresses of others answer.

    Probes begin evenly over `spread_s` seconds at most, so that no server gets them at once; 0: as soon as one may.
    """

    runs: ProbeRuns
    clock: Clock
    ask_page: Callable[[ServicePage], Awaitable[Measurement]]
    dependencies: Mapping[Subject, Ask]
    references: Sequence[Callable[[], Awaitable[bool]]] = ()
    texts: Mapping[Subject, str] = field(default_factory=dict)
    rules: Rules = Rules()
    at_once: int = 4
    spread_s: float = 0.0
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    renew_every_s: float = RENEW_EVERY_S

    async def run(self, due_before: datetime | None = None) -> Run | None:
        """Make a whole run; None where none may begin (`ProbeRuns.begin`). Raises `DatabaseAway`."""
        number = await self.runs.begin(self.clock.now(), due_before)
        if number is None:
            return None
        alive = asyncio.create_task(self._alive(number))
        try:
            return await self._whole(number)
        except BaseException:
            with suppress(DatabaseAway):
                await self.runs.give_up(number)
            raise
        finally:
            alive.cancel()
            await asyncio.gather(alive, return_exceptions=True)

    async def _alive(self, number: int) -> None:
        while True:
            await asyncio.sleep(self.renew_every_s)
            with suppress(DatabaseAway):  # the next write of the run says so
                if not await self.runs.renew(number, self.clock.now()):
                    return

    async def _whole(self, number: int) -> Run:
        pages = await self.runs.pages(german_date(self.clock.now()))
        asks: dict[Subject, Ask] = {page.subject: self._page(page) for page in pages}
        measured, references = await self._measure({**asks, **self.dependencies})
        there = ours_is_there(measured, references)
        results: list[Result] = []
        subjects = list(measured)
        for start in range(0, len(subjects), NOTED_AT_ONCE):
            several = {subject: measured[subject] for subject in subjects[start : start + NOTED_AT_ONCE]}
            stands = await self.runs.note(number, several, self.rules, own_network=there)
            if stands is None:
                return Run(number, tuple(results), there, whole=False)
            results += [Result(subject, measurement, stands[subject].works) for subject, measurement in several.items()]
        ended = await self.runs.end(number, self.clock.now(), measured.keys(), own_network=there)
        return Run(number, tuple(results), there, ended)

    def _page(self, page: ServicePage) -> Ask:
        text = self.texts.get(page.subject)
        expected = page if text is None else ServicePage(page.subject, page.url, (text,))
        return lambda: self.ask_page(expected)

    async def _measure(self, asks: Mapping[Subject, Ask]) -> tuple[dict[Subject, Measurement], list[bool]]:
        places = asyncio.Semaphore(self.at_once)
        gap_s = min(GAP_S, self.spread_s / max(1, len(asks)))

        async def measured(number: int, ask: Ask) -> Measurement:
            await self.sleep(number * gap_s)
            async with places:
                return await ask()

        async with asyncio.TaskGroup() as group:
            references = [group.create_task(_asked(reference)) for reference in self.references]
            tasks = {
                subject: group.create_task(measured(number, ask)) for number, (subject, ask) in enumerate(asks.items())
            }
        return {subject: task.result() for subject, task in tasks.items()}, [task.result() for task in references]


async def _asked(reference: Callable[[], Awaitable[bool]]) -> bool:
    return await reference()
