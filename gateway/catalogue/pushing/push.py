"""One push of one municipality's changes, under a lease: make the transfers, send them, keep what came of it.

Knows: that a transfer sent again is the same one, what only a person can mend, when to try again. Never does: SQL,
HTTP. Standard: PVOG Sammlerdienst (push); architecture §3 (a dead worker's work is taken over).
Start reading: `Pusher.next`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final, Protocol

import structlog

from gateway.catalogue.delta import ExportReplaced, delta
from gateway.catalogue.export import Accepted
from gateway.catalogue.served import ServedFiles
from gateway.catalogue.xzufi.transfer import XzufiWriter
from gateway.errors import (
    CatalogueExportBusy,
    CatalogueExportInvalid,
    CatalogueUnverified,
    CounterpartError,
    CounterpartRefused,
    GatewayError,
)
from gateway.errors.sentences import Sentences
from gateway.model import instant
from gateway.ports.clock import Clock

LEASE: Final = timedelta(minutes=2)
"""A push whose process died is taken over after this time; each file that was taken renews it."""
FIRST_WAIT: Final = timedelta(minutes=1)
LONGEST_WAIT: Final = timedelta(hours=1)
"""Each failure doubles the wait; what does not pass by itself is tried this seldom."""
_DOUBLINGS: Final = 12
_OF_THE_DATA: Final = frozenset({400, 409, 413, 415, 422})
"""Answers that say: these data will not do, however often they come."""
_AGAIN: Final = 3

log = structlog.get_logger()


class PushState(StrEnum):
    """Where a push stands; a refused one rests until its data change or a person sends it again."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ClaimedPush:
    """A push that is ours for a while: the changes of a municipality after export `since`."""

    no: int
    municipality: str
    since: int
    tries: int
    failures: int


@dataclass(frozen=True, slots=True)
class PushResult:
    """What came of it. `export`: what was pushed; `cause`: an error's code, `status` of the answer."""

    push: ClaimedPush
    at: datetime
    state: PushState
    export: int
    next_at: datetime
    files: int = 0
    cause: str | None = None
    status: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The line of `gateway catalogue push`."""
        return {
            "municipality": self.push.municipality,
            "since": self.push.since,
            "export": self.export,
            "state": self.state.value,
            "files": self.files,
            "cause": self.cause,
            "status": self.status,
            "next_at": None if self.state is PushState.ACCEPTED else instant(self.next_at),
        }


class Pushes(Protocol):
    """Pushes as rows. Each method raises `DatabaseAway`."""

    async def prepare(self) -> Accepted | None:
        """Note what has to be pushed of the last accepted export, which is given back."""
        ...

    async def claim(
        self, lease: timedelta, *, at_once: bool = False, besides: Collection[int] = ()
    ) -> ClaimedPush | None:
        """The push that is due longest, not among `besides`; `at_once` whatever its time and state."""
        ...

    async def renew(self, push: ClaimedPush, lease: timedelta) -> bool:
        """Keep it longer; False: another took it over."""
        ...

    async def settle(self, result: PushResult) -> bool:
        """Keep the result; False: another took it over."""
        ...

    async def last(self) -> Accepted | None:
        """The last accepted export."""
        ...


class Collector(Protocol):
    """Who takes changes."""

    async def send(self, content: bytes) -> None:
        """Hand one transfer over. Raises `CounterpartError`."""
        ...


@dataclass(frozen=True, slots=True)
class Pusher:
    """Pushes: the worker what is due, the command everything at once.

    `unverified`: whether exports go out that no official schema vouches for.
    """

    rows: Pushes
    files: ServedFiles
    writer: XzufiWriter = field(repr=False)
    collector: Collector
    clock: Clock
    unverified: bool = False

    def refusal(self, last: Accepted) -> CatalogueUnverified | None:
        """Why this export may not go out."""
        if last.verified or self.unverified:
            return None
        words = self.writer.profile
        return CatalogueUnverified(findings=(_finding(f"{words.urn}_{words.version}", "schema_not_installed"),))

    async def each(
        self, stop: Callable[[], bool], done: set[int], *, at_once: bool = False
    ) -> AsyncIterator[PushResult]:
        """Push what is due, one municipality after another, until `stop` says so; `done` gathers those that were.

        Ends where the collector takes nothing now: the others of it have their turn at the next look. Raises
        `DatabaseAway`.
        """
        while not stop() and (result := await self.next(at_once=at_once, besides=done)) is not None:
            done.add(result.push.no)
            yield result
            if result.state is PushState.WAITING and result.cause != CatalogueUnverified.code:
                return

    async def next(self, *, at_once: bool = False, besides: Collection[int] = ()) -> PushResult | None:
        """Push what is due, one municipality of it; None where nothing is. Raises `DatabaseAway`."""
        push = await self.rows.claim(LEASE, at_once=at_once, besides=besides)
        if push is None:
            return None
        result = await self._tried(push)
        if not await self.rows.settle(result):
            await log.awarning("catalogue.push_too_late", municipality=push.municipality)
        elif result.state is PushState.ACCEPTED:
            await log.ainfo(
                "catalogue.pushed", municipality=push.municipality, export=result.export, files=result.files
            )
        else:
            await log.awarning(
                "catalogue.push_failed",
                municipality=push.municipality,
                state=result.state.value,
                code=result.cause,
                status=result.status,
            )
        return result

    async def _tried(self, push: ClaimedPush) -> PushResult:
        for _ in range(_AGAIN):
            last = await self._last()
            try:
                files = await self._sent(push, last)
            except ExportReplaced:
                continue
            except (CounterpartError, CatalogueUnverified, CatalogueExportInvalid) as error:
                return self._failed(push, last, error)
            now = self.clock.now()
            return PushResult(push, now, PushState.ACCEPTED, last.no, now, files)
        return self._failed(push, await self._last(), CatalogueExportBusy())

    async def _last(self) -> Accepted:
        last = await self.rows.last()
        assert last is not None  # there is nothing to push before the first export
        return last

    async def _sent(self, push: ClaimedPush, last: Accepted) -> int:
        """Send all that differs; how many files it was."""
        if (refusal := self.refusal(last)) is not None:
            raise refusal
        files = await delta(self.files, last, push.since, self.writer, push.municipality)
        for content in files:
            await self.collector.send(content)
            if not await self.rows.renew(push, LEASE):
                break  # another sends it; what comes of it here is kept by nobody
        return len(files)

    def _failed(self, push: ClaimedPush, last: Accepted, error: GatewayError) -> PushResult:
        now = self.clock.now()
        status = error.params.get("http_status")
        of_the_data = isinstance(error, CatalogueExportInvalid) or (
            isinstance(error, CounterpartRefused) and status in _OF_THE_DATA
        )
        waited = FIRST_WAIT * (1 << min(push.failures, _DOUBLINGS)) if error.retry else LONGEST_WAIT
        again = now + max(min(waited, LONGEST_WAIT), timedelta(seconds=error.retry_after or 0))
        return PushResult(
            push,
            now,
            PushState.REFUSED if of_the_data else PushState.WAITING,
            last.no,
            again,
            cause=error.code,
            status=status if isinstance(status, int) else None,
        )


_finding: Final = Sentences(
    {
        "schema_not_installed": (
            "Das amtliche Schema fehlt; bitte installieren (gateway schemas install), dann neu exportieren.",
            "The official schema is missing; install it (gateway schemas install), then export again.",
        )
    }
).finding
