"""Transactions are counted by German days and stay counted, whatever is erased."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from gateway.store.catalogue.transaction_counts import StoredTransactionCounts
from gateway.store.connection.database import numbered
from tests.store.conftest import OTHER_TOWN, TOWN, new_submission

MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
ERASED = numbered("DELETE FROM submissions WHERE created_at < %(before)s")


@pytest.fixture
def counts(store):
    return StoredTransactionCounts(store.database)


async def take(store, at, service="hausnummer", town=TOWN, *, key=None, supersedes=None, **changed):
    it = new_submission(key or uuid4().hex, created_at=at, updated_at=at, service=service, municipality=town, **changed)
    return await store.create(replace(it, supersedes=supersedes))


async def numbers(counts, until=APRIL, **only):
    return {(each.municipality, each.month): dict(each.numbers) for each in await counts.of(until, **only)}


async def test_applications_are_counted_without_tests_corrections_and_repeats(store, counts):
    at = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    first = await take(store, at, key="once")
    await take(store, at, key="once")
    await take(store, at, service="termin")
    await take(store, at, town=OTHER_TOWN)
    await take(store, at, test=True)
    await take(store, at, supersedes=first.submission.id)
    await counts.count(at)
    assert await numbers(counts) == {
        (OTHER_TOWN, MARCH): {"hausnummer": 1},
        (TOWN, MARCH): {"hausnummer": 1, "termin": 1},
    }
    assert await counts.count(at) == 0
    assert await numbers(counts, municipality=OTHER_TOWN, month=APRIL) == {}


async def test_the_month_is_the_german_one(store, counts):
    await take(store, datetime(2026, 3, 31, 21, 59, 59, tzinfo=UTC))
    await take(store, datetime(2026, 3, 31, 22, 0, tzinfo=UTC))  # 1 April, 0:00 in summer time
    await counts.count(datetime(2026, 4, 1, 12, 0, tzinfo=UTC))
    assert await numbers(counts) == {(TOWN, MARCH): {"hausnummer": 1}, (TOWN, APRIL): {"hausnummer": 1}}
    assert await numbers(counts, until=MARCH) == {(TOWN, MARCH): {"hausnummer": 1}}


async def test_what_is_erased_stays_counted_and_what_comes_later_is_added(store, counts):
    day = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    for _ in range(3):
        await take(store, day)
    await counts.count(day)
    await store.database.run(ERASED, before=day + timedelta(hours=1))
    await take(store, day + timedelta(days=1))
    await counts.count(day + timedelta(days=1))
    assert await numbers(counts) == {(TOWN, MARCH): {"hausnummer": 4}}


async def test_a_clock_that_was_ahead_holds_up_no_count(store, counts):
    ahead, day = datetime(2027, 5, 1, 9, 0, tzinfo=UTC), datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    await take(store, day)
    await counts.count(day)
    await take(store, ahead)
    await counts.count(ahead)
    await take(store, day + timedelta(days=4))
    await counts.count(day + timedelta(days=9))
    assert await numbers(counts) == {(TOWN, MARCH): {"hausnummer": 2}}


async def test_a_worker_that_was_away_counts_what_it_missed(store, counts):
    day = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
    await take(store, day)
    await counts.count(day)
    await take(store, day + timedelta(days=1))
    await take(store, day + timedelta(days=12))
    await counts.count(day + timedelta(days=20))
    assert await numbers(counts) == {(TOWN, MARCH): {"hausnummer": 3}}


async def test_nothing_is_counted_where_there_is_nothing(counts):
    assert await counts.count(datetime(2026, 3, 10, tzinfo=UTC)) == 0
