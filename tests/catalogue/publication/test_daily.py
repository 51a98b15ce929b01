"""The report of the day: one for all who ask, a new one by the command."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.catalogue.publication.daily import DailyReports
from gateway.catalogue.publication.report import says_the_same
from gateway.crypto.keys import generate_ed25519, private_key
from gateway.errors import NotFound
from tests.catalogue.publication.offers import NOW, Rows, StillClock, publication

KEY = private_key(generate_ed25519("gateway-evidence")[0])


class Kept:
    def __init__(self):
        self.by_day = {}

    async def of(self, day):
        return self.by_day.get(day)

    async def kept(self, report, *, anew=False):
        if anew or report.day not in self.by_day:
            self.by_day[report.day] = report
        return self.by_day[report.day]


def made(rows, clock):
    return DailyReports(publication(rows, clock), Kept(), KEY, clock)


async def test_all_who_ask_on_a_day_get_the_same_and_the_next_day_another():
    clock = StillClock()
    reports = made(Rows(), clock)
    first = await reports.today()
    clock.at = NOW + timedelta(hours=8)
    assert await reports.today() == first
    clock.at = NOW + timedelta(hours=9)  # 00:05 in Germany
    assert (await reports.today()).day == first.day + timedelta(days=1)


async def test_one_made_anew_stands_for_the_day():
    clock, rows = StillClock(), Rows()
    reports = made(rows, clock)
    first = await reports.today()
    del rows.statuses[0]
    anew = await reports.anew()
    assert await reports.today() == anew != first
    assert json.loads(anew.body)["municipalities"][0]["counts"]["claimed"] == 21


async def test_one_that_says_the_same_stays_as_it_is_and_another_takes_its_place():
    clock, rows = StillClock(), Rows()
    reports = made(rows, clock)
    first = await reports.renewed()
    clock.at = NOW + timedelta(hours=1)
    assert await reports.renewed() == await reports.today() == first
    rows.statuses[0] = replace(rows.statuses[0], works=False)
    renewed = await reports.renewed()
    assert (await reports.today(), renewed.made_at) == (renewed, clock.at)
    assert not says_the_same(first, renewed)
    assert says_the_same(first, replace(renewed, body=first.body, made_at=first.made_at))


async def test_what_was_claimed_and_is_not_any_more_leaves_no_report_that_says_so():
    clock, rows = StillClock(), Rows()
    for again in ("renewed", "anew"):
        reports = made(rows, clock)
        await reports.today()
        claims, rows.statuses = rows.statuses, []
        await getattr(reports, again)()
        assert json.loads((await reports.today()).body)["municipalities"][0]["services"] == []
        rows.statuses = claims


async def test_before_anybody_claims_anything_there_is_no_report_to_keep():
    clock, rows = StillClock(), Rows()
    claims, rows.statuses = rows.statuses, []
    reports = made(rows, clock)
    for asked in (reports.today, reports.renewed):
        with pytest.raises(NotFound):
            await asked()
    assert json.loads((await reports.anew()).body)["municipalities"][0]["services"] == []
    rows.statuses = claims
    assert json.loads((await reports.today()).body)["municipalities"][0]["counts"]["claimed"] == 22
