"""Recurring tasks must not fail in silence: failures are counted, gaps grow (exponential back-off), an alarm is raised.

Knows: how often each task failed in a row, when that is told, when it is over. Never does: know what a task does, end
because one failed. Standard: architecture §3. Start reading: `Failures.attempt`, then `repeat`.

A database that is away is waited for and not counted: nothing could be told meanwhile, and who waits for it says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import structlog

from gateway.errors import DatabaseAway, GatewayError, unexpected

log = structlog.get_logger()

TOLD_AFTER: Final = 4
"""Failures in a row after which somebody is told."""
LONGEST_S: Final = 300.0
"""The longest gap between two tries of a task that fails, unless its usual one is longer."""

Tell = Callable[[str, bool], Awaitable[object]]
"""Told a task's name and whether it fails or does its work again."""


@dataclass(slots=True)
class Failures:
    """Counts for one process. `tell` unset: the log alone tells."""

    tell: Tell | None = None
    _counts: dict[str, int] = field(default_factory=dict)

    async def attempt(self, task: str, work: Callable[[], Awaitable[object]]) -> bool:
        """Run the task once; whether it succeeded. Whatever it raises is counted and logged without its text."""
        try:
            await work()
        except DatabaseAway as error:
            log.warning("task.database_away", task=task, code=error.code)
        except Exception as error:  # noqa: BLE001 - whatever it is, the task has its next turn, and others theirs
            await self._failed(task, error)
        else:
            await self._done(task)
            return True
        return False

    def gap(self, task: str, usual_s: float) -> float:
        """Seconds until a task has its next turn: the usual ones, growing while it fails (exponential back-off)."""
        grown = usual_s * float(1 << min(self._counts.get(task, 0), TOLD_AFTER + 1))
        return max(usual_s, min(grown, LONGEST_S))

    async def _failed(self, task: str, error: Exception) -> None:
        number = self._counts[task] = self._counts.get(task, 0) + 1
        code = {"code": error.code} if isinstance(error, GatewayError) else {}
        log.error("task.failed", task=task, failures=number, **code, **unexpected.named(error))
        if number >= TOLD_AFTER:
            await self._say(task, failing=True)

    async def _done(self, task: str) -> None:
        before = self._counts.get(task)
        if (before is None or before >= TOLD_AFTER) and not await self._say(task, failing=False):
            return  # said after the next success; the first one ends what a process before this one told
        self._counts[task] = 0

    async def _say(self, task: str, *, failing: bool) -> bool:
        if self.tell is None:
            return True
        try:
            await self.tell(task, failing)
        except Exception as error:  # noqa: BLE001 - said again with the next try
            log.warning("task.not_told", task=task, **unexpected.named(error))
            return False
        return True


async def repeat(
    failures: Failures,
    task: str,
    work: Callable[[], Awaitable[object]],
    every_s: float,
    *,
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> None:
    """Run the task until cancelled, with that gap or, while it fails, a longer one."""
    while True:
        await failures.attempt(task, work)
        await sleep(failures.gap(task, every_s))
