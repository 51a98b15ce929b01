"""Killed with SIGKILL at random moments under load: every 201 ends accepted, each exactly once at the receiver.

`KILLS` and `SEED` by environment: the seed draws who is hit and when. The short run is part of `.ci/run`; the long one
(`make crash-long`) writes docs/reference/reliability.md.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter

import pytest

from tests.crash.house import DATABASE, SERVE, WORKER, Household
from tests.crash.invariant import broken, why_untold
from tests.crash.load import Follower, Load, Patient, Receiver, hand_off
from tests.crash.report import Run, write
from tests.demo_fixture import ARS, kept_demo

pytestmark = pytest.mark.crash
KILLS = int(os.environ.get("KILLS", "12"))
SEED = int(os.environ.get("SEED", "1"))
WHO = ((WORKER,), (WORKER,), (DATABASE,), (DATABASE,), (SERVE,), (SERVE, WORKER, DATABASE))
EVER = 120  # seconds without any news after which nothing more is expected


def blows(chance: random.Random, kills: int) -> list[tuple[float, tuple[str, ...]]]:
    """Seconds to wait before each blow, and whom it hits."""
    return [(0.1 + 1.2 * chance.random(), chance.choice(WHO)) for _ in range(kills)]


def strike(house: Household, load: Load) -> Counter[str]:
    """Kill until `KILLS` processes were hit; how often each was."""
    hit: Counter[str] = Counter()
    for wait, who in blows(random.Random(SEED), 10 * KILLS):
        load.ended.wait(wait)
        hit.update(name for name in who if house.kill(name))
        if hit.total() >= KILLS:
            break
    return hit


def test_nothing_is_lost_or_doubled_whoever_is_killed():
    began = time.monotonic()
    with kept_demo(60) as line:
        house, receiver, follower = Household(line), Receiver(Patient(line)), Follower(line)
        load = Load(line)
        house.watch()
        try:
            hit = strike(house, load)
            load.stop()
            taken = set(load.taken)
            left = follower.until_ended(taken, EVER)
            seen = follower.seen
            again = follower.stop()
            untold = receiver.untold({cursor for cursor, _, _ in again}, EVER)
            found = [*load.faults, *broken(line, taken)]
            why = why_untold(line, untold)
        finally:
            load.ended.set()
            follower.stop()
            receiver.close()
            house.close()
    run = Run(SEED, hit, len(taken), len(again), len(receiver.told), time.monotonic() - began)
    assert found == []
    assert left == set(), "taken, and never ended"
    assert len(load.taken) == len(taken) > 0
    assert seen == again, "the feed skipped or repeated a change"
    assert untold == set(), f"changes that no webhook message told of: {len(untold)}; {why[:5]}"
    write(run)


def test_a_worker_or_database_that_dies_comes_back_by_itself():
    with kept_demo(60) as line:
        house, portal = Household(line), Patient(line)
        example = portal.surely("GET", f"/services/hausnummer/example.json?municipality={ARS}")
        for name in (WORKER, DATABASE):
            assert house.kill(name)
            assert portal.followed(hand_off(portal, example))["state"] == "accepted"
