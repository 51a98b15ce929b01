"""Fields of type `file`: they name an attachment of their kind, where there is one, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pypdfium2
import pytest
from click.testing import CliRunner
from lxml import etree

from gateway.cli.main import group as gateway
from gateway.errors import DataInvalid
from gateway.model import Attachment, Purpose
from gateway.services.difference import compare
from gateway.services.loader import load
from gateway.services.service import Service
from gateway.xoev.message.around import Around, Product, attachment_id
from tests.xoev import xdf

ARS = "150900546546"
CASE = UUID(int=7)
PHOTO = Attachment("photo", "Paßfoto.jpg", "image/jpeg", 9, "ab" * 32, upload=UUID(int=1))
PLANS = [Attachment("plan", f"Plan {n}.pdf", "application/pdf", 9, "ab" * 32, upload=UUID(int=10 + n)) for n in (1, 2)]
OURS = Attachment("photo", "lesbar.pdf", "application/pdf", 9, "ab" * 32, Purpose.FORM, UUID(int=5))
HEAD = """format = 1
id = "boot"
version = "1.0.0"
leika_key = "none"
standard = "xfall"
assurance = "none"
[title]
de = "Boot"
en = "Boat"
[retention]
days_after_end = 30
[[parameters]]
key = "attachments.photo.required"
type = "boolean"
[[parameters]]
key = "attachments.photo.max_count"
type = "integer"
"""
MAPPING = """format = 1
version = "1.0.0"
form_schema = "S99000099"
form_version = "1.0"
[[fields]]
from = "/name"
to = "F00000001"
"""
PHOTO_FIELD = '[[fields]]\nattachment = "photo"\nto = "F00000002"\n'
PLAN_FIELD = '[[fields]]\nattachment = "plan"\nas = "filename"\nto = "G00000003/F00000004"\n'


def asked(kind: str, *, required: bool, most: int = 1) -> str:
    title = f'title = {{ de = "{kind} D", en = "{kind} E" }}'
    types = 'media_types = ["image/jpeg", "application/pdf"]\nmax_bytes = 10_000\n'
    return f'[[attachments]]\nkind = "{kind}"\nrequired = {str(required).lower()}\nmax_count = {most}\n{types}{title}\n'


def written(
    tmp_path: Path,
    mapping: str = PHOTO_FIELD + PLAN_FIELD,
    *,
    photo: str = "1:1",
    plan: str = "0:*",
    group: str = "0:1",
    kinds: str = asked("photo", required=True) + asked("plan", required=False, most=3),
    record: str = '{"name": "Änne"}',
    standard: str = "3.0.0",
) -> Path:
    folder = tmp_path / "services" / "boot"
    (folder / "examples").mkdir(parents=True)
    plans = xdf.group(3, xdf.used(xdf.field(4, "file", standard=standard), plan), choice=False)
    fields = xdf.field(1, standard=standard), xdf.field(2, "file", standard=standard)
    form = xdf.form(xdf.used(fields[0]), xdf.used(fields[1], photo), xdf.used(plans, group), standard=standard)
    (folder / "form.xml").write_bytes(form)
    (folder / "service.toml").write_text(HEAD + kinds, encoding="utf-8")
    (folder / "mapping.toml").write_text(MAPPING + mapping, encoding="utf-8")
    (folder / "examples/ordinary.json").write_text(record, encoding="utf-8")
    return folder.parent


def faults(folder: Path, parameters: Any = None) -> list[tuple[str, str]]:
    with pytest.raises(DataInvalid) as refused:
        load(folder, parameters)
    return [(one.pointer, one.rule) for one in refused.value.findings]


def around(*attachments: Attachment) -> Around:
    return Around(
        UUID(int=0), CASE, datetime(2026, 1, 1, tzinfo=UTC), ARS, "Stadt", Product("-", "-", "-"), attachments
    )


def texts(service: Service, attachments: Sequence[Attachment]) -> dict[str, list[str]]:
    document, findings = service.document({"name": "Änne"}, around(*attachments))
    assert document is not None, findings
    found: dict[str, list[str]] = {}
    for element in etree.fromstring(document.content).iter():
        if not len(element):
            found.setdefault(etree.QName(element).localname, []).append(element.text or "")
    return found


@pytest.mark.parametrize("standard", ["2.0", "3.0.0"])
def test_a_field_names_the_attachments_of_its_kind(tmp_path: Path, standard: str) -> None:
    service = load(written(tmp_path, standard=standard)).get("boot")
    name = str(attachment_id(CASE, UUID(int=1)))
    assert texts(service, [OURS, PHOTO]) == {"F00000001": ["Änne"], "F00000002": [name]}
    assert texts(service, [PLANS[0], PHOTO, PLANS[1]])["F00000004"] == ["Plan 1.pdf", "Plan 2.pdf"]
    assert "F00000002" not in json.dumps(service.record_schema())
    assert [one["from"] for one in service.trace({"name": "Änne"}, around(PLANS[0], PHOTO))] == [
        "/record/name",
        "/attachments/1",
        "/attachments/0",
    ]


def test_what_is_not_there_is_not_named(tmp_path: Path) -> None:
    service = load(written(tmp_path, photo="0:1")).get("boot")
    assert texts(service, [OURS]) == {"F00000001": ["Änne"]}


def test_a_mandatory_field_of_a_group_misses_its_attachment_only_where_the_group_stands(tmp_path: Path) -> None:
    more = '[[fields]]\nattachment = "plan"\nto = "G00000003/F00000004"\n[[groups]]\nfrom = "/boat"\nto = "G00000003"\n'
    service = load(written(tmp_path, PHOTO_FIELD + more, plan="1:*")).get("boot")
    assert not service.document({"name": "Änne"}, around(PHOTO))[1]
    found = service.document({"name": "Änne", "boat": {}}, around(PHOTO))[1]
    assert [(one.pointer, one.rule) for one in found] == [("/attachments", "attachment_missing")]


def test_a_group_of_attachments_alone_is_left_out_where_none_came(tmp_path: Path) -> None:
    service = load(written(tmp_path, plan="1:*")).get("boot")
    assert "F00000004" not in texts(service, [PHOTO])
    assert texts(service, [PHOTO, *PLANS])["F00000004"] == ["Plan 1.pdf", "Plan 2.pdf"]


def test_without_its_attachment_there_is_no_document(tmp_path: Path) -> None:
    service = load(written(tmp_path)).get("boot")
    document, found = service.document({"name": "Änne"})
    assert document is None
    assert [(one.pointer, one.rule) for one in found] == [("/attachments", "attachment_missing")]


def test_people_read_the_name_of_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = load(written(tmp_path)).get("boot")
    seen: list[str | None] = []
    monkeypatch.setattr(
        "gateway.services.service.readable.write",
        lambda filled, *_: [seen.append(one.text) for one in filled.walk()] and b"",
    )
    at = datetime(2026, 1, 1, tzinfo=UTC)
    service.readable({"name": "Änne"}, municipality_name="S", received_at=at, attachments=[OURS, PHOTO, PLANS[0]])
    assert [one for one in seen if one] == ["Änne", "Paßfoto.jpg", "Plan 1.pdf"]


@pytest.mark.parametrize(
    ("mapping", "expected"),
    [
        ('[[fields]]\nconstant = "photo"\nto = "F00000002"\n', [("/fields/1", "mapping_attachment")]),
        ('[[fields]]\nfrom = "/photo"\nto = "F00000002"\n', [("/fields/1", "mapping_attachment")]),
        (PHOTO_FIELD + 'constant = "x"\n', [("/fields/1", "mapping_attachment")]),
        (PHOTO_FIELD.replace("photo", ""), [("/fields/1/attachment", "mapping_value")]),
        (PHOTO_FIELD.replace('"photo"', "1"), [("/fields/1/attachment", "mapping_value")]),
        (PHOTO_FIELD + 'as = "upload"\n', [("/fields/1/as", "mapping_value")]),
        (PHOTO_FIELD + "as = []\n", [("/fields/1/as", "mapping_value")]),
        (PHOTO_FIELD + 'latin = "A"\n', [("/fields/1/latin", "mapping_key")]),
        (PHOTO_FIELD.replace("photo", "foto"), [("/fields/1/attachment", "attachment_field_kind")]),
        (PHOTO_FIELD.replace("photo", "plan"), [
            ("/fields/1/attachment", "attachment_field_required"), ("/fields/1/attachment", "attachment_field_count"),
        ]),
        (
            PHOTO_FIELD + '[[fields]]\nattachment = "plan"\nto = "F00000001"\n',
            [("/fields/2/to", "mapping_twice"), ("/fields/2", "mapping_attachment")],
        ),
        (
            PHOTO_FIELD + PLAN_FIELD + '[[groups]]\nfrom = "/boats/*"\nto = "G00000003"\n',
            [("/fields/2/to", "mapping_repeat")],
        ),
        ("", [("/fields", "mapping_mandatory")]),
    ],
)  # fmt: skip
def test_a_mapping_that_does_not_fit_is_one_clear_fault(
    tmp_path: Path, mapping: str, expected: list[tuple[str, str]]
) -> None:
    found = faults(written(tmp_path, mapping, group="0:*"))
    assert found == [(f"boot/mapping.toml#{place}", rule) for place, rule in expected]


@pytest.mark.parametrize(
    ("value", "rule"),
    [({"required": False}, "attachment_field_required"), ({"max_count": 2}, "attachment_field_count")],
)
def test_a_municipality_cannot_take_the_attachment_from_its_field(tmp_path: Path, value: Any, rule: str) -> None:
    found = faults(written(tmp_path), {ARS: {"boot": {"attachments": {"photo": value}}}})
    assert found == [(f"parameters/{ARS}#/boot/attachments/photo", rule)]


def test_a_field_that_asks_for_several_files_is_shown_in_the_example_so(tmp_path: Path) -> None:
    kinds = asked("photo", required=True, most=3) + asked("plan", required=False)
    service = load(written(tmp_path, photo="2:3", kinds=kinds)).get("boot")
    assert [one["kind"] for one in service.example(ARS)["attachments"]] == ["photo", "photo"]
    photos = [replace(PHOTO, upload=UUID(int=n)) for n in (1, 2)]
    assert len(texts(service, photos)["F00000002"]) == 2
    found = service.document({"name": "Änne"}, around(PHOTO))[1]
    assert [(one.pointer, one.rule) for one in found] == [("/attachments", "too_few")]


def test_a_kind_of_which_fewer_are_allowed_than_the_field_asks_for_is_refused(tmp_path: Path) -> None:
    found = faults(written(tmp_path, photo="2:3"))
    assert found == [("boot/mapping.toml#/fields/1/attachment", "attachment_field_few")]


def test_a_field_in_a_choice_or_under_a_condition_needs_no_required_kind(tmp_path: Path) -> None:
    when = PHOTO_FIELD.replace("photo", "plan") + 'when = { pointer = "/name", in = ["Änne"] }\n'
    with pytest.raises(DataInvalid) as refused:
        load(written(tmp_path, when, kinds=asked("photo", required=False) + asked("plan", required=False)))
    assert [one.rule for one in refused.value.findings] == ["attachment_missing"]  # the example meets the condition


def test_a_move_to_another_kind_is_told_as_a_difference(tmp_path: Path) -> None:
    old = load(written(tmp_path / "old")).get("boot")
    kinds = asked("photo", required=True) + asked("plan", required=False, most=3)
    new = load(written(tmp_path / "new", PHOTO_FIELD + 'as = "filename"\n', kinds=kinds)).get("boot")
    told = [(one.kind, one.place, one.compatible) for one in compare(old, new)]
    assert told == [("converted", "attachment photo", True), ("gone", "attachment plan", True)]


def test_try_shows_where_an_attachment_would_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY__SERVICES__DIR", str(written(tmp_path)))
    record = tmp_path / "record.json"
    record.write_text('{"name": "Änne"}', encoding="utf-8")
    place = tmp_path / "out.pdf"
    result = CliRunner().invoke(gateway, ["services", "try", "boot", str(record), "--json", "--pdf", str(place)])
    line = json.loads(result.stdout.splitlines()[0])
    assert result.exit_code == 0, result.output
    assert re.search(r"<\w+:F00000002>[0-9a-f-]{36}</", line["document"])
    assert {"from": "/attachments/0", "to": "F00000002", "value_type": "file"} in line["mapping"]
    pdf = pypdfium2.PdfDocument(place.read_bytes())
    assert pdf[0].get_textpage().get_text_range().count("photo.bin") == 2  # in its field and in the list of attachments


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ([], 0),
        (["application/pdf", "image/jpeg"], 0),
        (["Application/PDF", "image/*"], 0),
        (["application/pdf"], 1),
    ],
)
def test_check_tells_of_formats_that_the_form_does_not_name(tmp_path: Path, named: list[str], told: int) -> None:
    folder = written(tmp_path)
    form = folder / "boot/form.xml"
    types = "".join(f"<xdf:mediaType>{one}</xdf:mediaType>" for one in named)
    head, found, rest = form.read_text(encoding="utf-8").partition("<xdf:datentyp><code>file</code></xdf:datentyp>")
    form.write_text(head + found + types + rest, encoding="utf-8")
    result = CliRunner().invoke(gateway, ["services", "check", str(folder)])
    assert result.exit_code == 0, result.output
    lines = [line for line in result.output.splitlines() if "[attachment_field_format]" in line]
    assert len(lines) == told
    assert all(line.startswith("boot/form.xml#/F00000002: ") and "image/jpeg" in line for line in lines)


@pytest.mark.parametrize(("language", "word"), [("de", "Nicht geprüft"), ("en", "Not enforced")])
def test_check_tells_what_of_a_form_is_not_enforced(
    tmp_path: Path, language: str, word: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LC_ALL", f"{language}.UTF-8")
    folder = written(tmp_path)
    form = folder / "boot/form.xml"
    broken = form.read_bytes().replace(b"<xdf:praezisierung />", b'<xdf:praezisierung maxLength="viele"/>', 1)
    form.write_bytes(broken)
    result = CliRunner().invoke(gateway, ["services", "check", str(folder)])
    assert result.exit_code == 0, result.output
    lines = [line for line in result.output.splitlines() if "[fim_limit]" in line]
    assert len(lines) == 1
    assert lines[0].startswith("boot/form.xml#/1/F00000001: ")
    assert word in lines[0]
    imported = CliRunner().invoke(gateway, ["schemas", "fim", "import", str(form)])
    assert lines[0].removeprefix("boot/") in imported.output.splitlines()
