"""Sends messages that wait in the store: one loop for whatever goes out, to whomever.

Knows: leases on messages, a lane for each receiver so that a slow one holds up nobody else, what a failure means for
the next try. Never does: say who has something waiting, know a way out (`webhooks` and `alerts` do).
Standards: Standard Webhooks 1.0, RFC 9110 §10.2.3 (Retry-After). Start reading: `SendingLoop.look`.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar, Final, Generic, Protocol, TypeVar

import structlog

from gateway.errors import CounterpartError, CounterpartRefused, InternalError, unexpected
from gateway.errors.recurring import Failures, repeat
from gateway.notify.schedule import GONE_STATUS, DueMessage, SendingResult, next_try, seconds
from gateway.outbound.answer import Answer
from gateway.ports.clock import Clock

log = structlog.get_logger()


GONE: Final = "receiver_gone"
"""Stands in the log of a message that was given up since the settings name no receiver for it."""


class ReceiverGoneError(Exception):
    """The settings name no receiver for it any more: it is given up at once."""


class MessageQueue(Protocol):
    """What every sender asks of the store, beside finding and claiming what is due."""

    async def settle(self, results: Sequence[SendingResult]) -> None:
        """Write down what became of claimed messages; one claimed anew since is left alone."""
        ...

    async def prune(self) -> int:
        """Forget old messages; how many."""
        ...


R = TypeVar("R")
M = TypeVar("M", bound=DueMessage)


@dataclass(slots=True, kw_only=True)
class SendingLoop(ABC, Generic[R, M]):
    """Sends what is due. A sender says who has something waiting, claims it under a lease, and knows the way."""

    task: ClassVar[str]
    look_every_s: ClassVar[float]
    chores_task: ClassVar[str]
    chores_every_s: ClassVar[float]
    final_statuses: ClassVar[frozenset[int]] = frozenset({GONE_STATUS})
    """Answers after which a message is not tried again."""

    queue: MessageQueue
    clock: Clock
    failures: Failures = field(default_factory=Failures)
    _lanes: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _rests: dict[str, datetime] = field(default_factory=dict)

    async def run(self) -> None:
        """Look again and again until cancelled; a database that went away is waited for."""
        looks = repeat(self.failures, self.task, self.look, self.look_every_s)
        chores = repeat(self.failures, self.chores_task, self.chores, self.chores_every_s)
        try:
            await asyncio.gather(chores, looks)
        finally:
            for lane in self._lanes.values():
                lane.cancel()
            await asyncio.gather(*self._lanes.values(), return_exceptions=True)

    async def look(self) -> None:
        """Start a lane for every receiver that has something waiting and none running; one that failed rests first."""
        now = self.clock.now()
        self._rests = {task: until for task, until in self._rests.items() if until > now}
        self._lanes = {task: lane for task, lane in self._lanes.items() if not lane.done()}
        for task, receiver in (await self._busy()).items():
            if self._free(task):
                self._lanes[task] = asyncio.create_task(self._lane(task, receiver))

    async def idle(self) -> None:
        """Wait until every lane has come to its end."""
        await asyncio.gather(*self._lanes.values())

    async def chores(self) -> None:
        """What is done once in a while beside sending."""
        await self.queue.prune()

    def _free(self, task: str) -> bool:
        return task not in self._lanes and task not in self._rests

    @abstractmethod
    async def _busy(self) -> Mapping[str, R]:
        """Who has something waiting, by the name of the task of sending it there."""

    @abstractmethod
    def _claims(self, receiver: R) -> AsyncIterator[Sequence[M]]:
        """What is due, under a lease: if this worker dies, another one claims it once the lease has ended."""

    @abstractmethod
    async def _send(self, message: M) -> Answer | None:
        """Try once; the answer, where the way has one.

        Raises `CounterpartError`, `TimeoutError` and `ReceiverGoneError`.
        """

    async def _lane(self, task: str, receiver: R) -> None:
        if not await self.failures.attempt(task, partial(self._work_off, task, receiver)):
            self._rests[task] = self.clock.now() + timedelta(seconds=self.failures.gap(task, self.look_every_s))

    async def _work_off(self, task: str, receiver: R) -> None:
        """Where this fails after sending, the lease ends and the message is sent once more, under the same id."""
        async for due in self._claims(receiver):
            await self.queue.settle(await asyncio.gather(*(self._try(task, message) for message in due)))

    async def _try(self, task: str, message: M) -> SendingResult:
        """Send one message; an exception that nobody foresaw is a failed try of this message alone."""
        status, error, wish, final = None, None, None, False
        try:
            answer = await self._send(message)
        except TimeoutError:
            error = "timeout"
        except CounterpartError as failure:
            error, wish, final = failure.code, failure.retry_after, isinstance(failure, CounterpartRefused)
        except ReceiverGoneError:
            error, final = GONE, True
        except Exception as failure:  # noqa: BLE001 - whatever it is, the other messages have been sent
            error = InternalError.code
            log.error("message.not_sent", task=task, message=str(message.id), **unexpected.named(failure))  # noqa: TRY400 - messages hold values
        else:
            if answer is not None:
                status, wish = answer.status, seconds(answer.headers.get("retry-after", ""))
        now = self.clock.now()
        delivered = error is None and (status is None or 200 <= status < 300)
        over = delivered or final or status in self.final_statuses
        again = None if over else next_try(message, now, wish)
        return SendingResult(message.id, message.tries, now, delivered, status, error, again)
