"""One read-back of one source for one municipality, under a lease: ask, judge, keep or refuse; then when to try again.

Knows: what a sound answer changes, and that no other changes anything; back-off by class of error. Never does: SQL,
HTTP. Standard: architecture §3 (a dead worker's work is taken over). Start reading: `ReadBack.next`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, Literal, Protocol

import structlog

from gateway.catalogue.entry import Entry
from gateway.catalogue.readback.asking import Asker, KeptAnswer
from gateway.catalogue.readback.judging import Judgement, expected, held_against, of_delivered
from gateway.catalogue.readback.rows import AnswerRefused
from gateway.catalogue.status import Source
from gateway.errors import CounterpartError, CounterpartGarbled, GatewayError, InternalError, unexpected
from gateway.ports.clock import Clock

LEASE: Final = timedelta(minutes=10)
"""A read-back whose process died is taken over after this time."""
SETTLED: Final = timedelta(hours=48)
"""An answer that stays much smaller for so long is the source's word."""
FIRST_WAIT: Final = timedelta(minutes=5)
"""Before the first try again; each failure doubles it, up to the usual time."""
TAKEN_OVER: Final = timedelta(hours=1)
"""So long after an export was accepted that changed a municipality's objects it is looked what came of it, whenever the
usual time would be."""
EXPORTED: Final = (Source.PVOG, Source.DATA_HUB)
"""The sources that list what was exported."""
MOST_REQUESTS: Final = 10
"""Requests that reading back one municipality takes, all sources together."""
LEAST_REQUESTS: Final = 3
"""However many the others took, the last source comes forward: a route, the portal's keys, one of both again."""
WAITING_S: Final = 0.5
"""Between two looks whether another's read-back is over."""
_DOUBLINGS: Final = 12

Outcome = Literal["sound", "refused", "failed"]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Turn:
    """A claimed read-back. `failures` came before it in a row, `shrunk_since` is when an answer first shrank."""

    municipality: str
    source: Source
    tries: int
    failures: int = 0
    shrunk_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReadBackResult:
    """What came of a turn. `reason`: a rule of `rows.RULES` or an error's code; `judgement` only where it is sound."""

    turn: Turn
    at: datetime
    outcome: Outcome
    next_at: datetime
    requests: int = 0
    answers: tuple[KeptAnswer, ...] = ()
    judgement: Judgement | None = None
    reason: str | None = None
    status: int | None = None
    shrunk_since: datetime | None = None

    def as_json(self) -> dict[str, Any]:
        """The line of `gateway catalogue readback`."""
        judgement = self.judgement
        return {
            "municipality": self.turn.municipality,
            "source": self.turn.source.value,
            "outcome": self.outcome,
            "reason": self.reason,
            "listed": judgement.listed if judgement else None,
            "findings": len(judgement.findings) if judgement else None,
            "rows_of_land": judgement.total if judgement else None,
            "requests": self.requests,
        }


class ListingSource(Protocol):
    """A source that lists services."""

    @property
    def source(self) -> Source:
        """Which one it is."""
        ...

    @property
    def asker(self) -> Asker:
        """Who asks it; each read-back takes a new one like it."""
        ...

    def serves(self, municipality: str) -> bool:
        """Whether it can be asked for this municipality."""
        ...

    async def read(self, asker: Asker, municipality: str, entries: Sequence[Entry], now: datetime) -> Judgement:
        """What it says of entries that have a key. Raises `AnswerRefused` and `CounterpartError`."""
        ...


class Readbacks(Protocol):
    """Turns, answers, listings and findings, kept. Every method raises `DatabaseAway`."""

    async def claim(
        self, pairs: Collection[tuple[str, Source]], lease: timedelta, *, at_once: bool = False
    ) -> Turn | None:
        """The turn among `pairs` that is due longest, of a municipality with entries; `at_once` whatever it has.

        A source of `EXPORTED` is due as well once `TAKEN_OVER` has passed since an export that changed an object of the
        municipality and it was not read after that; not while it fails. None: none is due, or one is under way.
        """
        ...

    async def entries(self, municipality: str) -> Sequence[Entry]:
        """The latest state of every entry with a key that is no draft, withdrawn ones as well."""
        ...

    async def delivered(self, municipality: str) -> Collection[str]:
        """The services that the last accepted export holds, in whatever state."""
        ...

    async def listed(self, municipality: str, source: Source) -> Collection[str]:
        """The services that the last sound answer listed."""
        ...

    async def requests(self, municipality: str, sources: Collection[Source]) -> int:
        """How many requests the last read-backs of these sources took."""
        ...

    async def settle(self, result: ReadBackResult) -> bool:
        """Keep the result, its listings and findings in one transaction; False: another took the turn over."""
        ...

    async def prune(self, before: datetime) -> int:
        """Forget read-backs and answers older than that."""
        ...


@dataclass(frozen=True, slots=True)
class ReadBack:
    """Reads back: the worker when it is due, the command at once. `every` is the usual time between two."""

    sources: Mapping[Source, ListingSource]
    rows: Readbacks
    clock: Clock
    every: timedelta

    def pairs(self, municipalities: Collection[str]) -> tuple[tuple[str, Source], ...]:
        """What there is to read back for these municipalities."""
        return tuple(
            (town, source) for town in municipalities for source, it in self.sources.items() if it.serves(town)
        )

    async def next(self, pairs: Collection[tuple[str, Source]], *, at_once: bool = False) -> ReadBackResult | None:
        """Read back what is due, one of them; None where nothing is, or another process reads just now.

        Raises `DatabaseAway`.
        """
        turn = await self.rows.claim(pairs, LEASE, at_once=at_once)
        if turn is None:
            return None
        result = await self._read(turn)
        if not await self.rows.settle(result):
            await log.awarning("catalogue.readback_too_late", **_place(turn))
        elif result.outcome == "refused":
            await log.awarning("catalogue.readback_refused", reason=result.reason, **_place(turn))
        elif result.outcome == "failed":
            await log.awarning("catalogue.readback_failed", code=result.reason, **_place(turn))
        return result

    async def at_once(self, pair: tuple[str, Source], stop: asyncio.Event) -> ReadBackResult | None:
        """Read back now, whether due or not, once no other is under way; None where `stop` was set before.

        Raises `DatabaseAway`.
        """
        while not stop.is_set():
            if (result := await self.next((pair,), at_once=True)) is not None:
                return result
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), WAITING_S)
        return None

    async def _read(self, turn: Turn) -> ReadBackResult:
        asker = self.sources[turn.source].asker.anew(await self._most(turn))
        result = await self._tried(turn, asker, self.clock.now())
        status = asker.answers[-1].status if asker.answers else None
        return replace(result, requests=asker.requests, answers=tuple(asker.answers), status=status)

    async def _most(self, turn: Turn) -> int | None:
        """Routing takes a request for each key: it gets what the other sources leave, and goes on the next time."""
        if turn.source is not Source.ROUTING:
            return None
        others = [source for _, source in self.pairs([turn.municipality]) if source is not turn.source]
        spent = await self.rows.requests(turn.municipality, others)
        return max(LEAST_REQUESTS, MOST_REQUESTS - spent)

    async def _tried(self, turn: Turn, asker: Asker, now: datetime) -> ReadBackResult:
        shrunk = turn.shrunk_since
        try:
            judgement, still_shrunk = await self._judged(turn, asker, now)
        except AnswerRefused as error:
            shrunk = (shrunk or now) if error.rule == "shrunk" else shrunk
            again = now + self._wait(turn)
            return ReadBackResult(turn, now, "refused", again, reason=error.rule, shrunk_since=shrunk)
        except CounterpartError as error:
            outcome: Outcome = "refused" if isinstance(error, CounterpartGarbled) else "failed"
            again = self._again(turn, now, error)
            return ReadBackResult(turn, now, outcome, again, reason=error.code, shrunk_since=shrunk)
        except GatewayError:
            raise
        except Exception as error:  # noqa: BLE001 - an answer that nobody foresaw holds up no other source
            await log.awarning("catalogue.readback_unforeseen", **_place(turn), **unexpected.named(error))
            return ReadBackResult(turn, now, "failed", now + self._wait(turn), reason=InternalError.code)
        shrunk = shrunk if still_shrunk else None
        return ReadBackResult(turn, now, "sound", now + self.every, judgement=judgement, shrunk_since=shrunk)

    async def _judged(self, turn: Turn, asker: Asker, now: datetime) -> tuple[Judgement, bool]:
        """What the source says, and whether the rest of what is asked by turns may be believed as small as well."""
        entries = await self.rows.entries(turn.municipality)
        delivered = await self.rows.delivered(turn.municipality)
        judgement = await self.sources[turn.source].read(asker, turn.municipality, entries, now)
        before, still_shrunk = await self.rows.listed(turn.municipality, turn.source), False
        try:
            held_against(before, judgement, expected(entries, now))
        except AnswerRefused:
            if turn.shrunk_since is None or now - turn.shrunk_since < SETTLED:
                raise
            still_shrunk = judgement.comparable is not None
        return of_delivered(judgement, delivered), still_shrunk

    def _again(self, turn: Turn, now: datetime, error: CounterpartError) -> datetime:
        """What may pass by itself is tried sooner than usual, never before the source's own wish."""
        asked = timedelta(seconds=error.retry_after or 0)
        return now + max(asked, self._wait(turn) if error.retry else self.every)

    def _wait(self, turn: Turn) -> timedelta:
        return min(FIRST_WAIT * (1 << min(turn.failures, _DOUBLINGS)), self.every)


def _place(turn: Turn) -> dict[str, str]:
    return {"municipality": turn.municipality, "source": turn.source.value}
