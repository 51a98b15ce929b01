"""Feed and report by HTTP, and that all numbers agree."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from datetime import timedelta

from gateway.catalogue.probes.outage import Outage
from gateway.catalogue.publication.report_check import check
from tests.catalogue.publication.offers import NOW
from tests.web.conftest import ARS, HOST
from tests.web.status.conftest import PAGE

A = "{http://www.w3.org/2005/Atom}"


async def test_the_page_links_its_feed_which_tells_of_an_outage(published):
    published.rows.down.append(Outage(4, ARS, "dienst-03", NOW, None, NOW, "status"))
    page = (await published.get()).text
    address = re.search(r'<link rel="alternate" type="application/atom\+xml"[^>]* href="([^"]+)"', page)[1]
    answer = await published.get(address)
    assert answer.headers["content-type"] == "application/atom+xml"
    root = ET.fromstring(answer.content)
    assert root.findtext(f"{A}entry/{A}title") == "Gestört: Dienst 3 (dienst-03)"
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{A}link")}
    assert links == {"self": f"{HOST}{PAGE}/feed.atom", "alternate": f"{HOST}{PAGE}"}
    assert (await published.get(address, If_None_Match=answer.headers["ETag"])).status_code == 304
    assert (await published.get("/status/150000000000/feed.atom")).status_code == 404


async def test_the_report_is_made_when_it_is_asked_for_and_its_signature_beside_it(published):
    body, token = await published.get("/catalogue/report"), await published.get("/catalogue/report.jws")
    assert check(body.content, token.text).ok
    assert body.headers["content-type"] == "application/json"
    assert token.headers["content-type"] == "application/jose"
    assert "set-cookie" not in body.headers
    published.world.clock.at = NOW + timedelta(hours=1)
    again = await published.get("/catalogue/report", If_None_Match=body.headers["ETag"])
    assert again.status_code == 304


async def test_page_and_report_count_the_same(published):
    towns = {
        each["ars"]: each for each in json.loads((await published.get("/catalogue/report")).content)["municipalities"]
    }
    counts, page = towns[ARS]["counts"], (await published.get()).text
    assert f"{counts['claimed']} Online-Dienste bietet" in page
    assert f"{counts['with_leika_key']} davon haben" in page
    assert f"gelistet sind {counts['listed']}." in page
    assert f"Von den {counts['land']['counted']} " in page
    assert page.count('<section class="service"') == len(towns[ARS]["services"]) == counts["claimed"] == 22


async def test_without_a_claim_there_is_no_report(published):
    published.rows.statuses = []
    assert (await published.get("/catalogue/report")).status_code == 404
    assert (await published.get("/catalogue/report.jws")).status_code == 404


async def test_while_the_database_is_away_feed_and_report_are_problems(published):
    published.rows.away = True
    for path in (f"{PAGE}/feed.atom", "/catalogue/report"):
        answer = await published.get(path)
        assert (answer.status_code, answer.json()["code"]) == (503, "database_away")


async def test_page_report_and_open_data_count_the_same(published):
    table = await published.get("/catalogue/open-data.csv")
    assert (table.status_code, table.headers["content-type"]) == (200, "text/csv; charset=utf-8; header=present")
    assert "set-cookie" not in table.headers
    rows = list(csv.DictReader(io.StringIO(table.text, newline="")))
    own = [row for row in rows if row["ars"] == ARS]
    report = (await published.get("/catalogue/report")).json()
    (counts,) = [each["counts"] for each in report["municipalities"] if each["ars"] == ARS]
    assert (counts["claimed"], counts["with_leika_key"]) == (len(own), sum(bool(row["leika_key"]) for row in own))
    page = (await published.get(f"/status/{ARS}", accept_language="de")).text
    assert f"{len(own)} Online-Dienste" in page
    again = await published.get("/catalogue/open-data.csv", if_none_match=table.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")
