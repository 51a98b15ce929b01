"""The second judge of schemas: when it is asked, when the recommendation overrules libxml2, what the report says.

Right values: XML Schema part 2 §4.3.6 (`whiteSpace` is `collapse`, fixed, for all simple types but strings).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from lxml import etree

from gateway.cli.main import group
from gateway.xoev.report import Recommendation, Report, Scenario, validate
from gateway.xoev.schema import second_judge
from gateway.xoev.schema.second_judge import SecondJudge
from gateway.xoev.schema.sets import CompiledSet, SchemaSet, compile_set

NOW = datetime(2026, 11, 30, 7, 0, tzinfo=UTC)
XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:x" xmlns="urn:x"
    elementFormDefault="qualified">
  <xs:element name="r"><xs:complexType>
    <xs:sequence><xs:element name="v" type="{0}" maxOccurs="9"/></xs:sequence><xs:attribute name="a" type="{0}"/>
  </xs:complexType></xs:element>
  <xs:simpleType name="late"><xs:restriction base="xs:date"><xs:minInclusive value="2020-01-01"/></xs:restriction>
  </xs:simpleType>
</xs:schema>"""


def compiled(kind: str) -> CompiledSet:
    found, faults = compile_set(SchemaSet("", "", {"main.xsd": XSD.format(kind).encode()}), start="main.xsd")
    assert found is not None, faults
    return found


def judged(kind: str, document: str, *, second: bool = False) -> Report:
    return validate(document.encode(), Scenario("Probe", compiled(kind), "main.xsd", second=second), NOW)


def rules(report: Report) -> list[tuple[str, str]]:
    return [(one.pointer, one.rule) for one in report.findings]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("xs:date", "2024-02-29"),
        ("late", "2024-02-29"),
        ("xs:dateTime", "2024-02-29T10:00:00Z"),
        ("xs:time", "10:00:00"),
        ("xs:gYear", "2024"),
        ("xs:gYearMonth", "2024-02"),
        ("xs:gMonthDay", "--02-29"),
        ("xs:gDay", "---29"),
        ("xs:gMonth", "--02"),
        ("xs:duration", "P1DT2H"),
    ],
)
def test_white_space_around_dates_times_and_durations_does_not_count(kind: str, value: str) -> None:
    report = judged(kind, f'<r xmlns="urn:x" a=" {value} "><v>\n  {value}\t</v><v>{value}</v></r>')
    assert report.recommendation is Recommendation.ACCEPTABLE
    assert rules(report) == [("/r/@a", "schema_overruled"), ("/r/v[1]", "schema_overruled")]


@pytest.mark.parametrize(
    ("kind", "value"),
    [("xs:date", "2023-02-29"), ("xs:date", "2024-02- 29"), ("late", "2019-12-31"), ("xs:time", "24:00:01")],
)
def test_what_is_wrong_stays_wrong_whatever_stands_around_it(kind: str, value: str) -> None:
    report = judged(kind, f'<r xmlns="urn:x"><v> {value} </v></r>')
    assert report.recommendation is Recommendation.REJECT
    assert {rule for _, rule in rules(report)} == {"schema_value"}


def test_a_sound_date_saves_no_broken_one_beside_it() -> None:
    report = judged("xs:date", '<r xmlns="urn:x"><v> 2024-02-29 </v><v>2023-02-29</v></r>')
    assert report.recommendation is Recommendation.REJECT
    assert rules(report) == [("/r/v[2]", "schema_value"), ("/r/v[1]", "schema_overruled")]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """How often the second judge was asked."""
    calls: list[str] = []
    real = SecondJudge.opinion

    def opinion(self: SecondJudge, root: etree._Element) -> second_judge.Opinion | None:
        calls.append(root.tag)
        return real(self, root)

    monkeypatch.setattr(SecondJudge, "opinion", opinion)
    return calls


def test_it_is_asked_only_where_a_value_is_refused(asked: list[str]) -> None:
    judged("xs:date", '<r xmlns="urn:x"><v>2024-02-29</v></r>')
    judged("xs:date", '<r xmlns="urn:x"><w/></r>')
    assert asked == []
    judged("xs:date", '<r xmlns="urn:x"><v>x</v></r>')
    assert len(asked) == 1
    judged("xs:date", '<r xmlns="urn:x"><v>2024-02-29</v></r>', second=True)
    assert len(asked) == 2


@pytest.mark.parametrize(("wrong", "rule"), [(True, "schema_second_invalid"), (False, "schema_second_valid")])
def test_a_difference_is_told_and_the_first_verdict_stands(
    monkeypatch: pytest.MonkeyPatch, wrong: bool, rule: str
) -> None:
    opinion = second_judge.Opinion(frozenset({"/*"} if wrong else ()))
    monkeypatch.setattr(SecondJudge, "opinion", lambda *_: opinion)
    report = judged("xs:date", f'<r xmlns="urn:x"><v>{"2024-02-29" if wrong else "x"}</v></r>', second=True)
    assert ("/", rule) in rules(report)
    assert report.recommendation is (Recommendation.ACCEPTABLE if wrong else Recommendation.REJECT)


def test_a_document_too_large_for_it_is_judged_by_the_first_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_judge, "MAX_ELEMENTS", 2)
    report = judged("xs:date", '<r xmlns="urn:x"><v> 2024-02-29</v><v>2024-02-29</v></r>', second=True)
    assert [rule for _, rule in rules(report)] == ["schema_value", "schema_second_unasked"]


def test_it_opens_nothing_but_the_texts_at_hand(tmp_path: Path) -> None:
    (tmp_path / "secret.xsd").write_text('<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"/>', encoding="utf-8")
    for location in (f"file://{tmp_path}/secret.xsd", str(tmp_path / "secret.xsd"), "http://127.0.0.1:9/x.xsd"):
        text = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:include schemaLocation="{location}"/>'
        judge = SecondJudge("top.xsd", {"top.xsd": f'{text}<xs:element name="a"/></xs:schema>'.encode()})
        assert not judge.takes()


def test_the_command_asks_both_where_it_is_told_to(tmp_path: Path) -> None:
    (tmp_path / "main.xsd").write_text(XSD.format("xs:date"), encoding="utf-8")
    (tmp_path / "doc.xml").write_text('<r xmlns="urn:x"><v>\n2024-02-29\n</v></r>', encoding="utf-8")
    arguments = ["validate", str(tmp_path / "doc.xml"), "--xsd", str(tmp_path / "main.xsd")]
    for more in ([], ["--second-opinion"]):
        result = CliRunner().invoke(group, [*arguments, *more])
        assert result.exit_code == 0, result.output
