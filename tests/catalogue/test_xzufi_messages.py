"""Every message as it leaves: against files that were read by a person, and against the schema."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from lxml import etree

from gateway.catalogue.entry import FurtherLink, Revision, TextModule
from gateway.catalogue.xzufi import composing
from gateway.catalogue.xzufi.composing import FILE_OBJECTS, Composition, first_id
from gateway.catalogue.xzufi.identifiers import object_id
from gateway.catalogue.xzufi.objects import Objects
from gateway.catalogue.xzufi.profile import Kind, profile
from gateway.catalogue.xzufi.transfer import TransferFile, TransferHeader
from tests.catalogue.entries import ARS, ENTRY, entry
from tests.catalogue.exporting import AGENCY, content, read, writer

GOLDEN = Path(__file__).parent / "golden"
AT = datetime(2026, 11, 1, 8, 30, tzinfo=UTC)
WHOLE = replace(
    ENTRY,
    summaries={"de": "Eine Hausnummer für ein Grundstück", "en": "A number for a plot"},
    modules=(
        TextModule("06", {"de": "<p>Für <b>Grundstücke</b> &amp; Häuser</p>"}),
        TextModule("15", {"de": "Mehr"}, (FurtherLink("https://a.example/?a=1&b=2", {"de": "Satzung"}),)),
    ),
    assurance="substantial",
    valid_until=date(2030, 1, 1),
)
SIGNATURE = "eyJ" + "a" * 600 + ".b.c"


def composed(entries, version="2.3.1", signature=None, agency=AGENCY, made=None):
    header = TransferHeader(AT, 7, first_id("state", 7))
    agencies = {one.municipality: agency for one in entries}
    composition = Composition(made or writer(version), header, "state", agencies, lambda _: signature)
    parts = composition.feed([Revision(one, 3, "d", AT, "files") for one in entries]) + composition.finish()
    return parts, composition.findings


def pretty(content: bytes) -> str:
    root = etree.fromstring(content)
    etree.indent(root)
    return etree.tostring(root, encoding="unicode") + "\n"


def of_golden(name: str, content: bytes) -> None:
    assert pretty(content) == (GOLDEN / name).read_text(encoding="utf-8")


@pytest.mark.parametrize("version", ["2.2.0", "2.3.1"])
def test_an_entry_becomes_the_messages_that_were_read_by_a_person(version):
    (part,), findings = composed([WHOLE], version, SIGNATURE)
    assert findings == []
    of_golden(f"export-{version}.xml", content(part))


@pytest.mark.parametrize("version", ["2.2.0", "2.3.1"])
def test_a_deletion_names_class_and_id(version):
    made = writer(version)
    file = TransferFile(made, TransferHeader(AT, 7, first_id("state", 7)), first_id("other", 7), 1)
    for kind in Kind:
        file.delete(Objects(profile(version)).deletion(kind, object_id(AGENCY, kind, ARS, "hausnummer")))
    assert list(file.findings()) == []
    of_golden(f"deletion-{version}.xml", file.content())


def test_code_and_name_of_codes_have_no_namespace_and_the_others_have_one():
    (part,), _ = composed([WHOLE])
    tags = {element.tag for element in etree.fromstring(content(part)).iter()}
    bare = {tag for tag in tags if not tag.startswith("{")}
    assert bare == {"code", "name"}


def test_an_entry_without_unit_has_an_online_service_all_the_same():
    (part,), findings = composed([entry(unit=None)])
    assert findings == []
    assert sorted(kind for kind, _, _ in read([content(part)]).objects) == [
        "Leistung",
        "Onlinedienst",
        "Zustaendigkeit",
    ]


def test_a_text_in_another_composition_is_written_in_nfc():
    (part,), _ = composed([entry(titles={"de": "Tangerhu\u0308tte"})])
    assert "Tangerhütte" in content(part).decode()


def test_files_are_of_bounded_size_and_each_is_named_once():
    parts, findings = composed([entry(service=f"s{number}", unit=None) for number in range(400)])
    assert findings == []
    assert [part.position for part in parts] == [1, 2, 3]
    assert all(len(part.objects) <= FILE_OBJECTS + 3 for part in parts)
    assert len({part.name for part in parts}) == 3
    assert len(read([content(part) for part in parts]).objects) == 1200


def test_what_a_file_holds_is_the_same_wherever_the_towns_before_ended():
    """A unit names every service of its municipality: where it came last, a file grew with the number of towns."""
    towns = {f"15{number:010d}": 125 + number for number in range(4)}
    parts, findings = composed(
        [
            entry(municipality=town, service=f"s{number:03d}")
            for town, services in towns.items()
            for number in range(services)
        ]
    )
    assert findings == []
    held = read([content(part) for part in parts])
    assert len(held.ids("Organisationseinheit")) == len(towns)
    assert len(held.objects) == sum(len(part.objects) for part in parts)
    for part in parts:
        named = len(read([content(part)]).pointers) - sum(each.kind is Kind.RESPONSIBILITY for each in part.objects) * 2
        assert len(part.objects) + named <= FILE_OBJECTS + 3


def test_a_unit_that_names_more_services_than_a_file_has_room_for_has_one_of_its_own(monkeypatch):
    monkeypatch.setattr(composing, "FILE_OBJECTS", 6)
    parts, findings = composed([entry(service=f"s{number}") for number in range(7)])
    assert findings == []
    assert [len(part.objects) for part in parts] == [6, 6, 6, 3, 1]


def test_a_file_is_full_of_bytes_before_it_is_of_objects(monkeypatch):
    monkeypatch.setattr(composing, "FILE_BYTES", 20_000)
    long = {"de": "Lang genug. " * 2000}
    parts, findings = composed([entry(service=f"s{number}", summaries=long, unit=None) for number in range(3)])
    assert findings == []
    assert [len(part.objects) for part in parts] == [3, 3, 3]


def test_ids_of_online_services_have_the_form_that_the_portal_network_takes():
    (part,), _ = composed([WHOLE], agency="OZGGATEWAY")
    (written,) = (each for each in part.objects if each.kind is Kind.ONLINE_SERVICE)
    agency, middle, number = written.id.split(".")
    assert (agency, middle) == ("OZGGATEWAY", "OD")
    assert number.isdecimal()
    assert len(number) == 18


def test_no_text_moves_an_id():
    (before,), _ = composed([WHOLE])
    (after,), _ = composed(
        [replace(WHOLE, titles={"de": "Anders"}, url="https://b.example/", leika_key="99" + "1" * 12)]
    )
    assert [each.id for each in before.objects] == [each.id for each in after.objects]
