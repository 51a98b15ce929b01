"""Makes the report of each day, and makes it anew once what it says has changed; the last one of a day stands for it.

Knows: when it looks, that there is none before anybody claims anything. Never does: make one because time passed or
another probe was as good as the last. Standard: fixed interfaces §4. Start reading: `ReportRenewal.look`.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from gateway.catalogue.work import WorkKind
from gateway.errors import NotFound
from gateway.german_time import german_date
from gateway.store.catalogue.truths import StoredTruths
from gateway.wiring.catalogue_publication import daily_reports
from gateway.wiring.catalogue_work import noted
from gateway.wiring.runtime import Runtime

LOOK_EVERY_S: Final = 60.0
RESTS: Final = 20.0
"""So many times as long as it took to make one, the next is not made: a report of a whole Land costs its time."""


@dataclass(slots=True)
class ReportRenewal:
    """The renewals of one process. `tick` is a monotonic clock in seconds."""

    runtime: Runtime
    tick: Callable[[], float] = time.monotonic
    _said: tuple[date, str] | None = field(default=None, init=False)
    _rests_until: float = field(default=float("-inf"), init=False)

    async def look(self) -> None:
        """Make the report of this day where there is none, or where it may say otherwise than the last one made here.

        Raises `DatabaseAway`.
        """
        began = self.tick()
        if began < self._rests_until:
            return
        seen = german_date(self.runtime.clock.now()), await StoredTruths(self.runtime.store.database).mark()
        if seen == self._said:
            return
        try:
            await self._made(daily_reports(self.runtime).renewed())
        finally:
            self._rests_until = self.tick() + RESTS * (self.tick() - began)
        self._said = seen

    async def _made(self, report: Awaitable[object]) -> None:
        with suppress(NotFound):
            await noted(self.runtime, WorkKind.REPORT, report)
