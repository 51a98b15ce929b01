"""Several workers together keep a destination's bounds; one that dies leaves its place to others."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from uuid import uuid4

import pytest

from gateway.delivery.advance import Delivery
from gateway.delivery.rate_limit import RateLimit
from gateway.errors import CounterpartBusy
from gateway.fitconnect.events import meaning
from gateway.fitconnect.limits import LIMITS
from gateway.model import Event, Municipality, Part, State
from gateway.ports.blobs import SmallBlob
from gateway.ports.channel import Announced, Sealed
from gateway.store.connection.database import numbered
from gateway.store.operation.destination_slots import LEASE, StoredSlots
from tests.store.conftest import TOWN, new_submission

HERE, THERE = "879ee109-a690-4db8-ab32-424284184d7d", "11111111-a690-4db8-ab32-424284184d7d"
THREE = RateLimit(at_once=3)


@pytest.fixture
def turns(store, clock):
    return [StoredSlots(store.database, clock, uuid4) for _ in range(2)]


async def some(store, number):
    made = [new_submission(f"k-{no}") for no in range(number)]
    for new in made:
        await store.create(new)
    await store.database.run(numbered("DELETE FROM procrastinate_jobs"))
    return [new.submission.id for new in made]


async def woken(store):
    rows = await store.database.rows(
        numbered("SELECT args->>'submission_id' AS id FROM procrastinate_jobs WHERE scheduled_at IS NULL ORDER BY id")
    )
    await store.database.run(numbered("DELETE FROM procrastinate_jobs"))
    return [row["id"] for row in rows]


async def test_places_are_shared_by_all_workers_and_each_destination_has_its_own(store, turns):
    ids = await some(store, 9)
    asked = [await turns[no % 2].take(one, HERE, THREE) for no, one in enumerate(ids[:6])]
    assert [wait is None for wait in asked] == [True, True, True, False, False, False]
    assert await turns[0].take(ids[6], THERE, THREE) is None


async def test_one_that_leaves_wakes_the_one_that_waits_longest_and_it_gets_the_place(store, turns, clock):
    ids = await some(store, 6)
    for one in ids[:5]:
        await turns[0].take(one, HERE, THREE)
        clock.advance(seconds=0.01)
    await turns[0].give_back(ids[1])
    assert await woken(store) == [str(ids[3])]
    assert await turns[1].take(ids[5], HERE, THREE) is not None  # a newcomer stands behind
    assert await turns[1].take(ids[3], HERE, THREE) is None
    assert await turns[1].take(ids[4], HERE, THREE) is not None


async def test_the_place_of_a_dead_worker_is_free_within_ten_seconds_and_who_waits_is_woken(store, turns, clock):
    ids = await some(store, 4)
    dead, alive = turns
    for one in ids[:3]:
        await dead.take(one, HERE, THREE)
    assert await alive.take(ids[3], HERE, THREE) is not None
    clock.at += LEASE - timedelta(seconds=1)
    assert await alive.rescue({HERE: THREE}) == 0
    clock.advance(seconds=2)
    assert timedelta(seconds=10) > LEASE
    await store.database.run(numbered("UPDATE submissions SET state = 'submitted' WHERE id = %(id)s"), id=ids[0])
    assert await alive.rescue({HERE: THREE}) == 3
    assert await woken(store) == sorted(map(str, ids[1:]))
    assert await alive.take(ids[3], HERE, THREE) is None
    await dead.give_back(ids[3])  # one that comes back late takes nothing from its successor
    assert await alive.take(ids[0], HERE, RateLimit(at_once=1)) is not None


async def test_a_living_worker_keeps_its_places_however_long_it_takes(store, turns, clock):
    ids = await some(store, 4)
    for one in ids[:3]:
        await turns[0].take(one, HERE, THREE)
    for _ in range(30):
        clock.advance(seconds=2)
        await turns[0].renew()
    assert await turns[1].take(ids[3], HERE, THREE) is not None


async def test_who_was_cancelled_while_waiting_stands_in_nobodys_way(store, turns, clock):
    ids = await some(store, 3)
    one = RateLimit(at_once=1)
    await turns[0].take(ids[0], HERE, one)
    await turns[0].take(ids[1], HERE, one)
    await store.database.run(numbered("UPDATE submissions SET state = 'cancelled' WHERE id = %(id)s"), id=ids[1])
    await turns[0].give_back(ids[0])
    await turns[1].rescue({HERE: one})
    assert await turns[1].take(ids[2], HERE, one) is None


async def test_rest_that_a_counterpart_asked_for_holds_for_every_worker(turns, clock):
    await turns[0].rest(HERE, 120)
    await turns[0].rest(HERE, 10)
    assert await turns[0].resting(HERE) == clock.now() + timedelta(seconds=120)
    assert await turns[1].resting(HERE) == clock.now() + timedelta(seconds=120)
    assert await turns[1].resting(THERE) is None
    clock.advance(seconds=121)
    assert await turns[1].resting(HERE) is None


class Counting:
    """A channel that counts who is between announce and submit, and when submits came."""

    limits = LIMITS

    def __init__(self, clock, together=0):
        """Nobody gets on before `together` were inside at once."""
        self.clock, self.inside, self.most, self.submits, self.busy = clock, set(), 0, [], None
        self.together, self.met = together, asyncio.Event()

    def destination_of(self, _service, *, test):
        return HERE

    async def seal(self, _submission, _parcel, _store):
        small = [SmallBlob(uuid4(), name.encode()) for name in ("metadata", "data")]
        parts = tuple(Part(blob.content.decode(), blob.id, 8, "t" * 22) for blob in small)
        return Sealed(parts, HERE, {}, tuple(small))

    async def announce(self, submission):
        if self.busy is not None:
            raise CounterpartBusy(host="h", http_status=429, retry_after=self.busy)
        self.inside.add(submission.id)
        self.most = max(self.most, len(self.inside))
        if self.most >= self.together:
            self.met.set()
        await asyncio.wait_for(self.met.wait(), 10)
        for _ in range(20):
            await asyncio.sleep(0)
        return Announced(f"remote-{submission.id}", "case")

    async def submit(self, submission, _read):
        for _ in range(20):
            await asyncio.sleep(0)
        self.inside.discard(submission.id)
        self.submits.append(self.clock.now())

    async def events(self, submission):
        kinds = ("submit-submission", "accept-submission")
        return tuple(
            Event(
                kind,
                HERE,
                verified=True,
                at=self.clock.now(),
                jti=f"{submission.remote_id}-{kind}",
                token="t",
                meaning=meaning(kind, HERE, HERE, verified=True),
            )
            for kind in kinds
        )


def worker(store, clock, turns, channel, bounds):
    async def asleep(seconds: float) -> None:
        clock.advance(seconds=seconds)

    service = SimpleNamespace(readable=lambda *_a, **_k: b"%PDF-", calendar=lambda *_a, **_k: None)
    return Delivery(
        store=store,
        channels={(TOWN, "fitconnect"): channel},
        municipalities={TOWN: Municipality("tangerhuette", TOWN, "Stadt Tangerhütte", "https://p.example")},
        services=SimpleNamespace(get=lambda _id: service, ids=lambda: ("hausnummer",)),
        clock=clock,
        new_id=uuid4,
        jitter=lambda: 0.0,
        sleep=asleep,
        slots=turns,
        bounds=bounds,
    )


async def carried_out(store, clock, workers, ids):
    """Rounds of all at once, spread over the workers; time moves to the next instant that anybody waits for."""
    for _ in range(40):
        waits = await asyncio.gather(*(workers[no % len(workers)].advance(one) for no, one in enumerate(ids)))
        states = [(await store.load(one)).state for one in ids]
        if all(state is State.ACCEPTED for state in states):
            return
        soonest = min((wait for wait in waits if wait and wait > clock.now()), default=clock.now())
        clock.at = min(max(soonest, clock.now() + timedelta(milliseconds=1)), clock.now() + timedelta(seconds=1))
    raise AssertionError(states)


async def test_two_workers_keep_at_once(store, clock, turns):
    ids, channel = await some(store, 10), Counting(clock, together=2)
    workers = [worker(store, clock, each, channel, {HERE: RateLimit(at_once=2)}) for each in turns]
    await carried_out(store, clock, workers, ids)
    assert channel.most == 2
    assert len(channel.submits) == 10
    assert await store.database.rows(numbered("SELECT submission FROM destination_turns")) == []


async def test_without_bounds_all_go_at_once(store, clock, turns):
    ids, channel = await some(store, 6), Counting(clock, together=3)
    await carried_out(store, clock, [worker(store, clock, each, channel, {}) for each in turns], ids)
    assert channel.most > 2


async def test_two_workers_keep_the_rate(store, clock, turns):
    ids, channel, began = await some(store, 12), Counting(clock), clock.now()
    workers = [worker(store, clock, each, channel, {HERE: RateLimit(per_minute=60)}) for each in turns]
    await carried_out(store, clock, workers, ids)
    first = [at for at in channel.submits if at - began < timedelta(seconds=1)]
    assert len(first) <= 6
    assert max(channel.submits) - began >= timedelta(seconds=5)


async def test_retry_after_of_one_submission_spares_the_destination_from_all(store, clock, turns):
    ids, channel = await some(store, 2), Counting(clock)
    workers = [worker(store, clock, each, channel, {}) for each in turns]
    channel.busy = 90.0
    await workers[0].advance(ids[0])
    channel.busy = None
    wait = await workers[1].advance(ids[1])
    assert wait is not None
    assert wait >= clock.now() + timedelta(seconds=80)
    assert channel.most == 0
    clock.advance(seconds=95)
    await carried_out(store, clock, workers, ids)
    assert len(channel.submits) == 2
