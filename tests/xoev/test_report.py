"""The validation report: which stage is asked when, what its findings say, and that no value of a document is in it."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from lxml import etree

from gateway.model import Finding, Severity
from gateway.xoev import schematron
from gateway.xoev.codes.lists import CodeVerdict
from gateway.xoev.latin.datatypes import Datatype
from gateway.xoev.report import Recommendation, Report, Scenario, Stage, StageState, kosit, validate
from gateway.xoev.report.code_stage import looked_up
from gateway.xoev.schema.sets import CompiledSet, SchemaSet, compile_set
from gateway.xoev.schematron import Budget

NOW = datetime(2026, 11, 26, 7, 0, tzinfo=UTC)
SHARED = Path(__file__).parents[3] / "shared/data/xsd"
XSD = b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:n" xmlns="urn:n">
<xs:element name="antrag"><xs:complexType><xs:sequence>
<xs:element name="name" type="xs:string"/>
<xs:element name="tag" type="Tag" minOccurs="0"/>
<xs:element name="art" minOccurs="0" maxOccurs="9"><xs:complexType><xs:sequence>
<xs:element name="code" type="xs:string"/></xs:sequence>
<xs:attribute name="listURI"/><xs:attribute name="listVersionID"/></xs:complexType></xs:element>
</xs:sequence></xs:complexType></xs:element>
<xs:simpleType name="Tag"><xs:restriction base="xs:string"><xs:pattern value="[0-9]+"/></xs:restriction></xs:simpleType>
</xs:schema>"""
SCH = """<sch:schema xmlns:sch="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2">
<sch:title>Probe</sch:title><sch:ns prefix="n" uri="urn:n"/>
<sch:pattern><sch:rule context="n:antrag"><sch:assert id="with-day" test="{}" flag="late" role="warning"
>Zu <sch:value-of select="name"/> fehlt der Tag.</sch:assert></sch:rule></sch:pattern></sch:schema>"""
GOOD = "<n:antrag xmlns:n='urn:n'><name>Müller</name><tag>12</tag></n:antrag>"


class Lists:
    """Two small lists of this test's own."""

    def verdict(self, list_uri: str, version: str, code: str, on_date: date) -> CodeVerdict:
        if list_uri != "urn:list":
            return CodeVerdict.NO_LIST
        if version != "1":
            return CodeVerdict.NO_VERSION
        if code == "old":
            return CodeVerdict.EXPIRED if on_date >= date(2026, 1, 1) else CodeVerdict.KNOWN
        return CodeVerdict.KNOWN if code == "a" else CodeVerdict.UNKNOWN


def scenario(test: str = "tag", **more: object) -> Scenario:
    schema, faults = compile_set(SchemaSet("", "", {"n.xsd": XSD}), start="n.xsd")
    rules, more_faults = schematron.read(SCH.format(test).encode())
    assert schema is not None, faults
    assert rules is not None, more_faults
    return Scenario("Probe", schema, "n.xsd", (("rules.sch", rules),), **more)


def judged(document: str, asked: Scenario | None = None, **options: object) -> Report:
    return validate(document.encode(), asked or scenario(), NOW, **options)


def states(report: Report) -> dict[str, str]:
    return {result.stage.value: result.state.value for result in report.stages}


def told(report: Report) -> list[tuple[str, str]]:
    return [(finding.pointer, finding.rule) for finding in report.findings]


def test_a_sound_document_is_acceptable_and_each_stage_says_so() -> None:
    report = judged(GOOD, scenario(codes=looked_up(Lists()), service=lambda _: ()))
    assert set(states(report).values()) == {"passed"}
    assert report.recommendation is Recommendation.ACCEPTABLE
    assert (report.root, report.namespace, report.size) == ("antrag", "urn:n", len(GOOD.encode()))


def test_what_is_not_asked_is_not_passed_and_nothing_is_recommended() -> None:
    report = judged("<a/>", Scenario("none", letters=None))
    assert states(report) == {stage.value: "passed" if stage is Stage.WELL_FORMED else "not_asked" for stage in Stage}
    assert report.recommendation is Recommendation.UNDEFINED


def test_what_cannot_be_read_goes_no_further() -> None:
    report = judged("<a><b></a>")
    assert report.result(Stage.WELL_FORMED).state is StageState.FAILED
    assert {state for stage, state in states(report).items() if stage != "well_formed"} == {"not_reached"}
    assert report.recommendation is Recommendation.REJECT
    assert judged("<!DOCTYPE a><a/>").findings[0].rule == "xml_doctype"


def test_a_broken_schema_leaves_rules_out_and_codes_and_characters_in() -> None:
    document = GOOD.replace(
        "<tag>12</tag>", "<tag>x–</tag><art listURI='urn:list' listVersionID='1'><code>z</code></art>"
    )
    report = judged(document, scenario(codes=looked_up(Lists()), service=lambda _: [Finding("/", "never", "", "")]))
    assert states(report) == {
        "well_formed": "passed",
        "schema": "failed",
        "rules": "not_reached",
        "code_lists": "failed",
        "characters": "failed",
        "service": "not_reached",
    }
    assert told(report) == [
        ("/antrag/tag", "schema_value"),
        ("/antrag/art", "code_unknown"),
        ("/antrag/tag", "document_characters"),
    ]


@pytest.mark.parametrize(
    ("document", "expected", "way_out"),
    [
        ("<n:antrag xmlns:n='urn:n'/>", ("/antrag", "schema_missing"), "expected: name"),
        ("<n:antrag xmlns:n='urn:n'><other/></n:antrag>", ("/antrag/other", "schema_element"), "expected: name"),
        (GOOD.replace("<name>", "<name x='1'>"), ("/antrag/name/@x", "schema_attribute"), ""),
        (GOOD.replace("12", "geheim"), ("/antrag/tag", "schema_value"), "pattern"),
        ("<m:antrag xmlns:m='urn:m'/>", ("/antrag", "schema_root"), ""),
        (GOOD.replace("<tag>12", "<tag><x/>12"), ("/antrag/tag", "schema_content"), ""),
    ],
)
def test_the_schema_stage_names_place_and_way_out_but_no_value(
    document: str, expected: tuple[str, str], way_out: str
) -> None:
    report = judged(document)
    assert told(report)[0] == expected
    assert way_out in report.findings[0].en
    assert "geheim" not in str(report.as_json())


def test_every_demand_that_a_value_breaks_is_told() -> None:
    schema, _ = compile_set(
        SchemaSet(
            "",
            "",
            {
                "n.xsd": b"""<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="a"><xs:simpleType>
            <xs:restriction base="xs:decimal"><xs:maxInclusive value="3"/><xs:fractionDigits value="2"/>
            </xs:restriction>
            </xs:simpleType></xs:element></xs:schema>"""
            },
        ),
        start="n.xsd",
    )
    report = judged("<a>9.123</a>", Scenario("n", schema, "n.xsd"))
    assert [one.en.partition("(")[2] for one in report.findings] == [
        "cvc_maxinclusive_valid).",
        "cvc_fractiondigits_valid).",
    ]


def test_a_rule_says_its_own_sentence_in_both_languages_weighs_what_its_role_says_and_hides_the_value() -> None:
    report = judged(GOOD.replace("<tag>12</tag>", ""))
    (finding,) = report.findings
    assert finding == Finding("/antrag", "with-day", "Zu … fehlt der Tag.", "Zu … fehlt der Tag.", Severity.WARNING)
    assert report.recommendation is Recommendation.ACCEPTABLE
    shown = judged(GOOD.replace("<tag>12</tag>", ""), scenario(values=True))
    assert shown.findings[0].de == "Zu Müller fehlt der Tag."


def test_rules_that_were_not_all_asked_are_an_error() -> None:
    report = judged(GOOD, scenario("count(1 to 1000000000) = 1"), budget=Budget(10_000))
    assert told(report) == [("/", "rules_too_costly")]
    assert report.recommendation is Recommendation.REJECT
    report = judged(GOOD, scenario("xs:integer(name) = 1"))
    assert told(report) == [("/antrag", "rules_trouble")]


@pytest.mark.parametrize(
    ("attributes", "code", "rule", "severity"),
    [
        ("listURI='urn:list' listVersionID='1'", "a", None, None),
        ("listURI='urn:list' listVersionID='1'", "z", "code_unknown", Severity.ERROR),
        ("listURI='urn:list' listVersionID='1'", "old", "code_expired", Severity.ERROR),
        ("listURI='urn:list' listVersionID='2'", "a", "code_version_unknown", Severity.WARNING),
        ("listURI='urn:other' listVersionID='1'", "a", "code_list_unknown", Severity.WARNING),
        ("listURI='urn:list'", "a", "code_version_missing", Severity.ERROR),
        ("listURI='urn:list' listVersionID='1'", " ", "code_missing", Severity.ERROR),
        ("", "z", None, None),
    ],
)
def test_codes_are_looked_up_in_the_list_and_version_that_the_document_names(
    attributes: str, code: str, rule: str | None, severity: Severity | None
) -> None:
    document = GOOD.replace("</n:antrag>", f"<art {attributes}><code>{code}</code></art></n:antrag>")
    found = judged(document, scenario(codes=looked_up(Lists()))).result(Stage.CODE_LISTS).noted
    assert [(one.finding.rule, one.finding.severity) for one in found] == ([(rule, severity)] if rule else [])


@pytest.mark.parametrize(
    ("text", "rule", "part"),
    [
        ("M\u00fcller \u201eZitat\u201c \u03a9 \u042f", None, ""),
        ("a\u2013b", "document_characters", 'Suggestion: replace the dash by "-".'),
        ("&#x1F600;", "document_characters", "U+1F600"),
        ("Mu\u0308ller", "document_not_composed", "position 3"),
        ("x\u0303", "document_characters", "U+0303"),
    ],
)
def test_characters_outside_din_91379_are_told_with_place_code_point_and_suggestion(
    text: str, rule: str | None, part: str
) -> None:
    report = judged(GOOD.replace("Müller", text))
    assert [finding.rule for finding in report.findings] == ([rule] if rule else [])
    if rule:
        assert report.findings[0].pointer == "/antrag/name"
        assert part in report.findings[0].en
    narrow = judged(GOOD.replace("Müller", "10 €"), scenario(letters=Datatype.PERSON_NAME))
    assert narrow.findings[0].rule == "document_characters"


def test_a_check_of_codes_may_be_another_that_gives_findings() -> None:
    report = judged(GOOD, scenario(codes=lambda root, day: [Finding(f"/{root.tag}", "own", f"{day}", "")]))
    assert report.result(Stage.CODE_LISTS).state is StageState.FAILED
    assert report.findings[0].de == "2026-11-26"


def test_attributes_and_mixed_texts_are_looked_at_too() -> None:
    report = judged("<a x='&#x1F600;'><b/>&#x1F600;</a>", Scenario("letters"))
    assert told(report) == [("/a", "document_characters"), ("/a/@x", "document_characters")]


def test_findings_are_told_up_to_a_bound_and_then_that_there_are_more() -> None:
    many = "<art><code/></art>" * 2 + "<x/>" * 3_000
    report = judged(GOOD.replace("</n:antrag>", many + "</n:antrag>"))
    assert len(report.findings) <= 201
    wide = judged("<a>" + "<b>\u2013</b>" * 3_000 + "</a>", Scenario("letters"))
    assert len(wide.findings) == 501
    assert wide.findings[-1].rule == "too_many_findings"


def test_the_report_as_json_is_what_the_command_prints() -> None:
    line = judged(GOOD.replace("<tag>12</tag>", "")).as_json()
    assert line["recommendation"] == "acceptable"
    assert line["stages"][2] == {"stage": "rules", "state": "passed", "asked": ["rules.sch"], "findings": 1}
    assert line["findings"][0]["stage"] == "rules"
    assert line["findings"][0]["line"] == 1


@pytest.fixture(scope="module")
def kosit_schema() -> CompiledSet:
    folder = SHARED / "kosit-validator"
    if not folder.exists():
        pytest.skip("the schemas of the KoSIT validator are not beside the checkout")
    files = {path.name: path.read_bytes() for path in folder.glob("*.xsd")}
    found, faults = compile_set(SchemaSet("", "", files), start="createReportInput.xsd")
    assert found is not None, faults
    return found


@pytest.mark.parametrize(
    ("document", "test"),
    [
        (GOOD, "tag"),
        (GOOD.replace("<tag>12</tag>", ""), "tag"),
        (GOOD.replace("12", "x"), "tag"),
        (GOOD.replace("Müller", "a\u2013"), "xs:integer(name) = 1"),
        (GOOD, "count(1 to 1000000000) = 1"),
        ("<a>", "tag"),
        ("", "tag"),
    ],
)
def test_the_xml_report_is_valid_against_the_schema_of_the_kosit_validator(
    kosit_schema: CompiledSet, document: str, test: str
) -> None:
    report = judged(
        document, scenario(test, codes=looked_up(Lists()), service=lambda _: [Finding("/x", "own", "de", "en")])
    )
    written = kosit.write(report, engine="OZG-Gateway", version="1", reference="probe.xml")
    assert [entry.message for entry in kosit_schema.errors(etree.fromstring(written))] == []
    assert written == kosit.write(report, engine="OZG-Gateway", version="1", reference="probe.xml")


def test_a_file_name_that_xml_cannot_hold_becomes_one_that_it_can() -> None:
    written = kosit.write(judged(GOOD), engine="OZG-Gateway", version="1", reference="a\udcff\x07\n.xml")
    assert "a\ufffd\ufffd\ufffd.xml".encode() in written


def test_the_xml_report_holds_recommendation_digest_and_failures() -> None:
    report = judged(GOOD.replace("<tag>12</tag>", ""))
    root = etree.fromstring(kosit.write(report, engine="OZG-Gateway", version="1", reference="probe.xml"))
    spaces = {"in": kosit.IN, "svrl": kosit.SVRL, "s": kosit.SCENARIOS}
    assert root.xpath("string(in:engine/in:info[@key='recommendation'])", namespaces=spaces) == "ACCEPTABLE"
    assert root.xpath("string(//svrl:failed-assert/@id)", namespaces=spaces) == "with-day"
    assert root.xpath("string(//svrl:failed-assert/@flag)", namespaces=spaces) == "late"
    assert root.xpath("string(//svrl:fired-rule/@context)", namespaces=spaces) == "n:antrag"
    assert "Müller" not in etree.tostring(root, encoding="unicode")
