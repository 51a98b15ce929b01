from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gateway.cli.main import group as gateway
from gateway.errors import DataInvalid, UnknownService
from gateway.services.loader import load
from gateway.services.service import Service
from gateway.xoev.record.rules import broken

ARS = "150900546546"
FOLDER = Path(__file__).parents[2] / "gateway/services/hausnummer"


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    shutil.copytree(FOLDER, tmp_path / "hausnummer")
    return tmp_path


def faults(directory: Path, parameters: Any = None) -> dict[str, str]:
    with pytest.raises(DataInvalid) as refused:
        load(directory, parameters)
    assert all(one.de and one.en for one in refused.value.findings)
    return {one.pointer: one.rule for one in refused.value.findings}


def edit(directory: Path, name: str, before: str, after: str) -> None:
    path = directory / "hausnummer" / name
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def test_an_unknown_service_is_told_so() -> None:
    services = load()
    assert [key for key, _ in services.items()] == list(services.ids())
    with pytest.raises(UnknownService):
        services.get("gibt-es-nicht")


def test_the_service_says_who_it_is(service: Service) -> None:
    assert service.leika_key == "99012021002000"
    assert service.identifier == "urn:de:fim:leika:leistung:99012021002000"
    assert service.schema_uri == service.namespace == "urn:xoev-de:xfall:standard:fim-s99000000001_1.0.0"
    assert service.titles["de"] == "Hausnummer beantragen"
    assert [(one.kind, one.required) for one in service.attachments] == [
        ("site_plan", True),
        ("proof_of_ownership", False),
        ("power_of_attorney", False),
    ]


def test_the_example_is_a_complete_body(service: Service) -> None:
    body = service.example(ARS)
    assert (body["service"], body["municipality"]) == ("hausnummer", ARS)
    assert [(one["kind"], one["upload"]) for one in body["attachments"]] == [("site_plan", "")]
    assert re.fullmatch(r"[A-Za-z0-9._:/-]{1,64}", body["reference"])
    body["record"].clear()
    assert service.example(ARS)["record"]


def test_a_service_without_a_key_gets_an_identifier_of_its_own(copied: Path) -> None:
    edit(copied, "service.toml", '"99012021002000"', '"none"')
    service = load(copied).get("hausnummer")
    assert service.leika_key is None
    assert service.identifier == "urn:x-ozg-gateway:service:hausnummer"


def test_a_schema_uri_set_by_the_service_is_used(copied: Path) -> None:
    edit(copied, "service.toml", 'stage = "productive"', 'schema_uri = "https://schema.example/x.xsd"')
    assert load(copied).get("hausnummer").schema_uri == "https://schema.example/x.xsd"


def test_a_text_under_the_former_name_is_the_stage_and_is_told(copied: Path) -> None:
    assert load(copied).get("hausnummer").definition.notices == ()
    edit(copied, "service.toml", 'stage = "productive"', 'maturity = "pilot"')
    definition = load(copied).get("hausnummer").definition
    assert (definition.stage, [one.rule for one in definition.notices]) == ("pilot", ["service_renamed"])
    result = CliRunner().invoke(gateway, ["services", "check", "--json", str(copied)])
    told = [json.loads(line) for line in result.output.splitlines()]
    assert result.exit_code == 0
    assert [(one["pointer"], one["severity"]) for one in told if one["rule"] == "service_renamed"] == [
        ("hausnummer/service.toml#/maturity", "warning")
    ]


EDITORIAL = """
[maturity]
model = "2.0"
level = 3
assessed_on = 2026-01-31
criteria = { K1 = "erfüllt" }

[catalogue]
payment = ["epaybl"]
valid_from = 2026-02-01
deadline = { de = "Vier Wochen" }
"""


def test_a_table_under_the_former_name_and_the_catalogue_s_are_editorial_facts(copied: Path) -> None:
    assert load(copied).get("hausnummer").definition.editorial == {}
    with (copied / "hausnummer/service.toml").open("a", encoding="utf-8") as file:
        file.write(EDITORIAL)
    definition = load(copied).get("hausnummer").definition
    assert (definition.stage, definition.notices) == ("productive", ())
    assessed = {"model": "2.0", "level": 3, "assessed_on": "2026-01-31", "criteria": {"K1": "erfüllt"}}
    assert definition.editorial == {
        "maturity": [assessed],
        "payment": ["epaybl"],
        "valid_from": "2026-02-01",
        "deadline": {"de": "Vier Wochen"},
    }


def test_every_fault_of_editorial_facts_is_told_with_those_of_the_rest(copied: Path) -> None:
    edit(copied, "service.toml", 'assurance = "none"', 'assurance = "some"')
    with (copied / "hausnummer/service.toml").open("a", encoding="utf-8") as file:
        file.write(EDITORIAL.replace('"2.0"', '"3.0"').replace("[catalogue]", "[catalogue]\nodd = 1"))
    with pytest.raises(DataInvalid) as refused:
        load(copied)
    assert {(one.pointer, one.rule) for one in refused.value.findings} == {
        ("hausnummer/service.toml#/assurance", "service_enum"),
        ("hausnummer/service.toml#/catalogue", "service_additionalproperties"),
        ("hausnummer/service.toml#/maturity/model", "service_enum"),
    }


def test_a_second_service_is_a_second_folder(copied: Path) -> None:
    shutil.copytree(copied / "hausnummer", copied / "zweite")
    path = copied / "zweite" / "service.toml"
    path.write_text(path.read_text().replace('id = "hausnummer"', 'id = "zweite"'))
    assert load(copied).ids() == ("hausnummer", "zweite")


@pytest.mark.parametrize(
    ("name", "before", "after", "place", "rule"),
    [
        ("service.toml", 'id = "hausnummer"', 'id = "anders"', "hausnummer/service.toml#/id", "folder_name"),
        ("service.toml", "format = 1", "format = 2", "hausnummer/service.toml#/format", "service_const"),
        ("service.toml", '"99012021002000"', '"123"', "hausnummer/service.toml#/leika_key", "service_pattern"),
        (
            "service.toml",
            'assurance = "none"',
            'assurance = "viel"',
            "hausnummer/service.toml#/assurance",
            "service_enum",
        ),
        ("service.toml", 'version = "1.0.0"\n', "", "hausnummer/service.toml#/version", "service_required"),
        (
            "service.toml",
            "format = 1",
            "format = 1\nfarbe = 1",
            "hausnummer/service.toml#",
            "service_additionalproperties",
        ),
        ("service.toml", "format = 1", "format = ", "hausnummer/service.toml#/2", "not_toml"),
        (
            "service.toml",
            "site_plan.max_bytes",
            "site_plan.farbe",
            "hausnummer/service.toml#/parameters/0/key",
            "service_parameter",
        ),
        ("mapping.toml", "F99000000101", "F99000009999", "hausnummer/mapping.toml#/fields/0/to", "mapping_target"),
        ("mapping.toml", 'latin = "A"', 'latin = "Z"', "hausnummer/mapping.toml#/fields/0/latin", "mapping_value"),
        ("mapping.toml", 'latin = "A"', 'farbe = "A"', "hausnummer/mapping.toml#/fields/0/farbe", "mapping_key"),
        ("mapping.toml", 'as = "day"', 'as = "date"', "hausnummer/mapping.toml#/fields/4/as", "mapping_converter"),
        (
            "mapping.toml",
            'owner = "01"',
            'owner = "99"',
            "hausnummer/mapping.toml#/fields/10/codes/owner",
            "mapping_codes",
        ),
        (
            "mapping.toml",
            'from = "/parcels/*"',
            'from = "/parcels"',
            "hausnummer/mapping.toml#/fields/19/from",
            "mapping_repeat",
        ),
        ("mapping.toml", '"/reason"', '"reason"', "hausnummer/mapping.toml#/fields/27/from", "mapping_source"),
        (
            "mapping.toml",
            '"/building_file_number"',
            '"/reason"',
            "hausnummer/mapping.toml#/fields/28/from",
            "mapping_conflict",
        ),
        ("mapping.toml", "F99000000103", "F99000000102", "hausnummer/mapping.toml#/fields/2/to", "mapping_twice"),
        (
            "mapping.toml",
            'kind = "exactly_one"',
            'kind = "magic"',
            "hausnummer/mapping.toml#/rules/0/kind",
            "mapping_value",
        ),
        ("mapping.toml", "[0-9]{5}", "[0-9", "hausnummer/mapping.toml#/rules/1/pattern", "mapping_pattern"),
        ("mapping.toml", "[0-9]{5}", r"([0-9])\\1", "hausnummer/mapping.toml#/rules/1/pattern", "mapping_pattern"),
        ("mapping.toml", "[0-9]{5}", "(?=[0-9]).*", "hausnummer/mapping.toml#/rules/1/pattern", "mapping_pattern"),
        (
            "mapping.toml",
            "[0-9]{5}",
            "([0-9]{999}){999}",
            "hausnummer/mapping.toml#/rules/1/pattern",
            "mapping_pattern",
        ),
        ("mapping.toml", "[0-9]{5}", "0" * 501, "hausnummer/mapping.toml#/rules/1/pattern", "mapping_pattern"),
        (
            "service.toml",
            "max = 374_000_000",
            "max = 9",
            "hausnummer/service.toml#/parameters/0/min",
            "service_parameter",
        ),
        ("mapping.toml", "format = 1\n", f"format = {'9' * 5_000}\n", "hausnummer/mapping.toml", "not_toml"),
        ("mapping.toml", "format = 1\n", f"format = {'[' * 5_000}\n", "hausnummer/mapping.toml", "not_toml"),
        ("texts.toml", "[labels]", "[labels", "hausnummer/texts.toml#/2", "not_toml"),
        (
            "mapping.toml",
            'form_version = "1.0.0"',
            'form_version = "2.0.0"',
            "hausnummer/mapping.toml#/form_schema",
            "mapping_form",
        ),
        ("texts.toml", "F99000000101", "F99000009999", "hausnummer/texts.toml#/labels/F99000009999", "texts_unknown"),
        ("form.xml", "<xdf:anzahl>1:1<", "<xdf:anzahl>x<", None, "fim_occurs"),
        (
            "examples/ordinary.json",
            '"owner"',
            '"tenant"',
            "hausnummer/examples/ordinary.json#/applicant/role",
            "not_in_list",
        ),
        ("examples/ordinary.json", "{", "", "hausnummer/examples/ordinary.json#/2", "not_json"),
    ],
)
def test_each_fault_of_a_file_names_file_place_and_way_out(  # noqa: PLR0917 - a table of broken files
    copied: Path, name: str, before: str, after: str, place: str | None, rule: str
) -> None:
    edit(copied, name, before, after)
    found = faults(copied)
    assert rule in found.values()
    if place is not None:
        assert found.get(place) == rule, found


def test_what_is_no_toml_is_told_with_its_reason_in_both_languages(copied: Path) -> None:
    edit(copied, "mapping.toml", "format = 1\n", "format = eins\n")
    with pytest.raises(DataInvalid) as refused:
        load(copied)
    (found,) = refused.value.findings
    assert found.pointer.startswith("hausnummer/mapping.toml#/")
    assert "Anführungszeichen" in found.de
    assert "invalid value" in found.en


def test_a_byte_order_mark_of_a_windows_editor_is_no_fault(copied: Path) -> None:
    for name in ("service.toml", "mapping.toml", "texts.toml"):
        path = copied / "hausnummer" / name
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load(copied).get("hausnummer").id == "hausnummer"


@pytest.mark.parametrize("days", ["36501", "-4000000", "9" * 40, "true", "1.5"])
def test_days_beyond_every_calendar_are_refused(copied: Path, days: str) -> None:
    shutil.copytree(FOLDER.parent / "kita-kuendigung", copied / "kita-kuendigung")
    path = copied / "kita-kuendigung/mapping.toml"
    text, number = re.subn(r"(?m)^days = .*$", f"days = {days}", path.read_text(), count=1)
    assert number == 1
    path.write_text(text)
    assert "mapping_value" in faults(copied).values()


def test_a_pattern_of_many_ways_costs_no_time(copied: Path) -> None:
    edit(copied, "mapping.toml", "[0-9]{5}", "([0-9]+)+")
    rule = next(one for one in load(copied).get("hausnummer").compiled.check.rules if one.pattern)
    record = {"applicant": {"address": {"postal_code": "1" * 60 + "x", "country": "DE"}}}  # by backtracking 2^60 steps
    assert [one.rule for one in broken(rule, record, None, lambda _: ("PLZ", "post code"))] == ["pattern"]


def test_a_mandatory_element_without_source_is_refused(copied: Path) -> None:
    path = copied / "hausnummer/mapping.toml"
    text = re.sub(r'\[\[fields\]\]\nfrom = "/reason"\n.*?\n\n', "", path.read_text(), flags=re.DOTALL)
    path.write_text(text)
    assert "mapping_mandatory" in faults(copied).values()


def test_all_faults_of_all_files_come_at_once(copied: Path) -> None:
    edit(copied, "service.toml", 'assurance = "none"', 'assurance = "viel"')
    edit(copied, "mapping.toml", 'latin = "A"', 'latin = "Z"')
    edit(copied, "texts.toml", "F99000000101", "F99000009999")
    shutil.copytree(copied / "hausnummer", copied / "zweite")
    (copied / "zweite/form.xml").unlink()
    found = faults(copied, {ARS: {"fehlt": {}}})
    assert {place.split("#")[0] for place in found} == {
        "hausnummer/service.toml",
        "hausnummer/mapping.toml",
        "hausnummer/texts.toml",
        "zweite/service.toml",
        "zweite/form.xml",
        "zweite/mapping.toml",
        f"parameters/{ARS}",
    }


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"attachments": {"site_plan": {"max_bytes": 375_000_000}}}, "parameter_value"),
        ({"attachments.site_plan.max_bytes": True}, "parameter_value"),
        ({"attachments": {"site_plan": {"required": False}}}, "parameter_unknown"),
        ({"assurance": "enormous"}, "parameter_value"),
        ({"leika_key": "none"}, "parameter_unknown"),
    ],
)
def test_a_parameter_that_is_not_declared_or_out_of_bounds_is_refused(values: dict[str, Any], rule: str) -> None:
    with pytest.raises(DataInvalid) as refused:
        load(None, {ARS: {"hausnummer": values}})
    assert [one.rule for one in refused.value.findings] == [rule]


def test_declared_parameters_apply_to_one_municipality_only() -> None:
    service = load(None, {ARS: {"hausnummer": {"assurance": "substantial"}}}).get("hausnummer")
    assert service.rules_for(ARS).assurance == "substantial"
    assert service.assurance == service.rules_for("000").assurance == "none"


CHOICES = 'in = ["none", "basic", "substantial", "high"]\n'


def test_a_level_that_does_not_exist_is_never_taken_for_none(copied: Path) -> None:
    """A service may free the level without saying which; a municipality's misspelling must not open it to everybody."""
    edit(copied, "service.toml", CHOICES, "")
    misspelt = {ARS: {"hausnummer": {"assurance": "substanziell"}}}
    assert faults(copied, misspelt) == {f"parameters/{ARS}#/hausnummer/assurance": "parameter_value"}
    assert (
        load(copied, {ARS: {"hausnummer": {"assurance": "high"}}}).get("hausnummer").rules_for(ARS).assurance == "high"
    )
    edit(copied, "service.toml", 'key = "assurance"\n', 'key = "assurance"\nin = ["none", "substanziell"]\n')
    (place,) = faults(copied)
    assert place.startswith("hausnummer/service.toml#/parameters/")
    assert place.endswith("/in")


def test_a_missing_directory_is_a_finding(tmp_path: Path) -> None:
    assert list(faults(tmp_path / "nichts").values()) == ["missing_directory"]


def test_a_form_takes_its_codes_from_lists_beside_it_and_never_does_without(copied: Path) -> None:
    path = copied / "hausnummer/form.xml"
    values = re.compile(r"<xdf:werte>.*?</xdf:werte>", re.DOTALL)
    named = "<xdf:canonicalIdentification>urn:x:role</xdf:canonicalIdentification>"
    path.write_text(values.sub(f"<xdf:codelisteReferenz>{named}</xdf:codelisteReferenz>", path.read_text(), count=1))
    assert "fim_list_absent" in faults(copied).values()
    rows = "".join(
        f'<Row><Value ColumnRef="c"><SimpleValue>{code}</SimpleValue></Value></Row>' for code in ("01", "02", "03")
    )
    (copied / "hausnummer/codelists").mkdir()
    (copied / "hausnummer/codelists/role.xml").write_text(
        '<gc:CodeList xmlns:gc="http://docs.oasis-open.org/codelist/ns/genericode/1.0/"><Identification>'
        '<CanonicalUri>urn:x:role</CanonicalUri></Identification><ColumnSet><Column Id="c"/>'
        f'<Key Id="k"><ColumnRef Ref="c"/></Key></ColumnSet><SimpleCodeList>{rows}</SimpleCodeList></gc:CodeList>'
    )
    assert load(copied).get("hausnummer").xsd == load().get("hausnummer").xsd
    (copied / "hausnummer/codelists/role.xml").write_text("<x/>")
    assert faults(copied)["hausnummer/codelists/role.xml#/1"] == "list_root"
