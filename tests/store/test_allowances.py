"""What clients may ask for is counted for all processes together; an assertion works once, whoever hears it."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from gateway.errors import TooManyRequests
from gateway.store.connection.database import numbered
from gateway.store.erasure.sweep import sweep
from gateway.store.operation.allowances import StoredAllowances
from gateway.store.operation.used_assertions import UsedAssertions
from gateway.web.portal.quotas import ClientLimits, Quotas
from tests.store.conftest import new_submission


@pytest.fixture
def processes(store, clock):
    """Two processes with the same limits."""

    def made(**limits):
        allowances = [StoredAllowances(store.database, clock, store.created_since) for _ in range(2)]
        return [Quotas({"portal": ClientLimits(**limits)}, clock, each) for each in allowances]

    return made


async def counted(ask):
    try:
        await ask("portal")
    except TooManyRequests as refused:
        return refused
    return None


async def asked(processes, number, way="request"):
    refused = [await counted(getattr(processes[no % 2], way)) for no in range(number)]
    return sum(each is None for each in refused), [each.retry_after for each in refused if each]


@pytest.mark.parametrize("rate", [1, 7, 60, 400])
async def test_two_processes_together_let_through_what_one_may(processes, clock, rate):
    both = processes(requests_per_minute=rate)
    through, waits = await asked(both, 2 * rate + 20)
    assert through <= rate
    assert through >= rate * 0.95
    assert min(waits) > 0
    clock.advance(seconds=60)
    through, _ = await asked(both, 2 * rate + 20)
    assert rate * 0.9 <= through <= rate


async def test_many_at_once_are_counted_right(processes):
    both = processes(requests_per_minute=40)
    outcomes = await asyncio.gather(*(counted(both[no % 2].request) for no in range(100)))
    assert outcomes.count(None) == 40


async def test_a_days_applications_are_counted_for_both_and_begin_anew_at_midnight(processes, clock):
    both = processes(submissions_per_day=30)
    through, waits = await asked(both, 50, "submission")
    assert (through, len(waits)) == (30, 20)
    midnight = clock.now().replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    assert timedelta(seconds=waits[0]) >= midnight - clock.now()
    clock.at = midnight + timedelta(seconds=1)
    assert (await asked(both, 50, "submission"))[0] == 30


async def test_a_process_that_starts_at_noon_knows_what_was_taken_in_before(store, processes, clock):
    for no in range(4):
        await store.create(new_submission(f"k-{no}", created_at=clock.now()))
    assert (await asked(processes(submissions_per_day=6), 10, "submission"))[0] == 2


async def test_room_that_was_not_needed_is_given_back(processes):
    one, _ = processes(submissions_per_day=1)
    await one.submission("portal")
    one.give_back("portal")
    await one.submission("portal")
    with pytest.raises(TooManyRequests):
        await one.submission("portal")


async def test_an_assertion_works_once_in_all_processes(store, clock):
    at = clock.now().timestamp()
    memories = [UsedAssertions(store.database) for _ in range(2)]
    heard = await asyncio.gather(*(memories[no % 2].first("portal", "j-1", at + 60, at) for no in range(10)))
    assert heard.count(True) == 1
    assert await memories[0].first("other", "j-1", at + 60, at)
    assert await memories[0].first("portal", "j-1", at + 200, at + 61), "expired: the same id may come again"


async def test_what_expired_is_swept(store, clock):
    at = clock.now().timestamp()
    await UsedAssertions(store.database).first("portal", "j-1", at + 60, at)
    await StoredAllowances(store.database, clock, store.created_since).requests("portal", 60, 1)
    await sweep(store.database, clock.now() + timedelta(seconds=59))
    assert len(await store.database.rows(numbered("SELECT digest FROM spent_assertions"))) == 1
    await sweep(store.database, clock.now() + timedelta(days=3))
    assert await store.database.rows(numbered("SELECT digest FROM spent_assertions")) == []
    assert await store.database.rows(numbered("SELECT client FROM client_allowances")) == []
