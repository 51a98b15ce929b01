"""Two versions of a service: what of the record goes elsewhere, what is new or gone, whether portals still fit."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.cli.main import group
from gateway.services.difference import ServiceChange, compare, needed, risen, suffices
from gateway.services.loader import load_folder
from gateway.xoev.record.compatibility import narrowed
from tests.properties import TIMES
from tests.shipped_services import own_services

BASE = Path(__file__).parent / "broken" / "base"
FORM, MAPPING, SERVICE, TEXTS, EXAMPLE = (
    "form.xml",
    "mapping.toml",
    "service.toml",
    "texts.toml",
    "examples/ordinary.json",
)
CLOCK = '[[fields]]\nfrom = "/clock"\nto = "F99099000013"\n\n'
CARD = ("attachment", "card", True)
EDITS = {
    "older": [],
    "same_text": [(TEXTS, '"Name"', '"Full name"')],
    "moved": [
        (MAPPING, 'to = "F99099000008"', "to = X"),
        (MAPPING, 'to = "F99099000007"', 'to = "F99099000008"'),
        (MAPPING, "to = X", 'to = "F99099000007"'),
        (MAPPING, 'as = "phone"\n', ""),
        (EXAMPLE, "+49 3935 1234", "SD-1"),
    ],
    "converted": [(MAPPING, 'latin = "A"', 'latin = "B"')],
    "codes": [(MAPPING, 'children = "01", volunteer = "02"', 'children = "02", volunteer = "01"')],
    "gone": [(MAPPING, CLOCK, ""), (EXAMPLE, ',\n  "clock": "09:30"', "")],
    "enum": [
        (MAPPING, ', volunteer = "02"', ""),
        (EXAMPLE, "volunteer", "children"),
        (SERVICE, '["volunteer"]', '["children"]'),
    ],
    "shorter": [(FORM, 'maxLength="40"', 'maxLength="30"')],
    "longer": [(FORM, 'maxLength="40"', 'maxLength="50"')],
    "mandatory": [(FORM, "<xdf:anzahl>0:3<", "<xdf:anzahl>1:3<")],
    "rule": [(MAPPING, "days = 0", "days = 14")],
    "ruled": [
        (MAPPING, 'kind = "at_least_one"', 'kind = "required"'),
        (EXAMPLE, '"paid"', '"plate": "SD-1",\n  "paid"'),
    ],
    "photos": [(SERVICE, "max_count = 1\n", "max_count = 2\n")],
    "smaller": [(SERVICE, "max_bytes = 1_000_000", "max_bytes = 900_000")],
    "card": [(SERVICE, "required = false", "required = true")],
}


def edited(folder: Path, name: str, version: str = "1.0.0") -> Path:
    shutil.copytree(BASE, folder / name)
    for file, before, after in [*EDITS[name], ("service.toml", 'version = "1.0.0"', f'version = "{version}"')]:
        path = folder / name / file
        text = path.read_text(encoding="utf-8")
        assert before in text
        path.write_text(text.replace(before, after, 1), encoding="utf-8")
    return folder / name


def changes(tmp_path: Path, name: str) -> list[ServiceChange]:
    return list(compare(load_folder(edited(tmp_path, "older")), load_folder(edited(tmp_path, name))))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("same_text", []),
        ("converted", [("converted", "/record/name", True)]),
        ("codes", [("converted", "/record/reduction", True)]),
        ("gone", [("gone", "/record/clock", False)]),
        ("enum", [*((kind, "/record/reduction", kind == "converted") for kind in ("converted", "narrowed")), CARD]),
        ("shorter", [("schema", "xsd", True), ("narrowed", "/record/name", False)]),
        ("longer", [("schema", "xsd", True)]),
        ("mandatory", [("schema", "xsd", True), *[("narrowed", "/record/owners", False)] * 2]),
        ("rule", [("rule", "/record/day", True), ("rule", "/record/day", False)]),
        ("ruled", [("narrowed", "/record", False)]),
        ("photos", [("attachment", "photo", True)]),
        ("smaller", [("attachment", "photo", False)]),
        ("card", [("attachment", "card", False)]),
    ],
)  # fmt: skip
def test_each_change_is_told_with_whether_portals_still_fit(
    tmp_path: Path, name: str, expected: list[tuple[str, str, bool]]
) -> None:
    assert [(one.kind, one.place, one.compatible) for one in changes(tmp_path, name)] == expected


def test_a_value_that_goes_elsewhere_is_told_with_both_elements(tmp_path: Path) -> None:
    moved = {one.place: (one.old, one.new) for one in changes(tmp_path, "moved") if one.kind == "moved"}
    assert moved == {
        "/record/phone": (["F99099000007"], ["F99099000008"]),
        "/record/plate": (["F99099000008"], ["F99099000007"]),
    }


def test_the_shipped_services_do_not_differ_from_themselves_and_do_from_each_other() -> None:
    services = own_services()
    for name, service in services.items():
        assert compare(service, service) == (), name
    both = compare(services.get("hund-anmelden"), services.get("hund-abmelden"))
    assert {"gone", "new", "schema", "attachment"} <= {one.kind for one in both}
    assert not all(one.compatible for one in both)


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("1.0.0", "2.0.0", "major"),
        ("1.9.9", "1.10.0", "minor"),
        ("1.0.0", "1.0.1", "patch"),
        ("1.2.0", "1.1.9", "none"),
    ],
)
def test_versions_rise_by_number(old: str, new: str, part: str) -> None:
    assert risen(old, new) == part


def test_the_version_has_to_rise_with_what_changed(tmp_path: Path) -> None:
    old = load_folder(edited(tmp_path, "older"))
    for name, version, fits in [("gone", "1.1.0", False), ("longer", "1.0.1", False), ("card", "2.0.0", True)]:
        new = load_folder(edited(tmp_path, name, version))
        assert suffices(old, new, compare(old, new)) is fits
    assert needed(()) == "none"


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(group, ["services", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


def test_the_command_prints_a_line_a_change_and_a_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = edited(tmp_path, "older"), edited(tmp_path, "gone", "1.1.0")
    result = run("diff", old, new, "--json")
    *lines, last = [json.loads(line) for line in result.stdout.splitlines()]
    assert lines == [
        {"change": "gone", "from": "/record/clock", "old": ["F99099000013"], "new": None, "compatible": False}
    ]
    assert last["summary"] == {
        "service": "boot",
        "old": "1.0.0",
        "new": "1.1.0",
        "changes": 1,
        "compatible": False,
        "needed": "major",
        "version_suffices": False,
    }
    assert result.exit_code == 3
    assert run("diff", old, old, "--json").exit_code == 0
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert "entfällt: F99099000013 -> –" in run("diff", old, new).stdout
    monkeypatch.setenv("LC_ALL", "en_GB.UTF-8")
    assert "has to rise (major)" in run("diff", old, new).stdout
    (new / "form.xml").unlink()
    assert run("diff", old, new).exit_code == 2


def test_check_tells_the_faults_of_services_and_municipalities_together(tmp_path: Path) -> None:
    shutil.copytree(BASE, tmp_path / "services" / "boot")
    (tmp_path / "services" / "boot" / "form.xml").unlink()
    (tmp_path / "towns").mkdir()
    shutil.copy(Path(__file__).parent / "broken" / "towns" / "missing" / "stadt1.toml", tmp_path / "towns")
    (tmp_path / "settings.toml").write_text('[municipalities]\ndir = "towns"\n', encoding="utf-8")
    result = run("check", tmp_path / "services", "--config", tmp_path / "settings.toml", "--json")
    places = [json.loads(line)["pointer"] for line in result.stdout.splitlines()]
    assert places == ["stadt1.toml: ars", "stadt1.toml: fitconnect.client_secret_file", "boot/form.xml"]
    assert result.exit_code == 3


def test_check_tells_of_destinations_for_services_that_are_not_there(tmp_path: Path) -> None:
    shutil.copytree(BASE, tmp_path / "services" / "boot")
    (tmp_path / "towns").mkdir()
    town = (Path(__file__).parent / "broken" / "towns" / "unknown_environment" / "stadt1.toml").read_text("utf-8")
    town = town.replace('"mond"', '"test"').replace('services = ["*"]', 'services = ["boot", "bot"]')
    (tmp_path / "towns" / "stadt1.toml").write_text(town, encoding="utf-8")
    environment = (
        '[fitconnect.environments.test]\ntoken_url = "https://a.example"\nsubmission_api = "https://b.example"\n'
    )
    text = '[municipalities]\ndir = "towns"\n' + environment
    (tmp_path / "settings.toml").write_text(text, encoding="utf-8")
    result = run("check", tmp_path / "services", "--config", tmp_path / "settings.toml", "--json")
    (line,) = [json.loads(one) for one in result.stdout.splitlines()]
    assert (line["pointer"], line["rule"]) == ("tangermuende: destinations.0.services", "unknown_service")
    assert result.exit_code == 3


def test_check_warns_of_what_the_pdf_cannot_show_and_is_no_failure(tmp_path: Path) -> None:
    shutil.copytree(BASE, tmp_path / "services" / "boot")
    form = tmp_path / "services" / "boot" / "form.xml"
    form.write_text(form.read_text("utf-8").replace("Ausgabe>Bezahlt<", "Ausgabe>\uf0b7 Bezahlt<"), encoding="utf-8")
    (tmp_path / "towns").mkdir()
    town = (Path(__file__).parent / "broken" / "towns" / "unknown_environment" / "stadt1.toml").read_text("utf-8")
    town = re.sub(r'(?m)^name = ".*"', 'name = "Stadt \U0001f415"', town).replace('"mond"', '"test"')
    (tmp_path / "towns" / "stadt1.toml").write_text(town, encoding="utf-8")
    (tmp_path / "settings.toml").write_text(
        '[municipalities]\ndir = "towns"\n[fitconnect.environments.test]\n'
        'token_url = "https://a.example"\nsubmission_api = "https://b.example"\n',
        encoding="utf-8",
    )
    result = run("check", tmp_path / "services", "--config", tmp_path / "settings.toml", "--json")
    lines = [json.loads(one) for one in result.stdout.splitlines()]
    assert [(one["pointer"], one["rule"], one["severity"]) for one in lines] == [
        ("boot/form.xml#/F99099000005", "unprintable", "warning"),
        ("tangermuende: name", "unprintable", "warning"),
    ]
    assert result.exit_code == 0


def test_try_shows_document_findings_and_where_each_value_went(tmp_path: Path) -> None:
    shutil.copytree(BASE, tmp_path / "services" / "boot")
    (tmp_path / "settings.toml").write_text('[services]\ndir = "services"\n', encoding="utf-8")
    config = ("--config", tmp_path / "settings.toml", "--json")
    result = run("try", "boot", BASE / "examples" / "ordinary.json", *config)
    (line,) = [json.loads(one) for one in result.stdout.splitlines()]
    assert line["findings"] == []
    assert "<xfd:F99099000007>+4939351234</xfd:F99099000007>" in line["document"]
    assert {"from": "/record/owners/1/share", "to": "G99099000010/F99099000012", "value_type": "num"} in line["mapping"]
    assert {"from": "/record/reduction", "to": "F99099000003", "value_type": "code"} in line["mapping"]
    (tmp_path / "faulty.json").write_text('{"name": "5"}', encoding="utf-8")
    result = run("try", "boot", tmp_path / "faulty.json", *config)
    (line,) = [json.loads(one) for one in result.stdout.splitlines()]
    assert (line["document"], result.exit_code) == (None, 3)
    assert {one["pointer"] for one in line["findings"]} >= {"/record/name", "/record/day"}


TEXT = {
    "minLength": st.integers(0, 3),
    "maxLength": st.integers(2, 5),
    "enum": st.lists(st.sampled_from(["a", "bb", "ccc"]), min_size=1, unique=True),
}
NUMBER = {"minimum": st.integers(-2, 2), "maximum": st.integers(0, 4)}
VALUES = (
    st.fixed_dictionaries({"type": st.just("string")}, optional=TEXT)
    | st.fixed_dictionaries({"type": st.sampled_from(["integer", "number"])}, optional=NUMBER)
    | st.just({"type": "boolean"})
)


def shaped(properties: dict[str, Any], required: list[str]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": [name for name in required if name in properties],
        "additionalProperties": False,
    }


NAMES = st.sampled_from("xyz")
OBJECTS = st.builds(shaped, st.dictionaries(NAMES, VALUES, max_size=3), st.lists(NAMES, unique=True))
RECORDS = st.dictionaries(NAMES, st.sampled_from(["", "a", "bb", "ccc", "dddd", True, 1.5]) | st.integers(-3, 5))


@pytest.mark.parametrize(
    ("old", "new", "keyword"),
    [
        ({"type": "string"}, {"type": "string", "maxLength": 5}, "maxLength"),
        ({"type": "string", "maxLength": 5}, {"type": "string", "maxLength": 4}, "maxLength"),
        ({"type": "string", "maxLength": 5}, {"type": "string"}, None),
        ({"type": "string"}, {"type": "string", "minLength": 1}, "minLength"),
        ({"type": "string", "minLength": 1}, {"type": "string", "minLength": 0}, None),
        ({"type": "string"}, {"type": "string", "pattern": "^a$"}, "pattern"),
        ({"type": "string", "pattern": "^a$"}, {"type": "string"}, None),
        ({"type": "string"}, {"type": "string", "format": "iban"}, "format"),
        ({"type": "string"}, {"type": "string", "enum": ["a"]}, "enum"),
        ({"type": "string", "enum": ["a"]}, {"type": "string", "enum": ["b", "a"]}, None),
        ({"type": "integer"}, {"type": "number"}, None),
        ({"type": "number"}, {"type": "integer"}, "type"),
        ({"type": "number"}, {"type": "number", "minimum": -5}, "minimum"),
        ({"type": "number", "maximum": 5}, {"type": "number", "maximum": 5.5}, None),
        ({"type": "number"}, {"type": "number", "multipleOf": 0.01}, "multipleOf"),
    ],
)
def test_each_keyword_that_accepts_less_is_named(old: dict[str, Any], new: dict[str, Any], keyword: str | None) -> None:
    lists = [{"type": "array", "items": shape} for shape in (old, new)]
    assert [one.keyword for one in narrowed(old, new)] == ([keyword] if keyword else [])
    assert [one.place for one in narrowed(*lists)] == ([("*",)] if keyword else [])


@settings(max_examples=150 * TIMES)
@given(OBJECTS, OBJECTS, RECORDS)
def test_no_record_that_fitted_is_refused_by_a_schema_called_compatible(
    old: dict[str, Any], new: dict[str, Any], record: dict[str, Any]
) -> None:
    if narrowed(old, new) == () and jsonschema_rs.is_valid(old, record):
        assert jsonschema_rs.is_valid(new, record)
    assert narrowed(old, old) == ()
