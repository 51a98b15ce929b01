"""Single flight: callers that ask for the same thing while it is under way share one answer, or one error.

Knows: one running task a key, results kept for a stated age, how long the others wait. Never does: I/O of its own,
retries.
Start reading: `Flight.join`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from typing import Final, Generic, TypeVar

from gateway.ports.channel import LookUnderWay

PATIENCE_S: Final = 1.0
"""Seconds from its start that the other callers wait for a request: they hold places that others need."""

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Flight(Generic[K, V]):
    """Shares answers by key. `max_age` in seconds counts from the start of the request that made the answer.

    Errors are shared by those who waited for them and never kept. `tick` is a monotonic clock in seconds. Who started a
    request waits to its end, so that somebody goes on with an answer that comes late.
    """

    def __init__(self, *, max_age: float, tick: Callable[[], float]) -> None:
        self._max_age = max_age
        self._tick = tick
        self._under_way: dict[K, tuple[float, asyncio.Task[V]]] = {}
        self._kept: dict[K, tuple[float, V]] = {}

    async def join(self, key: K, start: Callable[[], Awaitable[V]]) -> V:
        """The answer for `key`: kept, under way, or fetched by `start` now.

        A caller that is cancelled leaves the others their answer. Raises `LookUnderWay` where another's request takes
        longer than `PATIENCE_S`.
        """
        began = self._tick()
        kept = self._kept.get(key)
        if kept and began - kept[0] < self._max_age:
            return kept[1]
        if under_way := self._under_way.get(key):
            since, task = under_way
            await asyncio.wait({task}, timeout=max(since + PATIENCE_S - began, 0.0))
            if not task.done():
                raise LookUnderWay
            return task.result()
        task = asyncio.ensure_future(self._run(key, start, began))
        self._under_way[key] = (began, task)
        task.add_done_callback(_seen)
        return await asyncio.shield(task)

    def busy(self, key: K) -> bool:
        """Whether somebody is asking for it."""
        return key in self._under_way

    def forget(self, key: K) -> None:
        """Fetch anew for whoever asks next."""
        self._kept.pop(key, None)

    async def _run(self, key: K, start: Callable[[], Awaitable[V]], began: float) -> V:
        try:
            value = await start()
        finally:
            del self._under_way[key]
        self._kept = {k: held for k, held in self._kept.items() if began - held[0] < self._max_age}
        if self._max_age > 0:
            self._kept[key] = (began, value)
        return value


def _seen(task: asyncio.Task[V]) -> None:
    """Mark an error as looked at, also where every waiting caller was cancelled."""
    if not task.cancelled():
        task.exception()
