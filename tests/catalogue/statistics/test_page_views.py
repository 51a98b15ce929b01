"""What portals hand in of page views: every fault at once, nothing about persons, pages of the catalogue alone."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from gateway.catalogue.statistics.interfaces import interfaces
from gateway.catalogue.statistics.page_views import VISITS_MOST, PageViews, checked
from gateway.catalogue.statistics.transfers import views_body
from gateway.errors import RecordInvalid
from tests.catalogue.entries import ARS, ENTRY, entry

NOW = datetime(2026, 4, 3, 12, 0, tzinfo=UTC)
OTHER = entry(service="termin", url="https://rathaus.example/termin")
SDG = interfaces().sdg
LINE = {"service": ENTRY.service, "country": "DE", "device": "PC", "visits": 40}


def body(*lines, **changed):
    return {"municipality": ARS, "month": "2026-03", "entries": list(lines), **changed}


def faults(value, **how):
    with pytest.raises(RecordInvalid) as refused:
        checked(value, [ENTRY, OTHER], SDG, NOW, **how)
    return {(finding.pointer, finding.rule) for finding in refused.value.findings}


def test_a_page_is_named_by_service_or_by_its_address():
    by_url = {"url": OTHER.url, "country": "TR", "device": "Mobile", "visits": 1}
    views = checked(body(LINE, by_url), [ENTRY, OTHER], SDG, NOW)
    assert views.month == date(2026, 3, 1)
    assert list(views.views) == [
        PageViews(ENTRY.service, ENTRY.url, "DE", "PC", 40),
        PageViews("termin", OTHER.url, "TR", "Mobile", 1),
    ]
    assert views.as_json()["visits"] == 41


def test_services_may_share_a_page_which_is_told_of_once():
    twin = entry(service="zwilling", url=ENTRY.url)
    lines = [{**LINE, "service": each.service, "url": ENTRY.url} for each in (ENTRY, twin)]
    views = checked(body(*lines), [ENTRY, twin], SDG, NOW).views
    assert [each.service for each in views] == [ENTRY.service, "zwilling"]
    statistics = [{"deviceType": "PC", "nbVisits": 80, "originatingCountry": "DE"}]
    assert views_body(views) == {"sources": [{"source": {"sourceUrl": ENTRY.url, "statistics": statistics}}]}


def test_every_fault_is_told_at_once():
    lines = (
        {**LINE, "country": "XX", "device": "Fridge", "visits": 0},
        {**LINE, "service": "unbekannt", "visits": True},
        {**LINE, "url": OTHER.url},
        {"country": "DE", "device": "PC", "visits": VISITS_MOST + 1},
        {**LINE, "ip": "192.0.2.7"},
        "kaputt",
    )
    assert faults(body(*lines, month="2026-04", note="Frau Müller")) == {
        ("", "unknown_member"),
        ("/month", "month_open"),
        ("/entries/0/country", "country"),
        ("/entries/0/device", "device"),
        ("/entries/0/visits", "visits"),
        ("/entries/1/service", "unknown_service"),
        ("/entries/1/visits", "visits"),
        ("/entries/2", "page"),
        ("/entries/3", "page"),
        ("/entries/3/visits", "visits"),
        ("/entries/4", "unknown_member"),
        ("/entries/5", "object"),
    }


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        (body(), ("/entries", "entries")),
        (body(LINE, entries={}), ("/entries", "entries")),
        (body(LINE, LINE), ("/entries", "doubled")),
        (body(LINE, month=3), ("/month", "month")),
        (body(LINE, month="2023-03"), ("/month", "month_old")),
        (body({**LINE, "visits": 1.5}), ("/entries/0/visits", "visits")),
        (body({**LINE, "country": "de"}), ("/entries/0/country", "country")),
        (body({**LINE, "country": ["DE"]}), ("/entries/0/country", "country")),
        (body({**LINE, "url": ENTRY.url + "?a=1"}), ("/entries/0/url", "unknown_url")),
    ],
)
def test_one_fault(value, fault):
    assert fault in faults(value)


def test_a_client_speaks_of_its_own_services_only():
    assert faults(body(LINE), services={"termin"}) == {("/entries/0/service", "unknown_service")}
    assert len(SDG.countries) == 249
