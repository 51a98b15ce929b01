"""Documents that were made a moment ago: made once for many, the last one in need, never more than fit."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from gateway.errors import DatabaseAway, NotFound
from gateway.web.status import documents
from gateway.web.status.documents import RenderedDocuments
from tests.catalogue.publication.offers import NOW, StillClock


class Maker:
    def __init__(self):
        self.made, self.failure, self.gate = 0, None, asyncio.Event()
        self.gate.set()

    async def __call__(self):
        self.made += 1
        await self.gate.wait()
        if self.failure:
            raise self.failure
        return b"%d" % self.made


async def test_it_stays_for_some_seconds_and_no_longer():
    clock, make = StillClock(), Maker()
    it = RenderedDocuments(clock)
    for seconds, content in ((0, b"1"), (4, b"1"), (6, b"2"), (10, b"2"), (12, b"3")):
        clock.at = NOW + timedelta(seconds=seconds)
        assert (await it.of("a", make)).content == content


async def test_many_who_ask_at_once_cost_one():
    make = Maker()
    make.gate.clear()
    it = RenderedDocuments(StillClock())
    asking = [asyncio.create_task(it.of("a", make)) for _ in range(5)]
    await asyncio.sleep(0)
    make.gate.set()
    assert {document.content for document in await asyncio.gather(*asking)} == {b"1"}
    assert make.made == 1


async def test_while_a_new_one_is_made_the_others_get_the_one_before():
    clock, make = StillClock(), Maker()
    it = RenderedDocuments(clock)
    await it.of("a", make)
    clock.at = NOW + timedelta(seconds=6)
    make.gate.clear()
    first = asyncio.create_task(it.of("a", make))
    await asyncio.sleep(0)
    assert (await it.of("a", make)).content == b"1"
    make.gate.set()
    assert (await first).content == b"2"


async def test_only_a_database_that_is_away_is_bridged_and_for_an_hour():
    clock, make = StillClock(), Maker()
    it = RenderedDocuments(clock)
    await it.of("a", make)
    make.failure, clock.at = DatabaseAway(), NOW + timedelta(minutes=59)
    assert (await it.of("a", make)).content == b"1"
    with pytest.raises(DatabaseAway):
        await it.of("b", make)
    clock.at = NOW + timedelta(minutes=61)
    with pytest.raises(DatabaseAway):
        await it.of("a", make)
    make.failure, clock.at = NotFound(), NOW + timedelta(minutes=1)
    with pytest.raises(NotFound):
        await it.of("a", make)


async def test_the_oldest_go_when_they_are_too_many(monkeypatch):
    monkeypatch.setattr(documents, "MOST_BYTES", 2)
    make, it = Maker(), RenderedDocuments(StillClock())
    for name in ("a", "b", "c", "b", "c", "a"):
        await it.of(name, make)
    assert make.made == 4
