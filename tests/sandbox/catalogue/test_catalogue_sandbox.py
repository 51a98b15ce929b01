"""The catalogue sandbox as its readers and its collector's clients meet it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime

import httpx
import pytest

from gateway.sandbox.catalogue.sandbox import CLIENT, CatalogueSandbox
from gateway.sandbox.catalogue.server import app, readiness
from gateway.sandbox.clock import Clock, Ids

from .files import LEISTUNG, OBJECTS, RESPONSIBILITY, SERVICE, deletion, transfer

ARS = "150900546546"
LAND = "150000000000"
BASE = "http://127.0.0.1:7000"
XML = {"Content-Type": "application/xml"}


class Editor:
    """A client of everything that the sandbox offers; `site` holds the files of its own web server."""

    def __init__(self):
        self.site: dict[str, bytes] = {}
        clock = Clock(lambda: datetime(2026, 11, 30, 12, tzinfo=UTC))
        titles = {"hausnummer": {"de": "Hausnummer beantragen", "en": "Apply for a house number"}}
        self.sandbox = CatalogueSandbox(BASE, titles, clock=clock, ids=Ids(3), fetch=self.fetched)
        self.line = readiness(self.sandbox)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app(self.sandbox)))

    async def fetched(self, address):
        return self.site.get(address.rpartition("/")[2])

    async def token(self, secret=None):
        form = {"grant_type": "client_credentials"}
        auth = (CLIENT, secret or self.line["collector_client"]["client_secret"])
        return await self.http.post(self.line["collector_token_url"], data=form, auth=auth)

    async def push(self, content):
        token = (await self.token()).json()["access_token"]
        headers = {**XML, "Authorization": f"Bearer {token}"}
        return await self.http.post(self.line["collector"], content=content, headers=headers)

    async def pull(self):
        return await self.http.post(self.line["admin"] + "/pull", json={"index": "http://editor/index.txt"})

    async def offers(self, ars=ARS, **asked):
        found = await self.http.get(self.line["pvog"] + "/v1beta2/onlineservices", params={"ars": ars, **asked})
        return found.json()["onlineservices"]

    async def hub(self, ars, **asked):
        found = await self.http.get(f"{self.line['datahub']}/public/v1/dash/open-pvog/{ars}", params=asked)
        return found.json()["content"]


@pytest.fixture
async def editor():
    made = Editor()
    async with made.http:
        yield made


def rules(answer):
    return [fault["rule"] for fault in answer.json()["faults"]]


async def test_what_is_pushed_is_found_by_key_and_area_and_counted_in_the_land(editor):
    assert (await editor.push(transfer(*OBJECTS))).status_code == 202
    own = await editor.offers(leikaIds="99012021002000")
    assert [(each["id"], each["links"][0]["uri"]) for each in own] == [
        ("L100042.OD.21", "https://rathaus.example/hausnummer")
    ]
    assert own[0]["serviceDescriptions"][0]["ars"] == [ARS]
    assert (
        len(await editor.hub(LAND, includeBelow="true", size="100")) == 11 + 1 + 1
    )  # of other towns, the Land's, ours
    assert [row["online_status"] for row in await editor.hub(ARS)] == ["ok"]


async def test_inherited_offers_are_found_and_named_by_their_own_area(editor):
    assert {each["serviceDescriptions"][0]["ars"][0] for each in await editor.offers()} == {"000000000000", LAND}
    assert await editor.hub(ARS) == []
    assert len(await editor.hub(ARS, includeAbove="true")) == 2


async def test_what_is_deleted_is_gone(editor):
    await editor.push(transfer(*OBJECTS))
    await editor.push(transfer(deleted=deletion("Zustaendigkeit", "31"), number="t2"))
    assert await editor.hub(ARS) == []


async def test_the_same_transfer_again_changes_nothing_and_another_does(editor):
    await editor.push(transfer(*OBJECTS))
    await editor.push(transfer(deleted=deletion("Onlinedienst", "21"), number="t2"))
    await editor.push(transfer(*OBJECTS))
    assert await editor.hub(ARS) == []
    await editor.push(transfer(SERVICE, number="t3"))
    assert len(await editor.hub(ARS)) == 1


async def test_a_whole_data_set_replaces_what_stood_there(editor):
    editor.site = {"index.txt": b"a.xml\r\nb.xml\r\n"}
    editor.site |= {"a.xml": transfer(LEISTUNG, SERVICE), "b.xml": transfer(RESPONSIBILITY, position=2)}
    assert (await editor.pull()).json()["written"] == 3
    assert len(await editor.hub(ARS)) == 1
    editor.site["index.txt"] = b"a.xml\n"
    assert (await editor.pull()).json()["deleted"] == 1
    assert await editor.hub(ARS) == []


@pytest.mark.parametrize(
    ("site", "rule"),
    [
        ({}, "index_missing"),
        ({"index.txt": b"\r\n"}, "index_empty"),
        ({"index.txt": b"a.xml\nweg.xml"}, "index_incomplete"),
        ({"index.txt": b"a.xml\na.xml"}, "index_names"),
        ({"index.txt": b"../a.xml"}, "index_names"),
        ({"index.txt": b"a.xml\nb.xml", "b.xml": b"<"}, "not_well_formed"),
        ({"index.txt": b"a.xml\nb.xml", "b.xml": transfer(LEISTUNG, number="t2")}, "id_twice"),
    ],
)
async def test_a_faulty_data_set_changes_nothing(editor, site, rule):
    await editor.push(transfer(*OBJECTS))
    editor.site = {"a.xml": transfer(*OBJECTS), **site}
    answer = await editor.pull()
    assert (answer.status_code, rules(answer)) == (422, [rule])
    assert len(await editor.hub(ARS)) == 1


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"<html></html>", "namespace"),
        (transfer(LEISTUNG, ns="http://xoev.de/schemata/xzufi/2_1_0"), "namespace"),
        (transfer(LEISTUNG).replace(b"x:transaktionID", b"x:transaktion"), "root_children"),
        (transfer(LEISTUNG).replace(b' produkthersteller="h"', b""), "root_attribute"),
        (transfer(LEISTUNG + SERVICE), "object"),
        (transfer(LEISTUNG.replace(' schemeAgencyID="L100042"', "")), "identifier"),
        (transfer(SERVICE.replace("<code>10</code>", "<x:code>10</x:code>")), "code_qualified"),
        (transfer(deleted=deletion("Formular", "1")), "deletion"),
        (transfer(SERVICE, SERVICE), "id_twice"),
        (transfer(SERVICE.replace('languageCode="de"', 'languageCode="deu"', 1)), "language"),
        (transfer(LEISTUNG.replace("Hausnummer", "&lt;script&gt;x&lt;/script&gt;")), "html"),
        (transfer(LEISTUNG.replace("Hausnummer", "&lt;a href=&quot;javascript:x&quot;&gt;x&lt;/a&gt;")), "html"),
        (transfer(LEISTUNG.replace("Hausnummer", "&lt;p style=&quot;x&quot;&gt;x&lt;/p&gt;")), "html"),
    ],
)
async def test_a_push_that_breaks_a_rule_is_refused_by_that_rule(editor, content, rule):
    answer = await editor.push(content)
    assert answer.status_code == 422
    assert rule in rules(answer)
    assert editor.sandbox.holdings.objects == {}


async def test_allowed_html_and_links_are_taken(editor):
    text = "&lt;p&gt;a &amp;lt; b&lt;br/&gt;&lt;a href=&quot;https://a.example/&quot;&gt;x&lt;/a&gt;&lt;/p&gt;"
    assert (await editor.push(transfer(LEISTUNG.replace("Hausnummer", text)))).status_code == 202


async def test_a_push_needs_a_token_of_the_last_five_minutes(editor):
    assert (await editor.token(secret="wrong")).status_code == 401
    assert (await editor.http.post(editor.line["collector"], content=transfer(), headers=XML)).status_code == 401
    token = (await editor.token()).json()["access_token"]
    await editor.http.post(editor.line["admin"] + "/clock", json={"advance_s": 301})
    late = {**XML, "Authorization": f"Bearer {token}"}
    assert (await editor.http.post(editor.line["collector"], content=transfer(), headers=late)).status_code == 401


async def test_the_export_is_given_as_a_stream_only_and_begins_with_a_mark(editor):
    await editor.push(transfer(*OBJECTS))
    address = f"{editor.line['datahub']}/public/v1/dash/open-pvog/{ARS}/export?filetype=csv"
    assert (await editor.http.get(address, headers={"Accept": "text/csv"})).status_code == 406
    sheet = await editor.http.get(address, headers={"Accept": "application/octet-stream"})
    assert sheet.text.startswith("\ufeff")
    rows = list(csv.DictReader(io.StringIO(sheet.text.removeprefix("\ufeff"))))
    assert [(row["leika_key"], row["ars"]) for row in rows] == [("99012021002000", ARS)]


async def test_a_page_says_its_title_in_both_languages_until_a_fault_is_ordered(editor):
    address = editor.line["pages"] + "/hausnummer"
    assert "Hausnummer beantragen" in (await editor.http.get(address)).text
    english = await editor.http.get(address, headers={"Accept-Language": "en"})
    assert "Apply for a house number" in english.text
    assert (await editor.http.get(editor.line["pages"] + "/unbekannt")).status_code == 404
    fault = {"match": "GET /pages/hausnummer*", "kind": "status", "value": 503, "times": 1}
    await editor.http.post(editor.line["admin"] + "/faults", json=fault)
    assert [(await editor.http.get(address)).status_code for _ in range(2)] == [503, 200]


async def test_statistics_are_held_to_their_form_and_a_correction_is_told_by_its_id(editor):
    sdg, headers = editor.line["sdg"], {"x-api-key": editor.line["sdg"]["key"]}
    number = (await editor.http.get(sdg["address"] + "unique-id", headers=headers)).text
    line = {"deviceType": "PC", "nbVisits": 7, "originatingCountry": "DE"}
    period = {"startDate": "2026-10-01T00:00:00Z", "endDate": "2026-10-31T23:59:59Z"}
    sent = {"uniqueId": number, "referencePeriod": period, "transferDate": "2026-11-02T00:00:00Z"}
    sent |= {"transferType": "API", "nbEntries": 1}
    sent["sources"] = [{"source": {"sourceUrl": "https://a.example/", "statistics": [line]}}]
    address = sdg["address"] + "statistics/information-services"
    assert (await editor.http.post(address, json=sent)).status_code == 403
    assert [(await editor.http.post(address, json=sent, headers=headers)).status_code for _ in range(2)] == [200, 200]
    assert [each["corrects"] for each in editor.sandbox.received] == [False, True]
    for wrong in ({"nbVisits": 0}, {"originatingCountry": "Deutschland"}, {"deviceType": "Fridge"}):
        spoilt = [{"source": {"sourceUrl": "https://a.example/", "statistics": [{**line, **wrong}]}}]
        assert (await editor.http.post(address, json={**sent, "sources": spoilt}, headers=headers)).status_code == 422


async def test_the_admin_answers_on_loopback_by_its_own_address_only(editor):
    state = editor.line["admin"] + "/state"
    assert (await editor.http.get(state)).status_code == 200
    assert (await editor.http.get(state, headers={"Host": "evil.example"})).status_code == 403
    assert (await editor.http.get(f"{BASE}/admin/guessed/state")).status_code == 404
    await editor.push(transfer(*OBJECTS))
    await editor.http.post(editor.line["admin"] + "/reset")
    assert editor.sandbox.holdings.objects == {}
