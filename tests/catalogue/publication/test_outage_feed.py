"""The feed of outages, read by a reader of XML that is not the writer."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import timedelta

from gateway.catalogue.probes.outage import Outage
from gateway.catalogue.publication.outage_feed import feed
from tests.catalogue.entries import ARS, entry
from tests.catalogue.publication.offers import NOW, Rows, publication, status

A = "{http://www.w3.org/2005/Atom}"
PAGE = "https://gateway.tangerhuette.example/status/150900546546"
ADDRESSES = {"public_url": "https://gateway.tangerhuette.example:8443/x", "page": PAGE, "itself": f"{PAGE}/feed.atom"}


def outage(no, *, hours=None, subject="hausnummer"):
    ended = NOW + timedelta(hours=hours) if hours else None
    return Outage(no, ARS, subject, NOW, ended, ended or NOW, "status")


async def read(*outages, title="Hausnummer <b>beantragen</b> & mehr"):
    rows = Rows([status(entry(titles={"de": title}))])
    return ET.fromstring(feed(await publication(rows).town(ARS), outages, **ADDRESSES))


async def test_an_outage_says_which_service_since_when_and_until_when():
    root = await read(outage(8, hours=2), outage(7))
    over, lasting = root.findall(f"{A}entry")
    assert lasting.findtext(f"{A}title") == "Gestört: Hausnummer <b>beantragen</b> & mehr (hausnummer)"
    assert "seit 30.11.2026, 15:05 Uhr gestört" in lasting.findtext(f"{A}summary")
    assert "von 30.11.2026, 15:05 Uhr bis 30.11.2026, 17:05 Uhr" in over.findtext(f"{A}summary")
    assert over.findtext(f"{A}published") == "2026-11-30T14:05:00Z"
    assert over.findtext(f"{A}updated") == "2026-11-30T16:05:00Z" == root.findtext(f"{A}updated")
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == "de"


async def test_ids_are_tags_and_stay_when_the_outage_ends():
    (during,) = (await read(outage(7))).findall(f"{A}entry")
    after_root = await read(outage(7, hours=1), title="Ein anderer Titel")
    (after,) = after_root.findall(f"{A}entry")
    assert during.findtext(f"{A}id") == after.findtext(f"{A}id")
    assert after.findtext(f"{A}id") == "tag:gateway.tangerhuette.example,2026:status:150900546546:outage:7"
    assert after_root.findtext(f"{A}id") == "tag:gateway.tangerhuette.example,2026:status:150900546546"


async def test_every_feed_has_what_rfc_4287_demands():
    for root in (await read(), await read(outage(1))):
        for place in (root, *root.findall(f"{A}entry")):
            for name in ("id", "title", "updated"):
                assert len(place.findall(f"{A}{name}")) == 1, name
        assert root.findtext(f"{A}author/{A}name")
        links = {link.get("rel"): link.get("href") for link in root.findall(f"{A}link")}
        assert links == {"self": f"{PAGE}/feed.atom", "alternate": PAGE}


async def test_a_service_that_is_gone_is_named_by_its_id_and_odd_characters_are_replaced():
    root = await read(outage(1, subject="weg"), outage(2), title="a\x0bb\ud800\uffff\U0001f600")
    gone, odd = (each.findtext(f"{A}title") for each in root.findall(f"{A}entry"))
    assert (gone, odd) == ("Gestört: weg", "Gestört: a\ufffdb\ufffd\ufffd\U0001f600 (hausnummer)")
