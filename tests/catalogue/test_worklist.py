"""Each contradiction is a row that an editor can do; doing all rows ends every finding but `no_leika`."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta
from html.parser import HTMLParser
from xml.sax.saxutils import escape

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalogue.entry import Revision
from gateway.catalogue.readback.datahub_source import DataHubSource
from gateway.catalogue.readback.interfaces import interfaces
from gateway.catalogue.readback.pvog_source import PvogSource
from gateway.catalogue.status import CatalogueFinding, FindingCode, ServiceStatus, Source
from gateway.catalogue.tables import safe
from gateway.catalogue.worklist import WorkAction, rows
from gateway.catalogue.worklist_files import as_csv, as_html
from gateway.sandbox.catalogue.holdings import HeldObject
from gateway.sandbox.catalogue.sandbox import CLIENT, CatalogueSandbox
from gateway.sandbox.catalogue.server import app, readiness
from gateway.sandbox.clock import Clock, Ids
from tests.catalogue.readback.answers import ARS, NOW, Wire, key
from tests.catalogue.readback.test_judging import claim

AGENCY = "L100042"
INHERITED = "99107023037000"
"""What the sandbox holds of the Land."""
DESTINATION = "879ee109-a690-4db8-ab32-424284184d7d"
NAMESPACE = "http://xoev.de/schemata/xzufi/2_2_0"


def finding(code, service="dienst-1", **changes):
    values = {"municipality": ARS, "service": service, "code": code, "source": Source.PVOG, "since": NOW, **changes}
    return CatalogueFinding(**values)


def status(entry, *findings):
    return ServiceStatus(Revision(entry, 1, "0" * 64, NOW, "files"), findings=findings)


def test_a_missing_service_is_entered_with_all_its_texts():
    missing = finding(FindingCode.MISSING_IN_PVOG, expected="https://rathaus.example/1")
    entry = claim(1, destination_id=DESTINATION, summaries={"de": "Kurz"}, fees={"de": "5 Euro"})
    (item,) = rows([status(entry, missing)], [missing])
    assert (item.action, item.old, item.new, item.secondary_id) == (
        WorkAction.ENTER,
        None,
        "https://rathaus.example/1",
        DESTINATION,
    )
    assert {(each.module, each.language): each.text for each in item.texts} == {
        ("Titel", "de"): "Hausnummer beantragen",
        ("Titel", "en"): "Apply for a house number",
        ("Kurztext", "de"): "Kurz",
        ("Modul 06", "de"): "<p>Für ein Grundstück</p>",
        ("Gebühren", "de"): "5 Euro",
        ("Zuständige Stelle", "de"): "Stadt Tangerhütte",
        ("Adresse", ""): "https://rathaus.example/1",
    }


@pytest.mark.parametrize(
    ("code", "action"),
    [
        (FindingCode.MISSING_IN_PVOG, "eintragen"),
        (FindingCode.INHERITED_ONLY, "eintragen"),
        (FindingCode.URL_MISMATCH, "ändern"),
        (FindingCode.STATUS_NICHT_OK, "ändern"),
        (FindingCode.STALE, "ändern"),
        (FindingCode.DESTINATION_MISSING, "ändern"),
        (FindingCode.SIGNATURE_TRUNCATED, "ändern"),
        (FindingCode.ORPHAN, "löschen"),
    ],
)
def test_every_finding_of_a_read_back_is_a_row(code, action):
    found = finding(code, place="L1.OD.1", expected="neu", found="alt")
    (item,) = rows([status(claim(1), found)], [])
    assert (item.action, item.place, item.old) == (action, "L1.OD.1", "alt")
    assert item.new in {"neu", "https://rathaus.example/1"}


def test_what_has_no_key_is_no_row_and_every_other_code_is_one():
    every = [finding(code, place=code) for code in FindingCode]
    assert {item.code for item in rows([], every)} == set(FindingCode) - {FindingCode.NO_LEIKA}


def test_rows_are_ordered_by_what_is_to_be_done_and_none_is_doubled():
    first = finding(FindingCode.MISSING_IN_PVOG)
    orphan = finding(FindingCode.ORPHAN, None, place="x", found="https://alt.example/")
    other = finding(FindingCode.MISSING_IN_PVOG, source=Source.DATA_HUB)
    items = rows([status(claim(1), first, other)], [orphan, first, other])
    assert [(item.action, item.source) for item in items] == [
        ("eintragen", "datahub"),
        ("eintragen", "pvog"),
        ("löschen", "pvog"),
    ]


FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


@pytest.mark.parametrize("begin", [*FORMULA, "＝", "＋", "－", "＠"])
def test_no_cell_of_the_list_is_a_formula(begin):
    nasty = f'{begin}HYPERLINK("https://boese.example";A1)'
    entry = claim(1, titles={"de": nasty, "en": nasty}, summaries={"de": nasty}, url=nasty)
    found = finding(FindingCode.URL_MISMATCH, place=nasty, expected=nasty, found=nasty)
    cells = _cells(as_csv(rows([status(entry, found)], [])))
    assert sum(nasty in cell for line in cells for cell in line) == 8
    assert not [cell for line in cells for cell in line if cell.startswith(begin)]


@given(st.lists(st.text(max_size=20), min_size=1, max_size=5))
def test_a_cell_is_never_a_formula_and_loses_nothing(texts):
    for text in texts:
        cell = safe(text)
        assert not cell.startswith(FORMULA)
        assert cell.removeprefix("'") == text or cell == text


def _cells(content):
    assert content.startswith(b"\xef\xbb\xbf")
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";", strict=True))


def test_each_row_of_the_csv_has_every_column_and_texts_with_line_ends_stay_in_one():
    entry = claim(1, summaries={"de": 'Zeile 1\nZeile "2"; Ende'})
    items = rows([status(entry, finding(FindingCode.MISSING_IN_PVOG))], [finding(FindingCode.ORPHAN, None)])
    header, *lines = _cells(as_csv(items))
    assert [len(line) for line in lines] == [len(header)] * 2
    assert dict(zip(header, lines[0], strict=True))["Kurztext (de)"] == 'Zeile 1\nZeile "2"; Ende'
    assert dict(zip(header, lines[1], strict=True))["Aktion"] == "löschen"


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen, self.attributes = set(), set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}


def test_the_page_shows_texts_as_they_are_and_runs_and_fetches_nothing():
    nasty = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'&"
    entry = claim(1, titles={"de": nasty}, url="javascript:alert(1)")
    found = finding(FindingCode.URL_MISMATCH, place=nasty, expected=nasty, found=nasty)
    page = as_html(rows([status(entry, found)], []), NOW).decode()
    tags = Tags()
    tags.feed(page)
    allowed = "html head meta title style body main h1 h2 h3 h4 p section table tr th td pre"
    assert tags.seen <= set(allowed.split())
    assert tags.attributes <= {"lang", "charset", "name", "content", "scope"}
    assert 'lang="de"' in page
    assert "Stand 30.11.2026" in page
    assert "url(" not in page


def test_an_empty_list_is_a_list():
    assert b"0 Aufgaben" in as_html([], NOW)
    assert len(_cells(as_csv([]))) == 1


class Editor:
    """Does what a row says, in the catalogue sandbox, by transfers of its own."""

    def __init__(self):
        self.sandbox = CatalogueSandbox("http://127.0.0.1:7000", {}, clock=Clock(lambda: NOW), ids=Ids(3))
        self.line = readiness(self.sandbox)
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(app(self.sandbox)))
        self.sent = 0
        self.token = ""

    async def sign_in(self):
        form = {"grant_type": "client_credentials", "client_id": CLIENT, "client_secret": self.sandbox.secret}
        self.token = (await self.http.post(self.line["collector_token_url"], data=form)).json()["access_token"]

    async def push(self, *changes):
        self.sent += 1
        body = (
            f'<t:transfer xmlns:t="{NAMESPACE}" produktbezeichnung="r" produkthersteller="r" xzufiVersion="2.2.0">'
            f"<t:nachrichtenkopf/><t:transaktionID>t{self.sent}</t:transaktionID>"
            f"<t:transaktionPosition>1</t:transaktionPosition>{''.join(changes)}</t:transfer>"
        )
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/xml"}
        answer = await self.http.post(self.line["collector"], content=body.encode(), headers=headers)
        assert answer.status_code == 202, answer.text

    async def do(self, item):
        copies = {(each.module, each.language): each.text for each in item.texts}
        number = next(iter(self.numbers(item)), f"9{self.sent:04}")
        match item.action:
            case WorkAction.ENTER:
                await self.push(*_objects(number, item.leika_key, copies["Titel", "de"], item.new))
            case WorkAction.CHANGE:
                await self.push(_online(number, copies["Titel", "de"], copies["Adresse", ""]))
                checked = {"url": copies["Adresse", ""], "status": "ok"}  # an editor looks at the page that was told
                await self.http.post(self.line["admin"] + "/online-status", json=checked)
            case WorkAction.DELETE:
                await self.push(*(_deletion(one) for one in self.numbers(item)))

    def numbers(self, item):
        """The numbers of the online services that a row is about: by its place, or by its key."""
        own = [offer for offer in self.sandbox.holdings.offers() if offer.ars == item.municipality]
        return [
            offer.id.rpartition(".")[2]
            for offer in own
            if offer.id == item.place or (item.leika_key and offer.leika_key == item.leika_key)
        ]

    def hold(self, no, url=None, leika_key=None):
        link = (url or f"https://rathaus.example/{no}", "Antrag", "de")
        for kind, more in (
            ("leistung", {"leika_key": leika_key or key(no)}),
            ("onlinedienst", {"links": (link,), "names": {"de": f"Dienst {no}"}}),
            ("zustaendigkeit", {"parent": str(no), "leistung": str(no), "areas": (ARS,)}),
        ):
            it = HeldObject((kind, AGENCY, str(no)), **more)
            self.sandbox.holdings.objects[it.key] = it

    async def statuses(self, entries):
        asker = Wire().asker(self.http)
        sources = (
            PvogSource(self.line["pvog"], interfaces().pvog, asker),
            DataHubSource(self.line["datahub"], interfaces().datahub, asker),
        )
        with_key = [entry for entry in entries if entry.leika_key]
        said = [one for source in sources for one in (await source.read(asker, ARS, with_key, NOW)).findings]
        return [status(entry, *(one for one in said if one.service == entry.service)) for entry in entries], said


def _identifier(name, number):
    return f'<t:{name} schemeAgencyID="{AGENCY}">{number}</t:{name}>'


def _online(number, title, url):
    return (
        f"<t:schreibe><t:onlinedienst>{_identifier('id', number)}"
        f'<t:bezeichnung languageCode="de">{escape(title)}</t:bezeichnung>'
        f'<t:link languageCode="de"><t:link>{escape(url)}</t:link><t:titel>x</t:titel></t:link>'
        "</t:onlinedienst></t:schreibe>"
    )


def _objects(number, leika_key, title, url):
    return (
        (
            f"<t:schreibe><t:leistung>{_identifier('id', number)}<t:struktur><t:leistungsobjektID/></t:struktur>"
            f"<t:referenzLeiKa><code>{leika_key}</code></t:referenzLeiKa></t:leistung></t:schreibe>"
        ),
        _online(number, title, url),
        (
            f"<t:schreibe><t:zustaendigkeitTransferObjekt>{_identifier('uebergeordnetesObjektID', number)}"
            f"<t:zustaendigkeit>{_identifier('id', number)}{_identifier('leistungID', number)}"
            f"<t:gebietID>{ARS}</t:gebietID></t:zustaendigkeit></t:zustaendigkeitTransferObjekt></t:schreibe>"
        ),
    )


def _deletion(number):
    return f'<t:loesche klasse="Onlinedienst">{_identifier("id", number)}</t:loesche>'


async def test_doing_all_rows_ends_every_finding_but_no_leika():
    editor = Editor()
    async with editor.http:
        await editor.sign_in()
        entries = [*map(claim, range(1, 6)), claim(17, leika_key=INHERITED), claim(18, leika_key=None)]
        entries.append(replace(claim(19), valid_until=NOW.date()))
        for no in (2, 3, 19, 99):
            editor.hold(no)
        editor.hold(1, "https://alt.example/")
        editor.sandbox.holdings.spoilt["https://rathaus.example/2"] = "nicht ok"
        editor.sandbox.imported_at = NOW - timedelta(days=5)
        statuses, findings = await editor.statuses(entries)
        codes = {one.code.value for one in findings}
        assert codes == {"missing_in_pvog", "inherited_only", "url_mismatch", "status_nicht_ok", "stale", "orphan"}
        items = rows(statuses, findings)
        assert len(items) == len(findings)
        for item in items:
            await editor.do(item)
        statuses, findings = await editor.statuses(entries)
        assert findings == []
        assert {code for each in statuses for code in each.codes} == {"no_leika"}
        assert rows(statuses, findings) == []
        assert not re.search("nicht ok", str(editor.sandbox.holdings.spoilt))
