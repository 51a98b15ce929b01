"""What authorities answer in XBau: six messages become events of a case, everything else findings."""

from __future__ import annotations

import base64
import time
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest

from gateway.xoev.schema.sets import CompiledSet, compile_file
from gateway.xoev.xbau.case_event import CaseEventKind, Code
from gateway.xoev.xbau.incoming import MESSAGES, NAMESPACE, read
from gateway.xoev.xbau.markup import plain
from gateway.xoev.xml import strict_xml
from tests.schema_folder import sets

VECTORS = Path(__file__).parents[1] / "vectors/xbau/incoming"
OFFICIAL = Path(__file__).parents[3] / "shared/data/xsd/xbau_kern-1.3.0/offline"
KINDS = ["1100", "1120", "1121", "1140", "1170", "1180"]
CASE = UUID("5e08e073-4e06-438d-9444-1275f6cbf061")
IDENTITY = "/nachrichtenkopf.g2g/identifikation.nachricht"
MESSAGE = UUID("693c64d6-456f-4d14-abe7-fe9681c74aaf")


def vector(kind: str) -> bytes:
    return (VECTORS / f"{kind}.xml").read_bytes()


def event(kind: str):
    found, findings = read(vector(kind))
    assert findings == ()
    return found


def broken(data: bytes | str, schema: CompiledSet | None = None) -> dict[str, str]:
    found, findings = read(data.encode() if isinstance(data, str) else data, schema)
    assert found is None
    assert all(one.de != one.en for one in findings)
    return {one.pointer: one.rule for one in findings}


@pytest.fixture(scope="module")
def official() -> CompiledSet:
    if not OFFICIAL.is_dir():
        pytest.skip("the official XBau-Kernmodul 1.3.0 is not beside the checkout")
    loaded, faults = compile_file(NAMESPACE, "xbau-kernmodul-prozessnachrichten.xsd", sets(OFFICIAL))
    assert faults == ()
    return loaded


@pytest.mark.parametrize("kind", KINDS)
def test_each_vector_is_valid_by_the_official_schema_and_read_alike_with_and_without_it(official, kind):
    with_schema, findings = read(vector(kind), official)
    assert findings == ()
    assert with_schema == event(kind)


@pytest.mark.parametrize("kind", KINDS)
def test_every_event_says_who_speaks_when_and_to_whom(kind):
    found = event(kind)
    assert found.message_id == UUID(f"00000000-0000-4000-8000-00000000{kind}")
    assert found.at == datetime(2026, 11, 24, 7, 15, 30, 250_000, tzinfo=UTC)
    assert (found.author_id, found.author_name) == ("gba:15090546", "Bauamt Tangerhütte")
    assert found.reader_id == "bap:15090546"
    assert found.test == (kind == "1100")


def test_a_rejection_tells_grounds_and_the_message_that_was_refused():
    found = event("1100")
    assert found.kind is CaseEventKind.MESSAGE_REFUSED
    assert [one.code for one in found.codes] == ["X011", "A009"]
    assert found.codes[0] == Code("X011", "urn:xoev-de:xbau:codeliste:xbau-fehlerkennzahlen", "2.2")
    assert found.texts == ("Die Art des Antrags ist unbekannt.",)
    assert (found.answers, found.reference) == (MESSAGE, None)
    assert found.belongs_to(CASE, MESSAGE)
    assert not found.belongs_to(CASE, UUID(int=1))


def test_a_receipt_refers_to_the_case_and_to_the_message():
    found = event("1120")
    assert found.kind is CaseEventKind.RECEIPT_CONFIRMED
    assert (found.reference, found.answers) == (CASE, MESSAGE)
    assert found.texts == ("Ihr Antrag ist eingegangen.", "Wir melden uns.")
    assert found.belongs_to(CASE, UUID(int=1))


def test_a_file_number_is_given():
    found = event("1121")
    assert (found.kind, found.file_number, found.reference) == (
        CaseEventKind.FILE_NUMBER_GIVEN,
        "63-2026-00417",
        CASE,
    )


def test_a_formal_check_tells_verdict_findings_day_and_attachments():
    found = event("1140")
    assert (found.kind, found.complete, found.due_on) == (
        CaseEventKind.FORMALLY_CHECKED,
        False,
        date(2026, 12, 31),
    )
    assert [one.code for one in found.codes] == ["05", "01"]
    assert found.texts == ("Bitte reichen Sie nach.", "Der Lageplan fehlt.", "Die Anschrift ist unvollständig.")
    assert found.attachments == (("m-1", "Merkblatt.pdf"),)


def test_a_formal_check_without_findings_is_complete():
    start, end = vector("1140").find(b"  <befundFrist>"), vector("1140").find(b"  <anschreiben>")
    whole = (vector("1140")[:start] + vector("1140")[end:]).replace(b">false<", b">true<")
    found, findings = read(whole)
    assert findings == ()
    assert (found.complete, found.codes, found.due_on) == (True, (), None)


def test_a_status_comes_with_a_day_and_plain_words():
    found = event("1170")
    assert found.kind is CaseEventKind.STATUS_CHANGED
    assert found.codes == (Code("17", "urn:xoev-de:xbau:codeliste:statusbauportal", "3.0"),)
    assert found.due_on == date(2026, 12, 31)
    assert found.texts == ("Unterlagen", "Bitte bis Ende des Jahres.", "Danke.")
    assert (found.reference, found.file_number) == (None, "63-2026-00417")


def test_an_acknowledgement_refers_to_a_message():
    found = event("1180")
    assert (found.kind, found.reference) == (CaseEventKind.MESSAGE_ACKNOWLEDGED, MESSAGE)
    assert found.codes == (Code("1140", "", "1.0"),)
    assert found.belongs_to(CASE, MESSAGE)


def test_no_personal_value_stands_in_the_repr():
    for kind in KINDS:
        shown = repr(event(kind))
        for value in ("Lageplan", "63-2026", "Bauamt", "Merkblatt", "eingegangen"):
            assert value not in shown


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        ("<a/>", "message_foreign"),
        ('<a xmlns="urn:x"/>', "message_foreign"),
        ('<x:prozessnachrichten.aktenzeichen.1121 xmlns:x="http://www.xleitstelle.de/xbau/2/6"/>', "message_foreign"),
        (f'<x:prozessnachrichten.gebuehrenbescheid.1160 xmlns:x="{NAMESPACE}"/>', "message_unread"),
        (f'<x:irgendwas xmlns:x="{NAMESPACE}"/>', "message_unread"),
    ],
)
def test_foreign_messages_are_told_apart(data, rule):
    assert broken(data) == {"": rule}


def test_the_messages_that_are_read_are_named():
    _, findings = read(f'<x:irgendwas xmlns:x="{NAMESPACE}"/>'.encode())
    assert all(kind in findings[0].de for kind in KINDS)
    assert len(MESSAGES) == len(KINDS)


def test_an_empty_message_tells_everything_that_is_missing_at_once():
    head = "/nachrichtenkopf.g2g"
    assert broken(f'<x:prozessnachrichten.formellePruefungBefundliste.1140 xmlns:x="{NAMESPACE}"/>') == {
        f"{head}/identifikation.nachricht/nachrichtenUUID": "message_missing",
        f"{head}/identifikation.nachricht/erstellungszeitpunkt": "message_missing",
        f"{head}/autor/kennung": "message_missing",
        f"{head}/autor/name": "message_missing",
        f"{head}/leser/kennung": "message_missing",
        "/bezug": "message_missing",
        "/dokumentationVollstaendig": "message_missing",
    }


@pytest.mark.parametrize(
    ("kind", "before", "after", "place", "rule"),
    [
        ("1120", "<code>1120<", "<code>1121<", f"{IDENTITY}/nachrichtentyp/code", "message_kind"),
        ("1120", "5e08e073-", "x", "/bezug/referenz", "message_value"),
        ("1120", "UUID>693", "UUID>", "/bezug/bezugNachricht/nachrichtenUUID", "message_value"),
        ("1120", "T08:15:30.250+01:00", "", f"{IDENTITY}/erstellungszeitpunkt", "message_value"),
        ("1120", "2026-11-24T08", "0001-01-01T00", f"{IDENTITY}/erstellungszeitpunkt", "message_value"),
        ("1120", "-11-24T08", "-02-30T08", f"{IDENTITY}/erstellungszeitpunkt", "message_value"),
        ("1121", "    <vorgang>63-2026-00417</vorgang>\n", "", "/bezug/vorgang", "message_missing"),
        ("1140", ">false<", ">vielleicht<", "/dokumentationVollstaendig", "message_value"),
        ("1140", "2026-12-31", "2026-13-31", "/befundFrist/frist", "message_value"),
        ("1170", "<code>17</code>", "<code> </code>", "/statusAntragsportal/code", "message_missing"),
        ("1170", "<text>", "<text>%", "/begruendung/text", "message_value"),
        ("1100", str(MESSAGE), " ", "/rueckweisungDaten/idNachricht/nachrichtenUUID", "message_missing"),
    ],
)
def test_each_fault_has_its_place_and_no_value(kind, before, after, place, rule):
    data = vector(kind).decode()
    assert before in data
    found, findings = read(data.replace(before, after, 1).encode())
    assert found is None
    assert [(one.pointer, one.rule) for one in findings] == [(place, rule)]
    assert "vielleicht" not in findings[0].de + findings[0].en


@pytest.mark.parametrize(
    ("written", "instant"),
    [
        ("2026-07-01T12:00:00.5", datetime(2026, 7, 1, 10, 0, 0, 500_000, tzinfo=UTC)),
        ("2026-12-01T12:00:07", datetime(2026, 12, 1, 11, 0, 7, tzinfo=UTC)),
        ("2026-12-01T12:00:00Z", datetime(2026, 12, 1, 12, tzinfo=UTC)),
        ("2026-12-01T12:00:00.123456789-05:00", datetime(2026, 12, 1, 17, 0, 0, 123_456, tzinfo=UTC)),
    ],
)
def test_instants_with_and_without_zone(written, instant):
    found, findings = read(vector("1120").replace(b"2026-11-24T08:15:30.250+01:00", written.encode()))
    assert findings == ()
    assert found.at == instant


def test_an_official_schema_judges_first_and_names_lines(official):
    data = vector("1140").replace(b"<dateiname>Merkblatt.pdf", b"<dateiname>../Merkblatt")
    assert read(data)[0] is not None, "without the schema nobody looks at the rule for names"
    found = broken(data, official)
    assert set(found.values()) == {"message_invalid"}
    line = data[: data.index(b"../Merkblatt")].count(b"\n") + 1
    assert list(found) == [f"/{line}"]


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "xml_not_well_formed"),
        (b"<a>", "xml_not_well_formed"),
        (b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', "xml_doctype"),
        (b"<a>" * 100 + b"</a>" * 100, "xml_too_deep"),
        (b"\xff\xfe<\x00a\x00/\x00>\x00", "xml_encoding"),
    ],
)
def test_hostile_xml_is_refused(data, rule):
    assert set(broken(data).values()) == {rule}


def test_a_message_that_is_too_large_is_not_parsed():
    _, findings = read(vector("1120"), limits=strict_xml.XmlLimits(size=100))
    assert [one.rule for one in findings] == ["xml_too_large"]


@pytest.mark.parametrize(
    ("markup", "words"),
    [
        ("", ()),
        ("   ", ()),
        ("nur Text", ("nur Text",)),
        ("a<p>b</p>c", ("a", "b", "c")),
        ("<ul><li>eins<li>zwei</ul>", ("eins", "zwei")),
        ("<p>&lt;script&gt; bleibt Text</p>", ("<script> bleibt Text",)),
        ("<style>x</style><template><p>weg</p></template><p>da</p>", ("da",)),
        ("<!-- weg --><p>ä ö <i>ü</i></p>", ("ä ö ü",)),
        ("<p>offen <b>ohne Ende", ("offen ohne Ende",)),
    ],
)
def test_markup_becomes_words(markup, words):
    assert plain(base64.b64encode(markup.encode()).decode()) == words


@pytest.mark.parametrize("encoded", ["%", "YQ", base64.b64encode(b"\xff\xfe").decode()])
def test_what_is_no_text_is_told(encoded):
    assert plain(encoded) is None


@pytest.mark.parametrize("piece", ["<", "<!--", "<b>", "&", "<a b=", "<!", "<script>", "</"])
def test_hostile_markup_takes_time_in_proportion(piece):
    def seconds(count: int) -> float:
        encoded = base64.b64encode((piece * count).encode()).decode()
        begin = time.process_time()
        plain(encoded)
        return time.process_time() - begin

    seconds(1000)
    assert seconds(40_000) < 40 * max(seconds(4_000), 0.002)
