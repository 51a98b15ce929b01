"""Portals hand in page views of what they may serve, and hear every fault at once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.web.app import create_app
from gateway.web.dependencies import StatisticsDependencies
from tests.catalogue.entries import entry
from tests.catalogue.publication.offers import Rows, status
from tests.web.conftest import ARS, OTHER_ARS

PATH = "/api/v1/statistics"
LINE = {"service": "hausnummer", "country": "DE", "device": "PC", "visits": 40}


class Views:
    def __init__(self):
        self.kept = []

    async def replace(self, handed_in):
        self.kept.append(handed_in)


@pytest.fixture
def views(world):
    offered = [entry(), entry(service="termin", url="https://rathaus.example/termin")]
    rows, views = Rows([status(each) for each in offered]), Views()
    world.app = create_app(replace(world.parts, statistics=StatisticsDependencies(rows, views)))
    return views


def body(*lines, town=ARS, month="2026-02"):
    return {"municipality": town, "month": month, "entries": list(lines)}


async def test_a_portal_hands_in_a_month(world, views):
    async with world.portal() as portal:
        answer = await portal.post(PATH, json=body(LINE, {**LINE, "device": "Tablet", "visits": 2}))
    assert answer.status_code == 200
    told = {"municipality": ARS, "month": "2026-02", "services": ["hausnummer"], "entries": 2, "visits": 42}
    assert answer.json() == told
    assert [len(each.views) for each in views.kept] == [2]


async def test_every_fault_is_told_and_nothing_is_kept(world, views):
    async with world.portal() as portal:
        answer = await portal.post(PATH, json=body(LINE, {**LINE, "country": "XX", "ip": "192.0.2.1"}, month="2026-03"))
    assert (answer.status_code, answer.json()["code"]) == (422, "record_invalid")
    rules = {(each["pointer"], each["rule"]) for each in answer.json()["findings"]}
    assert rules == {("/month", "month_open"), ("/entries/1", "unknown_member"), ("/entries/1/country", "country")}
    assert "192.0.2.1" not in answer.text
    assert views.kept == []


@pytest.mark.parametrize(
    ("client", "said", "fault"),
    [
        ("portal", body(LINE, town=OTHER_ARS), "/municipality"),
        ("portal", body(LINE, town=["x"]), "/municipality"),
        ("narrow", body(LINE), "/entries/0/service"),
    ],
)
async def test_a_client_speaks_of_its_own_towns_and_services(world, views, client, said, fault):
    async with world.portal(client) as portal:
        answer = await portal.post(PATH, json=said)
    assert answer.status_code == 422
    assert [each["pointer"] for each in answer.json()["findings"]] == [fault]
    assert views.kept == []


async def test_only_who_may_write_hands_in(world, views):
    async with world.portal(scope="submissions:read") as portal:
        assert (await portal.post(PATH, json=body(LINE))).status_code == 403
    async with world.portal(None) as portal:
        assert (await portal.post(PATH, json=body(LINE))).status_code == 401
    assert views.kept == []
