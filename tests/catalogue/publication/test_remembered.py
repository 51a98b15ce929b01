"""Past days are read once in a while, today each time, and both together are what the rows say."""

from __future__ import annotations

from datetime import timedelta

from gateway.catalogue.publication import remembered
from gateway.catalogue.publication.remembered import RememberedProbes
from gateway.german_time import german_date
from tests.catalogue.entries import ARS
from tests.catalogue.publication.offers import NOW, TODAY, StillClock

FIRST, YESTERDAY = TODAY - timedelta(days=89), TODAY - timedelta(days=1)


class Counting:
    def __init__(self):
        self.rows = {"a": [(FIRST, 1, 0), (YESTERDAY, 2, 0), (TODAY, 3, 0)]}
        self.asked = []

    async def daily(self, municipality, since):
        self.asked.append(since)
        return {name: [day for day in days if day[0] >= since] for name, days in self.rows.items()}

    async def outages(self, municipality, limit):
        return [municipality, limit]


def plain(measured):
    return {name: list(days) for name, days in measured.items() if days}


async def test_today_is_asked_anew_and_the_past_is_not():
    rows, clock = Counting(), StillClock()
    it = RememberedProbes(rows, clock)
    assert plain(await it.daily(ARS, FIRST)) == rows.rows
    rows.rows["a"][-1] = (TODAY, 3, 1)
    rows.rows["b"] = [(TODAY, 0, 1)]
    assert plain(await it.daily(ARS, FIRST)) == rows.rows
    assert rows.asked == [FIRST, TODAY]
    assert await it.outages(ARS, 3) == [ARS, 3]


async def test_the_past_is_read_again_after_a_while_on_another_day_and_for_another_span():
    rows, clock = Counting(), StillClock()
    it = RememberedProbes(rows, clock)
    await it.daily(ARS, FIRST)
    clock.at = NOW + timedelta(minutes=16)
    rows.rows["a"][1] = (YESTERDAY, 2, 9)
    assert plain(await it.daily(ARS, FIRST)) == rows.rows
    await it.daily(ARS, YESTERDAY)
    clock.at = NOW + timedelta(hours=9)
    await it.daily(ARS, YESTERDAY)
    assert rows.asked == [FIRST, FIRST, YESTERDAY, YESTERDAY]
    assert german_date(clock.at) == TODAY + timedelta(days=1)


async def test_not_more_towns_are_remembered_than_fit(monkeypatch):
    monkeypatch.setattr(remembered, "MOST_TOWNS", 1)
    rows = Counting()
    it = RememberedProbes(rows, StillClock())
    for town in ("1", "2", "2", "1"):
        await it.daily(town, FIRST)
    assert rows.asked == [FIRST, FIRST, TODAY, FIRST]
