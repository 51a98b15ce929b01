"""Ends exchanges that take longer than their whole time.

Knows: the exchanges of one client that are under way, looked at together every second. Never does: a timer for each:
that would cost every exchange more than all else that is done for it here. Standard: as `asyncio.timeout` ends a block.
Start reading: `Overdue.begin`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from gateway.outbound.pace import Pace, Progress

EVERY_S: Final = 1.0


@dataclass(slots=True, eq=False)
class UnderWay:
    """One exchange, the task that carries it out, and how often that task was cancelled before.

    An answer that is handed out piece by piece has a task only while one waits for the next piece; in between `cut`
    ends it.
    """

    progress: Progress
    task: asyncio.Task[Any] | None = None
    asked: int = 0
    ended: bool = False
    cut: Callable[[], None] | None = None

    def resume(self) -> None:
        """The running task waits for it from now on."""
        self.task = asyncio.current_task()
        self.asked = self.task.cancelling() if self.task else 0

    def pause(self) -> None:
        """No task waits for it: the caller works on the piece it was handed."""
        self.task = None

    def stop(self) -> None:
        """It took too long."""
        self.ended = True
        if self.task is not None:
            self.task.cancel()
        elif self.cut is not None:
            self.cut()

    def was_ended(self) -> bool:
        """Asked once for a `CancelledError`: whether it came from here, and from here only."""
        return self.ended and self.task is not None and self.task.uncancel() <= self.asked


class Overdue:
    """All exchanges of one client. Needs a running loop."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._every_s = min(EVERY_S, pace.base_s / 10)
        self._under_way: set[UnderWay] = set()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, now: float) -> UnderWay:
        """The running task begins one at `now` of the loop's clock; `end` says that it is over."""
        exchange = UnderWay(Progress(self._pace, now))
        exchange.resume()
        self._under_way.add(exchange)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._every_s, self._look)
        return exchange

    def end(self, exchange: UnderWay) -> None:
        """It is over, well or not."""
        self._under_way.discard(exchange)

    def close(self) -> None:
        """Look no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for exchange in tuple(self._under_way):
            if not exchange.ended and exchange.progress.overdue(now):
                exchange.stop()
        self._timer = loop.call_later(self._every_s, self._look) if self._under_way else None
