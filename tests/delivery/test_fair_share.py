"""A worker's places are shared: one who hangs, or a town whose destinations all do, halts nobody else."""

from __future__ import annotations

import asyncio
import random

from gateway.delivery.fair_share import (
    LOOK_AGAIN_MOST_S,
    LOOK_AGAIN_S,
    PATIENCE_S,
    Count,
    FairShare,
    Party,
    full,
    may_start,
)

PLACES = 48
HANGS, WELL, SISTER = Party("hangs", "a"), Party("well", "b"), Party("sister", "a")
NOBODY = Count()


def held(*parties: Party) -> Count:
    count = Count()
    for each in parties:
        count.add(each)
    return count


def taken(places: int, asks: Party, running: Count) -> int:
    """How many places one gets that asks and asks and never leaves."""
    before = running.total
    while may_start(places, running, NOBODY, asks):
        running.add(asks)
    return running.total - before


def test_one_destination_takes_half_however_long_it_asks_and_the_others_get_on():
    running = Count()
    assert taken(PLACES, HANGS, running) == PLACES // 2
    assert taken(PLACES, WELL, running) > PLACES // 4


def test_another_destination_of_the_same_town_gets_on_and_the_town_leaves_a_quarter():
    running = Count()
    taken(PLACES, HANGS, running)
    assert taken(PLACES, SISTER, running) == PLACES // 4
    assert not may_start(PLACES, running, NOBODY, Party("third", "a"))
    assert may_start(PLACES, running, NOBODY, WELL)


def test_many_who_hang_leave_places_for_those_who_hold_none():
    running = Count()
    for no in range(4):
        taken(PLACES, Party(f"hangs-{no}", f"town-{no}"), running)
    for no in range(3):
        late = Party(f"late-{no}", f"late-{no}")
        assert may_start(PLACES, running, NOBODY, late)
        running.add(late)


def test_while_somebody_waits_who_holds_less_nobody_takes_more():
    running = held(*[HANGS] * 10, *[WELL] * 3)
    assert may_start(PLACES, running, NOBODY, HANGS)
    assert not may_start(PLACES, running, held(WELL), HANGS)
    assert may_start(PLACES, running, held(HANGS), WELL)
    assert not may_start(PLACES, running, held(SISTER), HANGS)


def test_one_who_waits_at_its_own_bound_holds_nobody_back():
    running = held(*[HANGS] * 24, *[SISTER] * 12)
    assert full(PLACES, running, Party("third", "a"))
    assert may_start(PLACES, running, held(Party("third", "a"), HANGS), WELL)


def test_the_smallest_worker_still_serves_two():
    running = Count()
    assert taken(2, HANGS, running) == 1
    assert may_start(2, running, NOBODY, WELL)


def test_whatever_comes_no_part_is_passed_and_what_is_given_back_is_forgotten():
    chance = random.Random(17)
    parties = [Party(f"d{no}", f"t{no // 2}") for no in range(8)]
    running, waiting, inside = Count(), Count(), []
    for _ in range(5000):
        one = chance.choice(parties)
        if inside and chance.random() < 0.45:
            running.add(inside.pop(chance.randrange(len(inside))), -1)
        elif may_start(PLACES, running, waiting, one):
            running.add(one)
            inside.append(one)
        assert running.total <= PLACES
        assert max(running.destinations.values(), default=0) <= PLACES // 2
        assert max(running.municipalities.values(), default=0) <= PLACES * 3 // 4
    for one in inside:
        running.add(one, -1)
    assert (running.total, running.parties, running.destinations) == (0, {}, {})


class Tick:
    now = 0.0

    def __call__(self) -> float:
        return self.now


async def test_a_part_that_moves_is_waited_for_and_a_stuck_one_is_left_at_once():
    tick = Tick()
    shares = FairShare(4, tick=tick)
    assert [await shares.take(HANGS) for _ in range(2)] == [None, None]
    waits = asyncio.create_task(shares.take(HANGS))
    await asyncio.sleep(0)
    assert not waits.done()
    shares.leave(HANGS)
    assert await waits is None
    tick.now = PATIENCE_S + 1
    first, second = await shares.take(HANGS), await shares.take(HANGS)
    assert (first.first, second.first) == (True, False)
    assert await shares.take(WELL) is None
    assert LOOK_AGAIN_S <= second.seconds <= LOOK_AGAIN_MOST_S


async def test_the_more_find_a_stuck_part_the_later_they_come_back():
    tick = Tick()
    shares = FairShare(2, tick=tick)
    await shares.take(HANGS)
    tick.now = PATIENCE_S + 1
    seconds = [(await shares.take(HANGS)).seconds for _ in range(2000)]
    assert seconds == sorted(seconds)
    assert seconds[-1] == LOOK_AGAIN_MOST_S


async def test_one_that_is_ended_while_it_waits_leaves_no_place_taken():
    shares = FairShare(2, tick=Tick())
    await shares.take(HANGS)
    waits = [asyncio.create_task(shares.take(HANGS)) for _ in range(2)]
    await asyncio.sleep(0)
    waits[0].cancel()
    await asyncio.gather(waits[0], return_exceptions=True)
    shares.leave(HANGS)  # its place goes to the second, which is ended before it knows
    waits[1].cancel()
    await asyncio.gather(waits[1], return_exceptions=True)
    assert await shares.take(HANGS) is None


async def test_a_wait_has_an_end():
    shares = FairShare(2, tick=Tick(), patience_s=0.01)
    await shares.take(HANGS)
    assert (await shares.take(HANGS)).seconds > 0
    shares.leave(HANGS)
    assert await shares.take(HANGS) is None
