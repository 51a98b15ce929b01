"""`gateway validate` as somebody at a keyboard sees it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from lxml import etree

from gateway.cli.main import group
from gateway.xoev.report import kosit
from tests.shipped_services import own_services

from .test_report import GOOD, SCH, XSD

XBAU = Path(__file__).parents[3] / "shared/data/xsd/xbau_kern-1.3.0"


def run(*arguments: str | Path) -> Result:
    result = CliRunner().invoke(group, ["validate", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.output
    return result


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "good.xml").write_text(GOOD, encoding="utf-8")
    (tmp_path / "bad.xml").write_text(GOOD.replace("12", "Zwölf"), encoding="utf-8")
    (tmp_path / "untold.xml").write_text(GOOD.replace("<tag>12</tag>", ""), encoding="utf-8")
    (tmp_path / "n.xsd").write_bytes(XSD)
    (tmp_path / "rules.sch").write_text(SCH.format("tag"), encoding="utf-8")
    return tmp_path


def test_a_sound_document_ends_with_zero_and_one_line(folder: Path) -> None:
    result = run(folder / "good.xml", "--xsd", folder / "n.xsd", "--schematron", folder / "rules.sch", "--json")
    assert result.exit_code == 0
    (line,) = map(json.loads, result.stdout.splitlines())
    assert line["recommendation"] == "acceptable"
    assert [(one["stage"], one["state"]) for one in line["stages"]][:3] == [
        ("well_formed", "passed"),
        ("schema", "passed"),
        ("rules", "passed"),
    ]


def test_a_document_with_findings_ends_with_three_and_its_report_is_written(folder: Path) -> None:
    report = folder / "report.xml"
    result = run(folder / "bad.xml", "--xsd", folder / "n.xsd", "--json", "--report", report)
    assert result.exit_code == 3
    line = json.loads(result.stdout)
    assert [(one["pointer"], one["rule"], one["stage"]) for one in line["findings"]] == [
        ("/antrag/tag", "schema_value", "schema")
    ]
    assert "Zwölf" not in result.output
    root = etree.fromstring(report.read_bytes())
    assert root.xpath("string(//in:documentReference)", namespaces={"in": kosit.IN}) == "bad.xml"
    assert b"Zw\xc3\xb6lf" not in report.read_bytes()


def test_values_are_said_only_where_somebody_asks_for_them(folder: Path) -> None:
    asked = [folder / "untold.xml", "--schematron", folder / "rules.sch", "--json"]
    assert "Müller" not in run(*asked).output
    assert "Müller" in run(*asked, "--values").output


def test_people_see_stages_recommendation_and_findings_in_their_language(folder: Path) -> None:
    result = run(folder / "bad.xml", "--xsd", folder / "n.xsd")
    assert "Schema: nicht bestanden" in result.output
    assert "Empfehlung: zurückweisen" in result.output
    assert "/antrag/tag:" in result.output


def test_without_schema_and_rules_only_letters_are_asked(folder: Path) -> None:
    line = json.loads(run(folder / "good.xml", "--json").stdout)
    assert {one["stage"] for one in line["stages"] if one["state"] == "passed"} == {"well_formed", "characters"}


def test_schema_and_rules_with_faults_are_wrong_usage_and_every_fault_is_told(folder: Path) -> None:
    (folder / "n.xsd").write_bytes(XSD.replace(b'name="name"', b'name="name" type="absent"'))
    result = run(folder / "good.xml", "--xsd", folder / "n.xsd")
    assert result.exit_code == 2
    assert "n.xsd#/" in result.output
    (folder / "rules.sch").write_text(SCH.format("tag(") + "<x/>", encoding="utf-8")
    assert run(folder / "good.xml", "--schematron", folder / "rules.sch").exit_code == 2
    assert run(folder / "good.xml", "--xsd", folder / "n.xsd", "--service", "hausnummer").exit_code == 2
    (folder / "rules.sch").write_text(SCH.format("tag"), encoding="utf-8")
    assert run(folder / "good.xml", "--schematron", folder / "rules.sch", "--phase", "none").exit_code == 2


def test_a_document_of_a_service_is_judged_by_its_schema_and_rules(folder: Path) -> None:
    service = own_services().get("grundstueckskauf")
    document, _ = service.document(service.compiled.examples["ordinary"])
    assert document is not None
    (folder / "kauf.xml").write_bytes(document.content)
    result = run(folder / "kauf.xml", "--service", "grundstueckskauf", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["stages"][2]["asked"] == ["grundstueckskauf/rules.sch"]


def test_the_sample_message_of_xbau_is_acceptable(tmp_path: Path) -> None:
    if not XBAU.exists():
        pytest.skip("the official XBau files are not beside the checkout")
    message = XBAU / "sample-universellerAntrag.1200.xml"
    asked = [
        "--xsd",
        XBAU / "offline/xbau-kernmodul-universellerAntrag.xsd",
        "--schematron",
        XBAU / "specs/xbau-schematron-leere-elemente.sch",
        "--json",
    ]
    assert run(message, *asked).exit_code == 0
    broken = tmp_path / "message.xml"
    broken.write_bytes(message.read_bytes().replace(b"<flur>3</flur>", b"<flur> </flur>"))
    line = json.loads(run(broken, *asked).stdout)
    assert "sch-xbau-gen-001" in {one["rule"] for one in line["findings"]} or line["stages"][1]["state"] == "failed"


TYPES = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:installed">
  <xs:simpleType name="t"><xs:restriction base="xs:integer"/></xs:simpleType>
</xs:schema>"""
USING = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:i="urn:installed" targetNamespace="urn:mine">
  <xs:import namespace="urn:installed" schemaLocation="types.xsd"/><xs:element name="r" type="i:t"/>
</xs:schema>"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a document and a schema whose part is installed, not laid beside."""
    monkeypatch.setenv("GATEWAY__DATA_DIR", str(tmp_path / "data"))
    source, folder = tmp_path / "source", tmp_path / "mine"
    source.mkdir()
    folder.mkdir()
    (source / "types.xsd").write_bytes(TYPES)
    arguments = ["install", str(source), "--unlisted", "--urn", "urn:test:types", "--version", "1.0"]
    result = CliRunner().invoke(group, ["schemas", *arguments])
    assert result.exit_code == 0, result.output
    (folder / "mine.xsd").write_bytes(USING)
    (folder / "doc.xml").write_text('<r xmlns="urn:mine">7</r>', encoding="utf-8")
    (folder / "type.xml").write_text('<r xmlns="urn:mine">x</r>', encoding="utf-8")
    return folder


def test_installed_sets_answer_what_does_not_lie_beside(installed: Path) -> None:
    assert run(installed / "doc.xml", "--xsd", installed / "mine.xsd").exit_code == 0
    assert run(installed / "type.xml", "--xsd", installed / "mine.xsd").exit_code == 3
    chosen = run(installed / "doc.xml", "--xsd", installed / "mine.xsd", "--schema-set", "urn:test:types_1.0")
    assert chosen.exit_code == 0


def test_a_set_that_is_not_installed_is_refused_with_those_that_are(installed: Path) -> None:
    result = run(installed / "doc.xml", "--schema-set", "urn:test:other")
    assert result.exit_code == 2
    assert "urn:test:types_1.0" in result.output


def test_without_schema_and_rules_nothing_is_recommended(folder: Path) -> None:
    result = run(folder / "good.xml", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["recommendation"] == "undefined"
