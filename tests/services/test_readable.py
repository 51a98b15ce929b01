from __future__ import annotations

import json
import shutil
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model import Attachment
from gateway.services.loader import load
from gateway.services.service import Service
from gateway.xoev.form.filling import fill
from gateway.xoev.latin.datatypes import Datatype, code_points, sequences
from gateway.xoev.readable import application as readable
from gateway.xoev.readable import typesetter
from tests.properties import TIMES
from tests.shipped_services import own_services

AT = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
PLAN = Attachment("site_plan", "Lageplan.pdf", "application/pdf", 1_234_567, "ab" * 32)


def printed(service: Service, record: dict[str, object], language: str = "de", at: datetime = AT) -> bytes:
    return service.readable(
        record, municipality_name="Stadt Tangerhütte", received_at=at, attachments=[PLAN], language=language
    )


def shown(service: Service, name: str, language: str = "de") -> dict[str, object]:
    filled, _ = fill(service.compiled.plan, service.compiled.examples[name])
    head = readable.PageHead(("Hausnummer beantragen", "Apply"), "Stadt Tangerhütte", AT, "urn")
    listed = [readable.Listed(("Lageplan", "Site plan"), "Lageplan.pdf", "application/pdf", 1_234_567, "ab" * 32)]
    return readable.content(filled, service.compiled.texts, head, listed, language)


@pytest.mark.parametrize("name", ["ordinary", "extreme"])
@pytest.mark.parametrize("language", ["de", "en"])
def test_the_readable_application_is_tagged_pdf_ua(service: Service, name: str, language: str) -> None:
    pdf = printed(service, service.compiled.examples[name], language)
    assert pdf.startswith(b"%PDF-1.")
    for mark in (
        b"<pdfuaid:part>1</pdfuaid:part>",
        b"/StructTreeRoot",
        b"/MarkInfo",
        b"/Lang",
        b"/DisplayDocTitle true",
        b"/Outlines",
    ):
        assert mark in pdf


def test_the_same_input_gives_the_same_bytes_and_another_moment_others(service: Service) -> None:
    record = service.compiled.examples["ordinary"]
    assert printed(service, record) == printed(service, record)
    assert printed(service, record) != printed(service, record, at=datetime(2026, 11, 23, 12, 1, tzinfo=UTC))


def test_every_value_of_the_record_is_shown(service: Service) -> None:
    for name in ("ordinary", "extreme"):
        text = json.dumps(shown(service, name), ensure_ascii=False)
        waiting: list[object] = [service.compiled.examples[name]]
        while waiting:
            value = waiting.pop()
            if isinstance(value, dict):
                rest = {
                    k: v for k, v in value.items() if k not in {"role", "reason", "date_of_birth", "completion_date"}
                }
                waiting += rest.values()
            elif isinstance(value, list):
                waiting += value
            elif isinstance(value, str):
                assert json.dumps(value, ensure_ascii=False)[1:-1] in text


def test_values_are_written_for_people(service: Service) -> None:
    german, english = json.dumps(shown(service, "ordinary")), json.dumps(shown(service, "ordinary", "en"))
    for text in ("28.02.1974", "31.03.2027", "Neubau", '"ja"', "1.234.567 Bytes", "23.11.2026, 13:00 Uhr (MEZ)"):
        assert text in german
    for text in ("28 February 1974", "31 March 2027", "New building", '"yes"', "Family name", "1,234,567 bytes"):
        assert text in english


def test_the_extreme_example_keeps_its_fifty_parcels_in_one_table(service: Service) -> None:
    sections = shown(service, "extreme")["sections"]
    assert isinstance(sections, list)
    parcels = next(one for one in sections if one["heading"] == "Flurstück")
    assert len(parcels["rows"]) == 50
    assert parcels["columns"][:3] == ["Nr.", "Gemarkung", "Gemarkungsnummer"]


def test_numbers_money_and_ibans_are_grouped_for_people() -> None:
    services = own_services()
    records = {"grundstueckskauf": "extreme", "hund-anmelden": "ordinary", "verkehrsregelung": "extreme"}
    german, english = (
        json.dumps([sections(services.get(name), example, language) for name, example in records.items()])
        for language in ("de", "en")
    )
    for text in ("999.999.999,99", "100.000.000", '"99,99"', "DE89 3704 0044 0532 0130 00", '"1,5"'):
        assert text in german
    for text in ("999,999,999.99", "100,000,000", '"99.99"', "DE89 3704 0044 0532 0130 00", '"1.5"'):
        assert text in english


def sections(service: Service, example: str, language: str) -> list[dict[str, object]]:
    filled, _ = fill(service.compiled.plan, service.compiled.examples[example])
    head = readable.PageHead(("a", "b"), "Stadt", AT, "urn")
    return list(readable.content(filled, service.compiled.texts, head, [], language)["sections"])


def test_fields_beside_groups_stand_under_the_name_of_the_form(tmp_path: Path) -> None:
    shutil.copytree(Path(__file__).parent / "broken" / "base", tmp_path / "boot")
    service = load(tmp_path).get("boot")
    own, owners, rest = sections(service, "ordinary", "en")
    assert (rest["heading"], rest["rows"]) == ("Berth for a boat (continued)", [["Time", "09:30"]])
    assert (own["heading"], own["level"]) == ("Berth for a boat", 1)
    assert ["Name", "Änne Müller-Łukasiewicz"] in own["rows"]
    assert (owners["heading"], owners["columns"], len(owners["rows"])) == (
        "Owner",
        ["No.", "Name", "Share in per cent"],
        2,
    )


def test_lists_on_the_highest_level_are_numbered_or_become_a_table() -> None:
    services = own_services()
    buyers = [one["heading"] for one in sections(services.get("grundstueckskauf"), "extreme", "en")]
    assert [name for name in buyers if str(name) in {"Buyer 1", "Buyer 2"}] == ["Buyer 1", "Buyer 2"]
    sellers = sections(services.get("vorkaufsrecht"), "extreme", "en")
    assert [len(one["rows"]) for one in sellers if one["heading"] == "Seller"] == [20]


@pytest.mark.parametrize(("language", "zone"), [("de", "13:00 Uhr (MEZ)"), ("en", "13:00 (CET)")])
def test_the_moment_of_receipt_names_its_zone_in_the_language(service: Service, language: str, zone: str) -> None:
    assert zone in json.dumps(shown(service, "ordinary", language))


HOSTILE = '"))\n#panic("x") \\" \\\\ \\u{22} #{ } $x$ `raw` <label> @ref = Title // /*'


def test_a_value_never_becomes_markup(service: Service) -> None:
    record = service.example("150900546546")["record"]
    record["wish"]["remark"] = HOSTILE
    assert printed(service, record).startswith(b"%PDF")
    data = json.dumps(shown(service, "ordinary"))
    assert "[U+" not in data


def test_a_character_no_font_has_is_named_instead_of_failing(service: Service) -> None:
    pdf = service.readable(
        service.compiled.examples["ordinary"],
        municipality_name="Stadt – \U0001f600 \u202e\x00 Иван 東",
        received_at=AT,
        attachments=[replace(PLAN, filename="東\U0001f600.pdf")],
    )
    assert pdf.startswith(b"%PDF")


def test_every_letter_of_din_91379_has_a_glyph(service: Service) -> None:
    record = service.example("150900546546")["record"]
    single = [chr(point) for point in code_points(Datatype.EVERYTHING)]
    for text in ("".join(single), " ".join(single), " ".join(sequences()), "a\tb\r\nc\rd\ne\u00a0f\t"):
        record["wish"]["remark"] = text
        record["parcels"][0]["district"] = text
        assert printed(service, record).startswith(b"%PDF")


@settings(max_examples=200 * TIMES)
@given(st.text())
def test_the_bound_literal_is_the_value(text: str) -> None:
    first = typesetter.source({"v": text}).decode().split("\n", 1)[0]
    literal = first.removeprefix('#let data = json(bytes("').removesuffix('"))')
    assert '"' not in literal.replace("\\\\", "").replace('\\"', "")
    assert json.loads(literal.replace('\\"', '"').replace("\\\\", "\\")) == {"v": text}


def test_several_threads_print_at_once(service: Service) -> None:
    record = service.compiled.examples["ordinary"]
    expected, results = printed(service, record), []
    threads = [threading.Thread(target=lambda: results.append(printed(service, record))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 4
