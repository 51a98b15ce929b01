"""A task that fails again and again is told once it did so a few times, has growing gaps, and never ends by itself."""

from __future__ import annotations

import asyncio

import pytest
from structlog.testing import capture_logs

from gateway.errors import CounterpartAway, DatabaseAway
from gateway.errors.recurring import LONGEST_S, TOLD_AFTER, Failures, repeat

SECRET = "Ändersën Müßiggang"


class Told(list):
    async def __call__(self, task: str, failing: bool) -> None:
        self.append((task, failing))


def raising(error: Exception):
    async def work() -> None:
        raise error

    return work


async def nothing() -> None:
    return None


async def test_it_is_told_after_a_few_failures_and_when_it_is_over():
    told = Told()
    failures = Failures(told)
    for _ in range(TOLD_AFTER - 1):
        assert not await failures.attempt("sweep", raising(ValueError(SECRET)))
    assert told == []
    await failures.attempt("sweep", raising(CounterpartAway(host="h")))
    assert told == [("sweep", True)]
    assert await failures.attempt("sweep", nothing)
    assert told == [("sweep", True), ("sweep", False)]
    await failures.attempt("sweep", nothing)
    await failures.attempt("sweep", raising(ValueError(SECRET)))
    await failures.attempt("sweep", nothing)
    assert len(told) == 2, "one failure alone is told to nobody"


async def test_the_first_success_ends_what_a_process_before_told():
    told = Told()
    await Failures(told).attempt("sweep", nothing)
    assert told == [("sweep", False)]


async def test_a_database_that_is_away_counts_for_nothing():
    told = Told()
    failures = Failures(told)
    for _ in range(3 * TOLD_AFTER):
        await failures.attempt("sweep", raising(DatabaseAway()))
    assert told == []
    assert failures.gap("sweep", 2.0) == 2.0


async def test_what_cannot_be_told_is_told_with_the_next_try():
    told = Told()

    async def tell(task: str, failing: bool) -> None:
        if failures_of_telling.pop() if failures_of_telling else False:
            raise RuntimeError(SECRET)
        await told(task, failing)

    failures_of_telling = [True]
    failures = Failures(tell)
    for _ in range(TOLD_AFTER + 1):
        await failures.attempt("sweep", raising(ValueError(SECRET)))
    assert told == [("sweep", True)]


async def test_gaps_grow_to_a_bound_and_are_as_usual_afterwards():
    failures = Failures()
    gaps = []
    for _ in range(10):
        await failures.attempt("sweep", raising(ValueError()))
        gaps.append(failures.gap("sweep", 60.0))
    assert gaps == sorted(gaps)
    assert gaps[0] == 120.0
    assert gaps[-1] == LONGEST_S
    assert failures.gap("other", 3600.0) == 3600.0
    await failures.attempt("sweep", nothing)
    assert failures.gap("sweep", 60.0) == 60.0


@pytest.mark.parametrize("error", [ValueError, KeyError, MemoryError, RecursionError, OSError])
async def test_a_task_goes_on_whatever_it_raises_and_its_log_holds_no_text(error):
    tries = []

    async def work() -> None:
        tries.append(1)
        if len(tries) < 4:
            raise error(SECRET)

    async def sleep(_: float) -> None:
        if len(tries) == 6:
            raise asyncio.CancelledError

    with capture_logs() as lines, pytest.raises(asyncio.CancelledError):
        await repeat(Failures(), "sweep", work, 1.0, sleep=sleep)
    assert [(line["event"], line["error"], line["failures"]) for line in lines] == [
        ("task.failed", error.__name__, number) for number in (1, 2, 3)
    ]
    assert SECRET not in repr(lines)
