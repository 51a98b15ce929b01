"""The report of the day: one for all who ask, a new one by the command."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from gateway.catalogue.publication.daily import DailyReports
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


async def test_before_anybody_claims_anything_there_is_no_report_to_keep():
    clock, rows = StillClock(), Rows()
    claims, rows.statuses = rows.statuses, []
    reports = made(rows, clock)
    with pytest.raises(NotFound):
        await reports.today()
    assert json.loads((await reports.anew()).body)["municipalities"][0]["services"] == []
    rows.statuses = claims
    assert json.loads((await reports.today()).body)["municipalities"][0]["counts"]["claimed"] == 22
