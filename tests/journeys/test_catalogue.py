"""The catalogue from registry to status page, as town, collector, citizen and operator see it; real processes.

Files are read by a reader of XZuFi that shares no code with the writer, the report's signature by jwcrypto.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import time
import xml.etree.ElementTree as ET
from datetime import datetime
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
from jwcrypto import jwk, jws

from gateway.catalogue.delta import delta
from gateway.settings import reading as settings
from gateway.store.catalogue.exported_files import ExportedFiles
from gateway.store.catalogue.exports import StoredExports
from gateway.wiring.catalogue_export import exporter
from gateway.wiring.runtime import open_runtime
from tests.catalogue.exporting import Held, below, read, read_export
from tests.commands import run
from tests.demo_fixture import ARS, http, kept_demo

pytestmark = pytest.mark.slow

SERVICE, ELSEWHERE = "hausnummer", "gewerbe-anmelden"
ATOM = "{http://www.w3.org/2005/Atom}"
SECONDS_A_PAGE_IS_KEPT = 5


class Town:
    """A kept demo, by its commands and addresses only."""

    def __init__(self, line):
        self.config, self.base = line["config"], line["base_url"]
        self.admin = line["sandboxes"]["catalogue"]["admin"]
        self.folder = Path(line["config"]).parent / "catalogue"

    def does(self, *arguments):
        done = run(*arguments, "--config", self.config, "--json")
        assert done.returncode == 0, done.stderr
        return [json.loads(row) for row in done.stdout.splitlines()]

    def catalogue(self, *arguments):
        return self.does("catalogue", *arguments)

    def entries(self):
        return {each["service"]: each for each in self.catalogue("list")}

    def export(self):
        (summary,) = self.catalogue("export")
        return summary

    def collected(self) -> tuple[Held, str]:
        """What a collector gets over HTTP, and the id of the transfer."""
        place = f"{self.base}/catalogue/xzufi/"
        names = http("GET", place + "index.txt")[2].decode().split()
        files = {name: http("GET", place + name)[2] for name in names}
        (transfer, *_) = (ET.fromstring(files[name]) for name in names)
        (number,) = [each.text for each in transfer if each.tag.endswith("}transaktionID")]
        return read_export(files), number

    def changes(self, since) -> Held:
        """The transfers that bring a counterpart from that export to the last one."""

        async def made():
            async with open_runtime(settings.read(Path(self.config)), services=True) as runtime:
                last = await StoredExports(runtime.store.database).last()
                return await delta(ExportedFiles(runtime.store.database), last, since, exporter(runtime).writer)

        return read(asyncio.run(made()))

    def pulled(self):
        status, _, outcome = http("POST", self.admin + "/pull", {"index": f"{self.base}/catalogue/xzufi/index.txt"})
        assert (status, outcome["faults"]) == (200, [])
        return outcome

    def read_back(self):
        return {each["source"]: each for each in self.catalogue("readback")}

    def probed(self, times):
        for _ in range(times):
            self.catalogue("probe")
        return self.entries()[SERVICE]["works"]

    def alarms(self):
        return [each for each in self.does("alarms", "list") if each["service"] == SERVICE]

    def shows(self, path, holds):
        """The page once it says what it should; it is made anew every few seconds."""
        until = time.monotonic() + 2 * SECONDS_A_PAGE_IS_KEPT
        while True:
            status, fields, page = http("GET", self.base + path, headers={"Accept-Language": "de"})
            assert status == 200
            if holds(page.decode()) or time.monotonic() > until:
                return page.decode(), fields
            time.sleep(0.2)

    def feed(self, holds):
        raw, fields = self.shows(f"/status/{ARS}/feed.atom", holds)
        root = ET.fromstring(raw)
        assert_is_atom(root, self.base)
        assert fields["content-type"].startswith("application/atom+xml")
        return [each.findtext(f"{ATOM}title") for each in root.findall(f"{ATOM}entry")]

    def report(self):
        """The report of the day as everybody gets it, its signature verified by jwcrypto with the published keys."""
        self.catalogue("report", "--out", str(self.folder.parent / "report.json"))
        *_, report = http("GET", f"{self.base}/catalogue/report")
        raw = (self.folder.parent / "report.json").read_bytes()
        assert json.loads(raw) == report
        detached = (self.folder.parent / "report.json.jws").read_text().strip()
        head, middle, signature = detached.split(".")
        assert middle == ""
        payload = base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
        token = jws.JWS()
        token.deserialize(f"{head}.{payload}.{signature}")
        keys = http("GET", f"{self.base}/oidc/jwks.json")[2]["keys"]
        kid = token.jose_header["kid"]
        token.verify(jwk.JWK(**next(each for each in keys if each["kid"] == kid)))
        (town,) = report["municipalities"]
        return town["counts"], {each["service"]: each for each in town["services"]}


def assert_is_atom(root, base):
    """What RFC 4287 demands of a feed and its entries (§4.1.1, §4.1.2, §4.2), and RFC 3339 of its times."""
    assert root.tag == f"{ATOM}feed"
    entries = root.findall(f"{ATOM}entry")
    ids = [each.findtext(f"{ATOM}id") for each in (root, *entries)]
    assert len(set(ids)) == len(ids)
    assert all(urlsplit(each).scheme for each in ids)
    assert len(root.findall(f"{ATOM}author")) == 1
    assert [link.get("href") for link in root.findall(f"{ATOM}link") if link.get("rel") == "self"] == [
        f"{base}/status/{ARS}/feed.atom"
    ]
    for place in (root, *entries):
        for name in ("id", "title", "updated"):
            assert len(place.findall(f"{ATOM}{name}")) == 1
        alternates = [link for link in place.findall(f"{ATOM}link") if link.get("rel") == "alternate"]
        assert len({(link.get("type"), link.get("hreflang")) for link in alternates}) == len(alternates) == 1
        assert all(urljoin(base, link.get("href")) == link.get("href") for link in alternates)
        for name in ("updated", "published"):
            for each in place.findall(f"{ATOM}{name}"):
                assert datetime.fromisoformat(each.text).tzinfo is not None
                assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", each.text)
    newest = sorted((each.findtext(f"{ATOM}updated") for each in entries), reverse=True)
    assert newest == [each.findtext(f"{ATOM}updated") for each in entries]
    assert all(root.findtext(f"{ATOM}updated") >= each for each in newest)


def section(page, service=SERVICE):
    """What the page says of one service."""
    return page.partition(f'id="service-{service}"')[2].partition("</section>")[0]


def answers(page, service=SERVICE):
    found = re.findall(r"<dt[^>]*>([^<]*)</dt><dd[^>]*>(.*?)</dd>", section(page, service), re.DOTALL)
    return {name: text.split(",")[0].split("<")[0] for name, text in found}


@pytest.fixture(scope="module")
def town():
    with kept_demo() as line:
        config = Path(line["config"])
        text = config.read_text(encoding="utf-8")
        config.write_text(text.replace("[catalogue.readback]\n", "[catalogue.readback]\nrequests_per_second = 5\n"))
        made = Town(line)
        made.export()
        made.pulled()
        made.read_back()
        yield made


def test_a_service_is_published_listed_fails_is_told_and_recovers(town):
    listed = town.entries()
    assert (listed[SERVICE]["delivered"], listed[SERVICE]["listed"], listed[SERVICE]["findings"]) == (True, True, [])
    assert town.probed(1) is True
    assert (town.alarms(), town.feed(lambda _: True)) == ([], [])
    before, number = town.collected()

    http("POST", town.admin + "/faults", {"match": f"GET /pages/{SERVICE}*", "kind": "status", "value": 503})
    try:
        assert town.probed(3) is False
        page, _ = town.shows(f"/status/{ARS}", lambda page: "nein" in answers(page)["Funktioniert"])
        assert answers(page)["Funktioniert"] == "nein"
        assert answers(page)["Im Portalverbund gelistet"] == "ja"
        (title,) = town.feed(lambda feed: "Gestört" in feed)
        assert title.startswith("Gestört: Hausnummer")
        (alarm,) = town.alarms()
        assert (alarm["rule"], alarm["municipality"], alarm["service"]) == ("service_down", ARS, SERVICE)
        _, reported = town.report()
        assert (reported[SERVICE]["works"], reported[SERVICE]["listed"]) == (False, True)
        assert not town.export()["changed"], "an outage takes nothing out of the catalogue"
        during, same = town.collected()
        assert (during.objects.keys(), same) == (before.objects.keys(), number)
    finally:
        http("DELETE", town.admin + "/faults")

    assert town.probed(3) is True
    page, _ = town.shows(f"/status/{ARS}", lambda page: answers(page)["Funktioniert"] == "ja")
    assert answers(page)["Funktioniert"] == "ja"
    (title,) = town.feed(lambda feed: "Behoben" in feed)
    assert title.startswith("Behoben: Hausnummer")
    assert town.alarms() == []
    assert town.report()[1][SERVICE]["works"] is True


def test_export_page_report_and_list_count_the_same(town):
    listed = town.entries()
    with_key = [each for each in listed.values() if each["leika_key"]]
    seen = [each for each in listed.values() if each["listed"]]
    counts, reported = town.report()
    page, _ = town.shows(f"/status/{ARS}", lambda _: True)
    claimed, keys, on_page = re.search(
        r"(\d+) Online-Dienste bietet.*?(\d+) davon haben einen Leistungsschlüssel.*?gelistet sind (\d+)",
        page,
        re.DOTALL,
    ).groups()
    assert (int(claimed), int(keys), int(on_page)) == (len(listed), len(with_key), len(seen))
    assert (counts["claimed"], counts["with_leika_key"], counts["listed"]) == (len(listed), len(with_key), len(seen))
    assert page.count('<section class="service"') == len(reported) == len(listed)
    held, _ = town.collected()
    summary = town.export()
    assert summary["services"] == summary["objects"]["Onlinedienst"] == len(held.of("Onlinedienst")) == len(with_key)
    assert sum(each["delivered"] for each in listed.values()) == len(with_key)
    hub = town.read_back()["datahub"]
    land = counts["land"]
    assert (land["ours"], land["counted"]) == (hub["listed"], hub["rows_of_land"])
    assert f"Von den {land['counted']} Verwaltungsleistungen" in page
    assert f"kommen {land['ours']} von hier" in page


def test_an_edited_text_keeps_the_ids_and_a_state_that_comes_back_is_a_new_transfer(town):
    file = town.folder / f"{ELSEWHERE}.toml"
    plain = file.read_text(encoding="utf-8")
    revision = town.entries()[ELSEWHERE]["revision"]
    first, number = town.collected()
    numbers, exports = {number}, {town.export()["export"]}
    edited = plain.replace('de = "Gewerbe anmelden"', 'de = "Ein Gewerbe anmelden"')
    assert edited != plain
    for more, text in enumerate((edited, plain), start=1):
        file.write_text(text, encoding="utf-8")
        summary = town.export()
        held, number = town.collected()
        assert held.objects.keys() == first.objects.keys()
        numbers.add(number)
        exports.add(summary["export"])
        entry = town.entries()[ELSEWHERE]
        assert (entry["revision"], entry["delivered"]) == (revision + more, True)
    assert len(numbers) == len(exports) == 3
    assert not town.export()["changed"]
    town.pulled()


def test_what_is_withdrawn_is_deleted_there_and_leaves_no_finding(town):
    file = town.folder / f"{ELSEWHERE}.toml"
    url = town.entries()[ELSEWHERE]["url"]
    since, (before, _) = town.export()["export"], town.collected()
    file.write_text(file.read_text(encoding="utf-8").replace("example = true", 'life_cycle = "withdrawn"'))
    assert town.export()["export"] > since
    after, _ = town.collected()
    gone = before.objects.keys() - after.objects.keys()
    changes = town.changes(since)
    assert set(changes.deleted) == gone
    assert {kind for kind, _, _ in changes.objects} == {"Organisationseinheit"}, "it names the services of each unit"
    assert {*changes.objects, *changes.pointers} <= set(after.objects)
    assert {"Onlinedienst", "Leistung", "Zustaendigkeit"} <= {kind for kind, _, _ in gone}
    assert after.objects.keys() < before.objects.keys()
    assert url not in {link.text for service in after.of("Onlinedienst") for link in below(service, "link")}
    assert set(after.pointers) <= set(after.objects)
    orphaned = {source: each["findings"] for source, each in town.read_back().items()}
    assert orphaned == {"pvog": 1, "datahub": 1, "routing": 0}, "it is listed still and nobody offers it"
    assert town.pulled()["deleted"] == len(gone)
    assert {each["findings"] for each in town.read_back().values()} == {0}
    listed = town.entries()
    assert ELSEWHERE not in listed
    assert {code for each in listed.values() for code in each["findings"]} == {"no_leika"}
    counts, reported = town.report()
    assert (counts["claimed"], ELSEWHERE in reported) == (len(listed), False)
