"""The page of a municipality: what it says, to whom, and what it never does."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from html.parser import HTMLParser

import pytest

from gateway.catalogue.entry import LifeCycle, Maturity
from gateway.catalogue.status import CatalogueFinding, FindingCode, Listing, Source
from gateway.web.status.view import picture, shown_link
from tests.catalogue.entries import entry
from tests.catalogue.publication.offers import NOW, TODAY, status
from tests.web.conftest import ARS, HOST, OTHER_ARS
from tests.web.status.conftest import PAGE


class Words(HTMLParser):
    """Every text of a page, and what its elements are."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.texts: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append(data.strip())

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    @property
    def said(self) -> str:
        return " ".join(self.texts).replace("\xa0", " ")


async def words(published, path=PAGE, **headers):
    answer = await published.get(path, **headers)
    assert answer.status_code == 200
    return Words(answer.text)


async def test_the_sentence_says_what_each_number_counts(published):
    german = (await words(published)).said
    assert "22 Online-Dienste bietet die Stadt an." in german
    sentence = "16 davon haben einen Leistungsschlüssel und können im Portalverbund stehen; gelistet sind 2."
    assert sentence in german
    assert "28 Verwaltungsleistungen, die der OZG Data Hub (Stand 30. November 2026) im Land zählt, kommen 16" in german
    english = (await words(published, Accept_Language="en")).said
    assert "22 online services are offered by the town." in english
    assert "Of the 28 public services that the OZG Data Hub counts in the Land (as of 30 November 2026), 16" in english


async def test_counts_of_different_units_are_never_divided(published):
    said = (await words(published)).said
    shares = {22 / 28, 16 / 28, 2 / 28, 16 / 22, 2 / 22}
    for share in shares:
        assert not re.search(rf"\b{share * 100:.0f}(,\d+)? ?%", said)
    assert "22 von 28" not in said
    assert "von 28" not in said


async def test_without_a_count_of_the_land_nothing_is_said_of_it(published):
    published.rows.land = None
    said = (await words(published)).said
    assert "im Land" not in said


async def test_before_a_read_back_it_says_that_nothing_was_read(published):
    published.rows.statuses = [status(entry())]
    assert "ob sie gelistet sind, wurde noch nicht gelesen" in (await words(published)).said


async def test_a_service_without_key_is_not_said_to_wait_for_a_read_back(published):
    published.rows.statuses = [status(entry(leika_key=None))]
    said = (await words(published)).said
    assert "Im Portalverbund gelistet ohne Leistungsschlüssel nicht möglich" in said
    assert "noch nicht gelesen" not in said


@pytest.mark.parametrize(("number", "sentence"), [(0, "0 Online-Dienste bietet"), (1, "1 Online-Dienst bietet")])
async def test_the_sentence_fits_small_numbers(published, number, sentence):
    published.rows.statuses = published.rows.statuses[:number]
    assert sentence in (await words(published)).said


async def test_the_four_truths_maturity_and_findings_stand_beside_each_other(published):
    finding = CatalogueFinding(ARS, "hausnummer", FindingCode.URL_MISMATCH, None, NOW)
    maturities = (Maturity("1.1", 3, date(2025, 1, 2)), Maturity("2.0", 5, date(2026, 1, 31)))
    one = entry(leika_key=None, maturities=maturities, example=True, life_cycle=LifeCycle.SUSPENDED)
    published.rows.statuses = [
        status(one, delivered=True, works=False, works_since=NOW, probed_at=NOW, findings=(finding,)),
    ]
    said = (await words(published)).said
    for sentence in (
        "Angeboten ja",
        "An den Katalog geliefert ja",
        "Im Portalverbund gelistet ohne Leistungsschlüssel nicht möglich",
        "Funktioniert nein, seit 30. November 2026, 15:05 Uhr",
        "Modell 1.1: Stufe 3 von 4, beurteilt am 2. Januar 2025",
        "Modell 2.0: Stufe 5 von 7, beurteilt am 31. Januar 2026",
        "Für diese Leistung gibt es keinen Leistungsschlüssel",
        "Im Portalverbund steht eine andere Adresse.",
        "Zurzeit gestört Hausnummer beantragen",
        "Beispieldaten",
        "zurzeit ausgesetzt",
    ):
        assert sentence in said


async def test_availability_is_a_picture_with_the_table_beside_it(published):
    published.rows.statuses = [status(entry())]
    days = [(TODAY, 999, 1), (TODAY - timedelta(days=1), 10, 0), (TODAY - timedelta(days=60), 0, 10)]
    published.rows.measured = {"hausnummer": days}
    page = await words(published)
    assert "30 Tage 99,9 % 1 von 1.010" in page.said
    assert "90 Tage 98,9 % 11 von 1.020" in page.said
    assert "Die letzten 90 Tage: 1 ohne Fehler, 2 mit Fehlern, 87 nicht geprüft" in page.texts
    assert [attributes["class"] for tag, attributes in page.elements if tag == "path"] == [
        "days-none",
        "days-bad",
        "days-good",
    ]


def test_a_picture_is_as_wide_as_its_days_and_short_where_nothing_changes():
    (good,) = picture([(5, 0)] * 90).paths
    assert good == ("good", "M0 4h90v12h-90z")
    days = picture([(5, 0), None, (0, 0), (4, 1), (5, 0)])
    assert dict(days.paths) == {
        "good": "M0 4h1v12h-1zM4 4h1v12h-1z",
        "none": "M1 14h2v2h-2z",
        "bad": "M3 0h1v16h-1z",
    }


HOSTILE = '<script>alert(1)</script>"><img src=x onerror=alert(1)>{{ 7*7 }}'


async def test_hostile_texts_are_texts(published):
    titles = {"de": HOSTILE, "en": HOSTILE}
    published.rows.statuses = [status(entry(titles=titles, url="javascript:alert(1)"), works=False, works_since=NOW)]
    page = await words(published)
    assert HOSTILE in page.texts
    assert {tag for tag, _ in page.elements} & {"script", "img", "iframe", "form"} == set()
    assert not any(str(value).startswith("javascript") for _, each in page.elements for value in each.values())
    assert not any(name.startswith("on") or name == "style" for _, each in page.elements for name in each)


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "//evil.example/",
        "https://",
        "https://user:pw@rathaus.example/",
        "https://user@rathaus.example/",
        "https://rathaus.example/\nx",
        "https://rathaus.example/ x",
        "https://[::1/",
        " https://rathaus.example/",
    ],
)
def test_an_odd_address_is_no_link(address):
    assert shown_link(address) is None


async def test_a_title_in_another_language_says_so(published):
    published.rows.statuses = [status(entry(titles={"de": "Nur deutsch"}))]
    page = await words(published, Accept_Language="en")
    assert "Nur deutsch" in page.texts
    assert ("h2", "de") in [(tag, each.get("lang")) for tag, each in page.elements]


async def test_every_service_is_there_in_both_languages_by_header_and_by_link(published):
    german, english = await words(published, Accept_Language="de"), await words(published, Accept_Language="en")
    for no in range(22):
        assert f"Dienst {no}" in german.texts
        assert f"Service {no}" in english.texts
    assert ("html", {"lang": "de"}) in german.elements
    assert ("html", {"lang": "en"}) in english.elements
    linked = await published.get(f"{PAGE}?lang=en", Accept_Language="de")
    assert linked.headers["Content-Language"] == "en"
    assert ("a", "?lang=en") in [(tag, each.get("href")) for tag, each in german.elements]


async def test_it_says_as_of_when_in_the_time_of_germany(published):
    assert "Stand: 30. November 2026, 15:05" in (await published.get()).text
    assert "As of 30 November 2026, 15:05" in (await published.get(f"{PAGE}?lang=en")).text


async def test_it_may_be_kept_by_anybody_and_leaves_nothing_behind(published):
    first = await published.get()
    assert first.headers["Cache-Control"] == "public, max-age=60"
    assert first.headers["Vary"] == "Accept-Language"
    assert "set-cookie" not in first.headers
    assert "unsafe" not in first.headers["Content-Security-Policy"]
    again = await published.get(If_None_Match=f'"x", W/{first.headers["ETag"]}')
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    assert (await published.get(Accept_Language="en")).headers["ETag"] != first.headers["ETag"]
    assert (await published.get(If_None_Match='"x"')).status_code == 200
    async with published.browser() as it:
        assert (await it.head(PAGE)).headers["ETag"] == first.headers["ETag"]


async def test_many_readers_cost_one_look_until_it_is_old(published):
    before = published.rows.looks
    for _ in range(5):
        await published.get()
    assert published.rows.looks == before + 1
    published.rows.statuses[0] = replace(published.rows.statuses[0], works=False, works_since=NOW)
    published.world.clock.at = NOW + timedelta(seconds=6)
    assert "Zurzeit gestört" in (await words(published)).said


async def test_while_the_database_is_away_the_last_page_stands_and_a_new_reader_is_told(published):
    page = await published.get()
    published.rows.away = True
    published.world.clock.at = NOW + timedelta(minutes=30)
    assert (await published.get()).content == page.content
    told = await published.get(Accept_Language="en")
    assert (told.status_code, told.headers["Retry-After"]) == (503, "1")
    assert "How things stand is not known at present" in told.text
    assert told.headers["Cache-Control"] == "no-store"
    published.world.clock.at = NOW + timedelta(hours=2)
    assert (await published.get()).status_code == 503


@pytest.mark.parametrize("ars", ["150000000000", "x", "%00", "1" * 2000])
async def test_an_unknown_municipality_is_a_page_that_says_so(published, ars):
    answer = await published.get(f"/status/{ars}")
    assert answer.status_code == 404
    assert "Diese Seite gibt es nicht" in answer.text
    assert "unsafe" not in answer.headers["Content-Security-Policy"]


async def test_the_index_names_every_municipality(published):
    page = await words(published, "/status")
    links = {each.get("href") for tag, each in page.elements if tag == "a"}
    assert {f"/status/{ARS}", f"/status/{OTHER_ARS}"} <= links
    assert "Hansestadt Stendal" in page.texts
    assert (await published.get("/status?lang=en")).headers["Content-Language"] == "en"


async def test_nothing_on_a_page_leads_elsewhere_but_the_services(published):
    page = await words(published)
    for tag, attributes in page.elements:
        for name in ("href", "src"):
            address = attributes.get(name)
            if address and "://" in address:
                assert (tag, address) == ("a", "https://rathaus.example/hausnummer")
    assert HOST not in page.said


async def test_a_finding_names_who_gave_rise_to_it_where_another_source_lists_the_service(published):
    at = {"missing_in_pvog": Source.DATA_HUB, "url_mismatch": Source.PVOG}
    findings = tuple(CatalogueFinding(ARS, "hausnummer", FindingCode(code), at[code], NOW) for code in at)
    listings = (Listing(Source.PVOG, True, NOW), Listing(Source.DATA_HUB, False, NOW))
    published.rows.statuses = [status(entry(), listings=listings, findings=findings)]
    said = (await words(published)).said
    assert "Im Portalverbund gelistet ja" in said
    assert "Der Portalverbund kennt diesen Online-Dienst nicht. (OZG Data Hub)" in said
    assert "Im Portalverbund steht eine andere Adresse. (Suchdienst des Portalverbunds (PVOG))" in said
