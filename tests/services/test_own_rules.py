"""A service's own Schematron: told in words of the record, in both languages; refused where it cannot be trusted."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path

import pytest
from lxml import etree

from gateway.errors import DataInvalid
from gateway.model import Severity
from gateway.services import loader
from gateway.services.loader import load
from gateway.services.service import Service
from gateway.xoev.report import Recommendation, Stage, StageState, validate
from tests.shipped_services import own_services
from tests.xoev.test_report import NOW

OWN = Path(loader.__file__).parent / "grundstueckskauf"
NAMESPACE = "urn:xoev-de:xfall:standard:fim-s99000000002_1.0.0"


@pytest.fixture(scope="module")
def purchase() -> Service:
    return own_services().get("grundstueckskauf")


def twice(service: Service) -> dict:
    record = copy.deepcopy(dict(service.compiled.examples["ordinary"]))
    record["parcels"].append(dict(record["parcels"][0]))
    return record


def test_what_the_schema_cannot_say_is_told_at_the_place_in_the_record(purchase: Service) -> None:
    record = twice(purchase)
    assert [one for one in purchase.check(record, (), ars="") if one.rule[:10] != "attachment"] == []
    document, (finding,) = purchase.document(record)
    assert document is None
    assert (finding.pointer, finding.rule, finding.severity) == ("/record/parcels/2", "parcel_once", Severity.ERROR)
    assert finding.de.startswith("Dieses Flurstück ist schon genannt.")
    assert finding.en.startswith("This parcel is named already.")


def test_what_evidence_keeps_says_which_stages_were_passed(purchase: Service) -> None:
    assert purchase.passed_stages == {
        "well_formed": "passed",
        "schema": "passed",
        "rules": "passed",
        "code_lists": "not_asked",
        "characters": "passed",
        "service": "passed",
    }
    assert own_services().get("hausnummer").passed_stages["rules"] == "not_asked"


def test_the_same_rules_judge_a_document_that_came_from_elsewhere(purchase: Service) -> None:
    document, _ = purchase.document(purchase.compiled.examples["ordinary"])
    assert document is not None
    assert validate(document.content, purchase.scenario, NOW).recommendation is Recommendation.ACCEPTABLE
    root = etree.fromstring(document.content)
    (parcels,) = root.iter(f"{{{NAMESPACE}}}G99002000070")
    parcels.insert(0, copy.deepcopy(parcels[0]))
    report = validate(etree.tostring(root), purchase.scenario, NOW)
    assert report.result(Stage.SCHEMA).state is StageState.PASSED
    assert [(one.pointer, one.rule) for one in report.findings] == [
        ("/fim.S99000000002.99000000002001000000/G99002000070/G99002000080[2]", "parcel_once")
    ]


def rules(context: str = "xfd:G99002000070", test: str = "true()", text: str = "x", more: str = "") -> str:
    return (
        '<sch:schema xmlns:sch="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2">'
        f'<sch:ns prefix="xfd" uri="{NAMESPACE}"/><sch:pattern>\n<sch:rule context="{context}">\n'
        f'<sch:assert id="own" test="{test}" diagnostics="own-en" {more}>{text}</sch:assert></sch:rule></sch:pattern>'
        '<sch:diagnostics><sch:diagnostic id="own-en" xml:lang="en">x</sch:diagnostic></sch:diagnostics></sch:schema>'
    )


def loaded(tmp_path: Path, source: str) -> Service:
    shutil.copytree(OWN, tmp_path / "grundstueckskauf")
    (tmp_path / "grundstueckskauf/rules.sch").write_text(source, encoding="utf-8")
    return load(tmp_path).get("grundstueckskauf")


@pytest.mark.parametrize(
    ("source", "faults"),
    [
        (rules(test="count("), {"rules.sch#/3": "sch_xpath"}),
        (rules(text="x &lt;<sch:value-of select='.'/>"), {"rules.sch": "rules_values"}),
        (rules(test="current-date() = xs:date('2026-01-01')"), {"rules.sch": "rules_time"}),
        (rules(context="G99002000070"), {"rules.sch#/2": "rules_never"}),
        (rules(context="xfd:G99002000070/xfd:G9900200008O"), {"rules.sch#/2": "rules_never"}),
        (rules().replace(' diagnostics="own-en"', ""), {"rules.sch#/3": "rules_languages"}),
        ("<a/>", {"rules.sch#/1": "sch_root"}),
        ("<!DOCTYPE a><a/>", {"rules.sch#/1": "xml_doctype"}),
        (rules(test="count(1 to 1000000000) = 1"), {"examples/ordinary.json#": "rules_too_costly"}),
        (rules(test="false()"), {"examples/ordinary.json#": "own"}),
    ],
)
def test_rules_that_cannot_be_trusted_are_refused_when_the_service_is_loaded(
    tmp_path: Path, source: str, faults: dict[str, str]
) -> None:
    with pytest.raises(DataInvalid) as refused:
        loaded(tmp_path, source)
    found = {one.pointer.removeprefix("grundstueckskauf/"): one.rule for one in refused.value.findings}
    assert {place.rstrip("#/"): rule for place, rule in found.items()} == {
        place.rstrip("#/"): rule for place, rule in faults.items()
    }


def test_a_warning_stops_nothing_and_is_told(tmp_path: Path) -> None:
    several = "count(xfd:G99002000080) &lt; 3"
    service = loaded(tmp_path, rules(test=several, more='role="warning"'))
    document, (finding,) = service.document(twice(service))
    assert document is not None
    assert finding.severity is Severity.WARNING
