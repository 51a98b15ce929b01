"""The loop that sends whatever waits: lanes, failed tries, results; a queue of its own instead of a database."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
import structlog.testing

from gateway.errors import CounterpartBusy, CounterpartRefused
from gateway.notify.schedule import DELAYS, DueMessage
from gateway.notify.sending import SendingLoop
from gateway.outbound.answer import Answer

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


@dataclass
class Queue:
    waiting: dict[str, list[DueMessage]]
    results: list = field(default_factory=list)
    broken: bool = False

    async def settle(self, results):
        if self.broken:
            raise ValueError("Müßiggang")
        self.results += results

    async def prune(self):
        return 0


class Clock:
    def now(self) -> datetime:
        return NOW


@dataclass(kw_only=True)
class Sender(SendingLoop[str, DueMessage]):
    task = "test_send"
    look_every_s = 1.0
    chores_task = "test_prune"
    chores_every_s = 1.0

    ways: dict
    sent: list = field(default_factory=list)

    async def _busy(self):
        return {f"to {key}": key for key, waiting in self.queue.waiting.items() if waiting}

    async def _claims(self, receiver):
        while due := self.queue.waiting[receiver]:
            self.queue.waiting[receiver] = []
            yield due

    async def _send(self, message):
        key = list(self.ways)[message.id.int % 9]
        self.sent.append(key)
        return await self.ways[key]()


def sender(**ways) -> Sender:
    waiting = {key: [DueMessage(UUID(int=no), 1, NOW)] for no, key in enumerate(ways)}
    return Sender(queue=Queue(waiting), clock=Clock(), ways=ways)


def answering(status: int, **headers: str):
    async def way():
        return Answer(status, {name.replace("_", "-"): value for name, value in headers.items()}, b"", "x")

    return way


def raising(error: Exception):
    async def way():
        raise error

    return way


async def without_answer():
    return None


async def one_try(way):
    loop = sender(one=way)
    await loop.look()
    await loop.idle()
    [result] = loop.queue.results
    assert (result.message, result.tries, result.at) == (UUID(int=0), 1, NOW)
    return result


AGAIN = NOW + timedelta(seconds=DELAYS[0])


@pytest.mark.parametrize(
    ("way", "delivered", "status", "error", "next_at"),
    [
        (answering(204), True, 204, None, None),
        (without_answer, True, None, None, None),
        (answering(500), False, 500, None, AGAIN),
        (answering(302), False, 302, None, AGAIN),
        (answering(429, retry_after="90"), False, 429, None, NOW + timedelta(seconds=90)),
        (answering(410), False, 410, None, None),
        (raising(TimeoutError()), False, None, "timeout", AGAIN),
        (raising(CounterpartBusy(host="x", http_status=451)), False, None, "counterpart_busy", AGAIN),
        (raising(CounterpartBusy(host="x", http_status=503, retry_after=90)), False, None, "counterpart_busy",
         NOW + timedelta(seconds=90)),
        (raising(CounterpartRefused(host="x", http_status=550)), False, None, "counterpart_refused", None),
        (raising(KeyError("Müßiggang")), False, None, "internal", AGAIN),
    ],
)  # fmt: skip
async def test_what_comes_back_says_what_becomes_of_the_message(way, delivered, status, error, next_at):
    with structlog.testing.capture_logs() as lines:
        result = await one_try(way)
    assert (result.delivered, result.status, result.error, result.next_at) == (delivered, status, error, next_at)
    assert "Müßiggang" not in str(lines)


async def test_one_that_hangs_holds_up_no_other_and_gets_no_second_lane():
    held = asyncio.Event()

    async def hanging():
        await held.wait()
        return Answer(204, {}, b"", "x")

    loop = sender(slow=hanging, quick=answering(204))
    await loop.look()
    await loop._lanes["to quick"]
    loop.queue.waiting["slow"] = [DueMessage(UUID(int=9), 1, NOW)]
    await loop.look()
    assert sorted(loop.sent) == ["quick", "slow"]
    held.set()
    await loop.idle()
    assert len(loop.queue.results) == 3


async def test_a_result_that_cannot_be_written_down_lets_the_lane_rest_and_ends_nothing():
    loop = sender(one=answering(204), other=answering(204))
    loop.queue.broken = True
    await loop.look()
    await loop.idle()
    assert loop._rests.keys() == {"to one", "to other"}
    loop.queue.waiting["one"] = [DueMessage(UUID(int=0), 2, NOW)]
    await loop.look()
    await loop.idle()
    assert len(loop.sent) == 2


async def test_lanes_end_with_the_loop():
    begun = asyncio.Event()

    async def hanging():
        begun.set()
        await asyncio.Event().wait()

    loop = sender(slow=hanging)
    running = asyncio.create_task(loop.run())
    await begun.wait()
    (lane,) = loop._lanes.values()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert lane.cancelled()
