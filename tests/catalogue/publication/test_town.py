"""Counts and availability: what each number counts, and that no two of different units meet."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from gateway.catalogue.entry import LifeCycle
from gateway.catalogue.probes.outage import Outage
from gateway.catalogue.publication.town import Availability
from gateway.errors import NotFound
from tests.catalogue.entries import ARS, entry
from tests.catalogue.publication.offers import LAND, NOW, TODAY, Rows, publication, status


async def test_the_sentence_counts_claims_keys_listings_and_the_land_apart():
    counts = (await publication(Rows()).town(ARS)).counts
    assert (counts.claimed, counts.with_key, counts.listed, counts.land) == (22, 16, 2, LAND)


async def test_nobody_read_back_is_not_the_same_as_nothing_listed():
    rows = Rows([status(entry())], land=None)
    assert (await publication(rows).town(ARS)).counts.as_json() == {
        "claimed": 1,
        "with_leika_key": 1,
        "listed": None,
        "land": None,
    }


@pytest.mark.parametrize(
    ("changes", "claimed"),
    [
        ({"life_cycle": LifeCycle.WITHDRAWN}, 0),
        ({"life_cycle": LifeCycle.SUSPENDED}, 1),
        ({"valid_from": TODAY + timedelta(days=1)}, 0),
        ({"valid_until": TODAY}, 0),
        ({"valid_until": TODAY + timedelta(days=1)}, 1),
    ],
)
async def test_what_is_not_offered_today_is_not_claimed(changes, claimed):
    rows = Rows([status(entry(**changes))])
    assert (await publication(rows).town(ARS)).counts.claimed == claimed


async def test_an_outage_takes_nothing_out_of_the_offer():
    rows = Rows()
    before = (await publication(rows).town(ARS)).counts
    rows.statuses[0] = replace(rows.statuses[0], works=False)
    assert (await publication(rows).town(ARS)).counts == before


async def test_availability_sums_the_days_of_each_span():
    days = [(TODAY, 9, 1), (TODAY - timedelta(days=29), 10, 0), (TODAY - timedelta(days=30), 0, 10)]
    days += [(TODAY - timedelta(days=89), 5, 5), (TODAY - timedelta(days=90), 0, 99)]
    (service,) = (await publication(Rows([status(entry())], {"hausnummer": days})).town(ARS)).services
    assert service.availability == (Availability(30, 19, 1), Availability(90, 24, 16))
    assert (service.last_days[0], service.last_days[-1], service.last_days[-2]) == ((5, 5), (9, 1), None)


def test_one_failure_is_never_shown_as_none():
    assert Availability(30, 999_999, 1).per_mille == 999
    assert Availability(30, 5, 0).per_mille == 1000
    assert Availability(30, 0, 0).per_mille is None


async def test_each_town_sees_its_own_offer_and_an_unknown_one_is_not_there():
    other = "150900535535"
    rows = Rows([status(entry()), status(entry(municipality=other, service="a"))])
    names = {ARS: "A", other: "B", "150900000000": "C"}
    here, there, empty = [town async for town in publication(rows, **names).towns()]
    assert [each.status.revision.entry.service for each in (*here.services, *there.services)] == ["hausnummer", "a"]
    assert (here.name, there.name, empty.counts.claimed) == ("A", "B", 0)
    with pytest.raises(NotFound):
        await publication(rows).town(other)
    with pytest.raises(NotFound):
        await publication(rows).outages(other, 5)


async def test_outages_of_dependencies_stay_inside():
    down = [Outage(no, ARS, subject, NOW, None, NOW, "status") for no, subject in enumerate(("a", "token:test"))]
    assert await publication(Rows(down=down)).outages(ARS, 9) == [down[0]]


def test_the_first_of_ninety_days():
    assert date(2026, 9, 2) == TODAY - timedelta(days=89)
