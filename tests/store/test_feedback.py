"""Feedback is kept within bounds, its text encrypted, and gone once it was sent."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest

from gateway.catalogue.statistics.feedback import Feedback
from gateway.errors import TooManyRequests
from gateway.store.catalogue import feedback as stored
from gateway.store.connection.database import numbered
from tests.store.at_once import inserting_at_once
from tests.store.conftest import OTHER_TOWN, TOWN

NOVEMBER = date(2026, 11, 1)
SAID = Feedback(TOWN, "hausnummer", "https://a.example/", "Procedure", 4, "Partly", "Zu lang, sagt Frau Müßiggang")
ROWS = numbered("SELECT free_text, data_key, sent_at FROM feedback ORDER BY free_text IS NULL, municipality DESC")
KEYS = numbered("SELECT count(*) AS number FROM data_keys")


async def test_the_text_is_encrypted_and_opened_again(store):
    await store.feedback.keep(SAID)
    await store.feedback.keep(replace(SAID, text=""))
    first, second = await store.database.rows(ROWS)
    assert b"ggang" not in first["free_text"]
    assert (second["free_text"], second["data_key"]) == (None, None)
    assert set(await store.feedback.unsent(TOWN, NOVEMBER)) == {SAID, replace(SAID, text="")}
    assert "ggang" not in repr(SAID)


async def test_once_sent_text_and_key_are_gone_and_nobody_elses(store, clock):
    await store.feedback.keep(SAID)
    await store.feedback.keep(replace(SAID, municipality=OTHER_TOWN))
    async with store.database.transaction("statistics.settle") as connection:
        await stored.sent(connection, TOWN, NOVEMBER, clock.now())
    assert list(await store.feedback.unsent(TOWN, NOVEMBER)) == []
    assert len(await store.feedback.unsent(OTHER_TOWN, NOVEMBER)) == 1
    assert [row["free_text"] is None for row in await store.database.rows(ROWS)] == [False, True]
    assert await store.database.number(KEYS) == 1


async def test_a_clock_that_was_ahead_silences_nobody(store, clock, monkeypatch):
    monkeypatch.setattr(stored, "HOUR_MOST", 1)
    clock.advance(days=90)
    await store.feedback.keep(SAID)
    clock.advance(days=-90)
    await store.feedback.keep(SAID)
    with pytest.raises(TooManyRequests):
        await store.feedback.keep(SAID)


async def test_a_municipality_takes_so_many_an_hour(store, clock, monkeypatch):
    monkeypatch.setattr(stored, "HOUR_MOST", 2)
    for _ in range(2):
        await store.feedback.keep(SAID)
    with pytest.raises(TooManyRequests):
        await store.feedback.keep(SAID)
    await store.feedback.keep(replace(SAID, municipality=OTHER_TOWN))
    assert await store.database.number(KEYS) == 3  # none for what was refused
    clock.advance(minutes=61)
    await store.feedback.keep(SAID)


async def test_so_many_an_hour_holds_for_two_who_come_at_once(store, postgres_dsn, monkeypatch):
    monkeypatch.setattr(stored, "HOUR_MOST", 1)
    both = (store.feedback.keep(SAID), store.feedback.keep(SAID))
    outcomes = await inserting_at_once(postgres_dsn, "feedback", *both)
    assert Counter(map(type, outcomes)) == {type(None): 1, TooManyRequests: 1}
    assert await store.database.number(KEYS) == 1


async def test_and_so_many_a_month(store, clock, monkeypatch):
    monkeypatch.setattr(stored, "MONTH_MOST", 1)
    await store.feedback.keep(SAID)
    clock.advance(hours=2)
    with pytest.raises(TooManyRequests):
        await store.feedback.keep(SAID)
    clock.advance(days=10)  # December
    await store.feedback.keep(SAID)


async def test_a_text_that_nobody_takes_goes_after_half_a_year_and_the_rest_after_two(store, clock):
    await store.feedback.keep(SAID)
    clock.advance(days=179)
    assert await store.feedback.prune() == 0
    clock.advance(days=2)
    assert await store.feedback.prune() == 1
    assert await store.database.number(KEYS) == 0
    assert list(await store.feedback.unsent(TOWN, NOVEMBER)) == [replace(SAID, text="")]
    clock.at += timedelta(days=600)
    assert await store.feedback.prune() == 1
    assert list(await store.database.rows(ROWS)) == []
