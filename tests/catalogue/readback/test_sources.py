"""What each source is asked, how few requests that takes, and that no bad answer gets through."""

from __future__ import annotations

from dataclasses import replace

import httpx
import pytest

from gateway.catalogue.readback.datahub_source import DataHubSource
from gateway.catalogue.readback.interfaces import interfaces
from gateway.catalogue.readback.pvog_source import PvogSource
from gateway.catalogue.readback.rows import AnswerRefused
from gateway.errors import CounterpartBusy, CounterpartGarbled, CounterpartRefused
from tests.catalogue.readback.answers import (
    ARS,
    DATA_HUB,
    KREIS,
    LAND,
    NOW,
    PVOG,
    Wire,
    cells,
    description,
    descriptions,
    key,
    online,
    services,
    table,
)
from tests.catalogue.readback.test_judging import claim

MANY = 50
TOTAL = {"content": [], "page": {"totalPages": 28}}


async def read_pvog(wire, entries, **limits):
    async with wire.client() as client:
        asker = wire.asker(client)
        source = PvogSource(PVOG + "/", replace(interfaces().pvog, **limits), asker)
        return await source.read(asker, ARS, entries, NOW)


async def read_hub(wire, entries, **limits):
    async with wire.client() as client:
        asker = wire.asker(client)
        source = DataHubSource(DATA_HUB, replace(interfaces().datahub, **limits), asker)
        return await source.read(asker, ARS, entries, NOW)


async def test_fifty_services_take_two_requests_at_pvog_and_two_at_the_data_hub():
    entries = [claim(no) for no in range(MANY)]
    wire = Wire({"/onlineservices": services(*map(online, range(MANY))), "/leikaid": descriptions(*range(MANY))})
    judgement = await read_pvog(wire, entries)
    assert (judgement.listed, judgement.findings, len(wire.requests)) == (MANY, (), 2)
    first, second = (request.url for request in wire.requests)
    assert (first.path, first.params["ars"]) == ("/api/v1beta2/onlineservices", ARS)
    assert first.params["leikaIds"].split(",") == second.params["leikaIds"].split(",") == [key(n) for n in range(MANY)]
    assert (second.path, second.params["validDate"]) == ("/api/v3/servicedescriptions/leikaid", "2026-11-30")
    wire = Wire({"/export": table(*map(cells, range(MANY))), LAND: TOTAL})
    judgement = await read_hub(wire, entries)
    assert (judgement.listed, judgement.findings, judgement.total, len(wire.requests)) == (MANY, (), 28, 2)
    assert dict(wire.requests[0].url.params) == {"filetype": "csv", "includeAbove": "false", "includeBelow": "true"}
    assert wire.requests[0].headers["accept"] == "application/octet-stream"


async def test_pages_are_followed_to_their_end():
    pages = [services(online(1), token="2"), services(online(2))]
    first = {"content": [description(1)], "last": False}
    wire = Wire({"/onlineservices": pages, "/leikaid": [first, {"content": [description(2)], "last": True}]})
    judgement = await read_pvog(wire, [claim(1), claim(2)])
    assert (judgement.listed, judgement.findings) == (2, ())
    assert [request.url.params.get("nextPageToken") for request in wire.requests[:2]] == [None, "2"]


async def test_levels_above_are_asked_only_for_online_services_whose_key_is_not_known():
    def described(request):
        return descriptions(1) if request.url.params["ars"] == ARS else descriptions(2)

    wire = Wire({"/onlineservices": services(online(1), online(2, KREIS)), "/leikaid": described})
    judgement = await read_pvog(wire, [claim(1), claim(2)])
    (finding,) = judgement.findings
    assert (finding.code.value, finding.found) == ("inherited_only", f"{KREIS} https://rathaus.example/2")
    assert [request.url.params["ars"] for request in wire.requests] == [ARS, ARS, KREIS]


async def test_nothing_is_asked_of_pvog_for_a_municipality_without_keys():
    wire = Wire()
    judgement = await read_pvog(wire, [])
    assert (judgement.listings, judgement.findings, wire.requests) == ({}, (), [])


async def test_no_hit_is_an_answer_but_a_page_for_people_is_none():
    judgement = await read_pvog(Wire(), [claim(1)])
    assert [finding.code.value for finding in judgement.findings] == ["missing_in_pvog"]
    page = httpx.Response(404, content=b"<html>", headers={"content-type": "text/html"})
    with pytest.raises(AnswerRefused, match="form"):
        await read_pvog(Wire({"/onlineservices": page}), [claim(1)])


def turning(_):
    return services(online(1), token="again")


def growing():
    number = iter(range(1000))
    return lambda _: services(online(next(number)), token=str(next(number)))


@pytest.mark.parametrize(
    ("routes", "rule"),
    [
        ({"/onlineservices": b"<html>Wartung</html>"}, "form"),
        ({"/onlineservices": b""}, "form"),
        ({"/onlineservices": services(), "/leikaid": {}}, "form"),
        ({"/onlineservices": turning}, "doubled"),
        ({"/onlineservices": growing()}, "endless"),
        ({"/onlineservices": services(online(1), online(1))}, "doubled"),
        ({"/onlineservices": {**services(online(1)), "totalHits": 3_500_000}}, "rows"),
        ({"/onlineservices": services(), "/leikaid": lambda _: {**descriptions(1), "last": False}}, "doubled"),
    ],
)
async def test_an_answer_of_pvog_that_is_no_news_is_refused(routes, rule):
    wire = Wire(routes)
    with pytest.raises(AnswerRefused, match=rule):
        await read_pvog(wire, [claim(1)])
    assert len(wire.requests) <= interfaces().pvog.most_pages


async def test_pages_that_lead_back_to_themselves_are_left_at_once():
    number = iter(range(1000))
    wire = Wire({"/onlineservices": lambda _: services(online(next(number)), token="again")})
    with pytest.raises(AnswerRefused, match="endless"):
        await read_pvog(wire, [claim(1)])
    assert len(wire.requests) == 2


async def test_pages_that_are_huge_together_are_left_before_all_are_held():
    number = iter(range(1000))
    filler = {"x": "y" * 5_000_000}
    wire = Wire({"/onlineservices": lambda _: {**services(online(no := next(number)), token=str(no)), **filler}})
    with pytest.raises(AnswerRefused, match="rows"):
        await read_pvog(wire, [claim(1)])
    assert len(wire.requests) == 7


async def test_an_export_that_is_too_large_or_not_given_is_read_page_by_page():
    rows = [
        {"leika_key": key(no), "ars": ARS, "url": f"https://rathaus.example/{no}", "online_status": "ok"}
        for no in range(4)
    ]

    def page(request):
        number, size = int(request.url.params["page"]), int(request.url.params["size"])
        return {"content": rows[number * size : (number + 1) * size], "page": {"totalPages": -(-len(rows) // size)}}

    for status in (413, 406):
        wire = Wire({"/export": httpx.Response(status), ARS: page, LAND: page})
        judgement = await read_hub(wire, [claim(no) for no in range(4)], page_size=3)
        assert (judgement.listed, judgement.findings, judgement.total, len(wire.requests)) == (4, (), 4, 4)


@pytest.mark.parametrize(
    ("routes", "rule"),
    [
        ({"/export": b"<html>Wartung</html>"}, "form"),
        ({"/export": b""}, "form"),
        ({"/export": table(cells(1), cells(1))}, "doubled"),
        ({"/export": table(cells(1, day="2026-12-01"))}, "future"),
        ({"/export": table(*map(cells, range(60)))}, "rows"),
        ({"/export": httpx.Response(413), ARS: {"content": [{"ars": ARS}], "page": {"totalPages": 35_000}}}, "rows"),
        ({"/export": httpx.Response(413), ARS: {"content": [{"ars": ARS}], "page": {"totalPages": 3}}}, "doubled"),
        ({"/export": httpx.Response(413), ARS: {"content": "all"}}, "form"),
    ],
)
async def test_an_answer_of_the_data_hub_that_is_no_news_is_refused(routes, rule):
    with pytest.raises(AnswerRefused, match=rule):
        await read_hub(Wire({**routes, LAND: TOTAL}), [claim(1)], most_rows=50)


async def test_inherited_rows_are_asked_for_where_a_key_lacks_and_their_absence_breaks_nothing():
    def export(request):
        above = request.url.params["includeAbove"] == "true"
        return table(cells(1), *([cells(2, LAND), cells(3, LAND)] if above else []))

    judgement = await read_hub(Wire({"/export": export, LAND: TOTAL}), [claim(1), claim(2)])
    assert [(one.service, one.code.value) for one in judgement.findings] == [("dienst-2", "inherited_only")]

    def refusing(request):
        return httpx.Response(413) if request.url.params["includeAbove"] == "true" else table(cells(1))

    judgement = await read_hub(Wire({"/export": refusing, LAND: httpx.Response(500)}), [claim(1), claim(2)])
    assert [(one.service, one.code.value) for one in judgement.findings] == [("dienst-2", "missing_in_pvog")]
    assert judgement.total is None


async def test_a_wait_that_is_asked_for_is_kept_once_and_a_long_one_is_left_to_the_next_turn():
    busy = httpx.Response(429, headers={"Retry-After": "7"})
    wire = Wire({"/onlineservices": [busy, services()], "/leikaid": descriptions()})
    await read_pvog(wire, [claim(1)])
    assert 7.0 in wire.waited
    for header, waited in (("7", True), ("3600", False)):
        wire = Wire({"/onlineservices": lambda _, header=header: httpx.Response(429, headers={"Retry-After": header})})
        with pytest.raises(CounterpartBusy) as raised:
            await read_pvog(wire, [claim(1)])
        assert (raised.value.retry_after, float(header) in wire.waited) == (float(header), waited)


async def test_requests_keep_the_pace_and_carry_what_the_asker_was_given():
    wire = Wire({"/onlineservices": services(), "/leikaid": descriptions()})
    async with wire.client() as client:
        asker = wire.asker(client, headers={"pvog-sud-api-client-id": "ours"})
        asker.rate.per_second = 2.0
        await PvogSource(PVOG, interfaces().pvog, asker).read(asker, ARS, [claim(1)], NOW)
    assert wire.waited == [0.5]
    assert {request.headers["pvog-sud-api-client-id"] for request in wire.requests} == {"ours"}
    assert [(kept.status, kept.address.startswith(PVOG)) for kept in asker.answers] == [(200, True)] * 2
    assert (asker.anew().requests, asker.anew().answers) == (0, [])


@pytest.mark.parametrize(
    ("said", "error"),
    [
        (httpx.Response(302, headers={"location": "https://evil.example/"}), CounterpartGarbled),
        (httpx.Response(503), CounterpartBusy),
        (httpx.Response(403), CounterpartRefused),
        (httpx.Response(410), CounterpartRefused),
    ],
)
async def test_every_other_status_is_an_error_of_its_class(said, error):
    with pytest.raises(error):
        await read_pvog(Wire({"/onlineservices": said}), [claim(1)])
    with pytest.raises(error):
        await read_hub(Wire({"/export": said}), [claim(1)])
