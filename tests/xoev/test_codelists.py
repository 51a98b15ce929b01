"""Code lists side by side, and the codes of a document against them by code type."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from lxml import etree

from gateway.model import Severity
from gateway.xoev.codes.document_codes import Codes
from gateway.xoev.codes.lists import CodeLists, CodeVerdict, Ending
from gateway.xoev.fim import genericode
from gateway.xoev.report.code_stage import looked_up
from gateway.xoev.schema.sets import CompiledSet, SchemaSet, compile_set

from . import xdf

OFFICIAL = Path(__file__).parents[3] / "shared/data/codelists"
DAY = date(2026, 11, 23)


def table(codes: dict[str, str], version: str, valid_from: str = "", uri: str = "urn:x:list") -> genericode.CodeTable:
    data = xdf.code_list(codes, uri, version, qualified=False)
    if valid_from:
        annotation = (
            '<Annotation><Description><m:validFrom xmlns:m="http://xoev.de/schemata/genericode/4">'
            f"{valid_from}</m:validFrom></Description></Annotation><Identification>"
        )
        data = data.replace(b"<Identification>", annotation.encode())
    found, faults = genericode.read([data])
    assert found is not None, faults
    return found


def test_versions_stand_side_by_side_and_each_day_has_its_own() -> None:
    lists = CodeLists(
        [table({"b": ""}, "2", "2026-01-01"), table({"a": ""}, "1", "2025-01-01"), table({"c": ""}, "3", "2027-01-01")]
    )
    spans = [(one.version, one.valid_from, one.valid_until) for one in lists.versions("urn:x:list")]
    assert spans == [
        ("1", date(2025, 1, 1), date(2025, 12, 31)),
        ("2", date(2026, 1, 1), date(2026, 12, 31)),
        ("3", date(2027, 1, 1), None),
    ]
    found = [lists.valid_on("urn:x:list", day) for day in (date(2024, 12, 31), date(2025, 12, 31), DAY)]
    assert [one and one.version for one in found] == [None, "1", "2"]
    assert lists.verdict("urn:x:list", "", "b", DAY) is CodeVerdict.KNOWN
    assert lists.verdict("urn:x:list", "", "a", DAY) is CodeVerdict.UNKNOWN
    assert lists.verdict("urn:x:list", "1", "a", DAY) is CodeVerdict.KNOWN
    assert lists.verdict("urn:x:list", "3", "c", DAY) is CodeVerdict.NOT_YET
    assert lists.verdict("urn:x:list", "4", "c", DAY) is CodeVerdict.NO_VERSION
    assert lists.verdict("urn:x:other", "1", "c", DAY) is CodeVerdict.NO_LIST


def test_versions_without_a_day_are_ordered_as_numbers() -> None:
    lists = CodeLists([table({"x": ""}, version) for version in ("10", "9", "1.10", "1.9")])
    assert [one.version for one in lists.versions("urn:x:list")] == ["1.9", "1.10", "9", "10"]
    newest = lists.valid_on("urn:x:list", DAY)
    assert newest is not None
    assert newest.version == "10"


def test_notices_name_what_a_later_version_replaces() -> None:
    lists = CodeLists(
        [
            table({}, "1", "2025-01-01"),
            table({}, "2", "2026-01-01"),
            table({}, "3", "2026-12-10"),
            table({}, "4", "2028-01-01"),
        ]
    )
    assert {one.pointer: (one.rule, one.severity) for one in lists.notices(DAY)} == {
        "urn:x:list_1": ("code_list_superseded", Severity.WARNING),
        "urn:x:list_2": ("code_list_expires", Severity.INFO),
    }
    assert "2026-12-09" in next(one.de for one in lists.notices(DAY) if one.rule == "code_list_expires")


def test_a_code_that_has_run_out_is_told_from_one_that_never_was() -> None:
    ending = {"urn:x:list": Ending("name", "%d.%m.%Y")}
    lists = CodeLists([table({"a": "31.10.2026", "b": "23.11.2026", "c": "", "d": "?"}, "1")], ending)
    verdicts = [lists.verdict("urn:x:list", "1", code, DAY) for code in "abcd"]
    assert verdicts == [CodeVerdict.EXPIRED, CodeVerdict.KNOWN, CodeVerdict.KNOWN, CodeVerdict.KNOWN]


@pytest.mark.skipif(not OFFICIAL.is_dir(), reason="official code lists are not here")
def test_every_official_list_is_read_with_identity_rows_and_its_first_day() -> None:
    tables = {}
    for path in sorted(OFFICIAL.glob("*.xml")):
        found, faults = genericode.read([path.read_bytes()])
        assert found is not None, (path.name, faults)
        assert found.rows
        assert len({row[found.code_column] for row in found.rows}) == len(found.rows), path.name
        tables[found.version_uri] = found
        said = any(word in path.read_bytes() for word in (b"validFrom>", b"Ab>", b"ab>"))
        assert (found.valid_from is not None) == said, path.name
    assert len(tables) == 17
    lists = CodeLists(
        tables.values(), {"urn:xoev-de:xgewerbeanzeige:codeliste:registergerichte": Ending("gueltigBis", "%d.%m.%Y")}
    )
    land = "urn:de:bund:destatis:bevoelkerungsstatistik:schluessel:bundesland"
    assert lists.verdict(land, "2010-04-01", "15", DAY) is CodeVerdict.KNOWN
    assert lists.verdict(land, "2010-04-01", "17", DAY) is CodeVerdict.UNKNOWN
    court = "urn:xoev-de:xgewerbeanzeige:codeliste:registergerichte"
    assert lists.verdict(court, "11", "D3101", DAY) is CodeVerdict.EXPIRED
    assert lists.verdict(court, "11", "D3101", date(2021, 6, 30)) is CodeVerdict.NOT_YET


def test_the_recommended_key_is_the_column_of_codes() -> None:
    data = xdf.code_list({"a": "A"}, qualified=False)
    second = (
        b'<Key Id="k2"><Annotation><AppInfo><m:recommendedKeyColumn xmlns:m="http://xoev.de/schemata/genericode/4"/>'
        b'</AppInfo></Annotation><ColumnRef Ref="name"/></Key></ColumnSet>'
    )
    found, _ = genericode.read([data.replace(b"</ColumnSet>", second)])
    assert found is not None
    assert (found.columns[found.code_column], found.columns[found.name_column]) == ("name", "code")


def test_a_first_day_that_is_none_is_a_fault_with_its_line() -> None:
    data = xdf.code_list({"a": "A"}, qualified=False)
    wrong = (
        b'<Annotation><Description><m:validFrom xmlns:m="urn:m">bald</m:validFrom></Description></Annotation>'
        b"<Identification>"
    )
    found, faults = genericode.read([data.replace(b"<Identification>", wrong)])
    assert found is None
    assert [(one.pointer, one.rule) for one in faults] == [("/1", "list_valid_from")]


CODE = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://xoev.de/schemata/code/1_0">
<xs:complexType name="Code"><xs:sequence><xs:element name="code" type="xs:token"/>
<xs:element name="name" type="xs:normalizedString" minOccurs="0"/></xs:sequence>
<xs:attribute name="listURI" type="xs:anyURI"/><xs:attribute name="listVersionID" type="xs:normalizedString"/>
</xs:complexType></xs:schema>"""


def _type(name: str, uri: str, version: str, code: str = 'type="xs:token"/>') -> str:
    return (
        f'<xs:complexType name="{name}"><xs:complexContent><xs:restriction base="c:Code"><xs:sequence>'
        f'<xs:element name="code" {code}</xs:sequence><xs:attribute name="listURI" {uri}/>'
        f'<xs:attribute name="listVersionID" {version}/></xs:restriction></xs:complexContent></xs:complexType>'
        f'<xs:element name="{name.lower()}" type="{name}"/>'
    )


@pytest.fixture(scope="module")
def schema() -> CompiledSet:
    fixed_uri, fixed_version = 'type="xs:anyURI" fixed="urn:x:list"', 'type="xs:normalizedString" fixed="1"'
    uri, version = 'type="xs:anyURI" use="required"', 'type="xs:normalizedString" use="required"'
    listed = (
        '><xs:simpleType><xs:restriction base="xs:token"><xs:enumeration value="own"/></xs:restriction></xs:simpleType>'
        "</xs:element>"
    )
    types = (
        _type("T1", 'type="xs:anyURI" fixed="urn:own"', fixed_version, listed)
        + _type("T2", fixed_uri, fixed_version)
        + _type("T3", fixed_uri, version)
        + _type("T4", uri, version)
        + '<xs:element name="free" type="c:Code"/><xs:element name="other"><xs:complexType><xs:sequence>'
        '<xs:element name="code" type="xs:token"/></xs:sequence></xs:complexType></xs:element>'
        '<xs:element name="inner"><xs:complexType><xs:complexContent><xs:restriction base="c:Code"><xs:sequence>'
        '<xs:element name="code" type="xs:token"/></xs:sequence><xs:attribute name="listURI" type="xs:anyURI"/>'
        "</xs:restriction></xs:complexContent></xs:complexType></xs:element>"
    )
    own = (
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:d" targetNamespace="urn:d" '
        'xmlns:c="http://xoev.de/schemata/code/1_0"><xs:import namespace="http://xoev.de/schemata/code/1_0"/>'
        + types
        + "</xs:schema>"
    )
    done, findings = compile_set(
        SchemaSet("d", "1", {"d.xsd": own.encode()}), [SchemaSet("code", "1", {"code.xsd": CODE.encode()})]
    )
    assert done is not None, findings
    return done


LISTS = CodeLists([table({"a": ""}, "1"), table({"b": ""}, "2"), table({"z": ""}, "3", "2027-01-01")])
BOTH = 'listURI="urn:x:list" listVersionID="{}"'


def judged(schema: CompiledSet, element: str, attributes: str, code: str) -> list[tuple[str, str, str]]:
    document = etree.fromstring(f'<d:{element} xmlns:d="urn:d" {attributes}><code>{code}</code></d:{element}>')
    before = etree.tostring(document)
    found = [
        one.finding(document.getroottree().getpath(document)) for one in Codes(schema).offences(document, LISTS, DAY)
    ]
    assert [one.finding for one in looked_up(LISTS, Codes(schema))(document, DAY)] == [
        replace(one, pointer=f"/{element}") for one in found
    ]
    assert etree.tostring(document) == before
    assert all(code not in one.de.split() for one in found)
    return [(one.pointer, one.rule, one.severity.value) for one in found]


def test_the_four_code_types_are_read_from_the_schema(schema: CompiledSet) -> None:
    found = {one.kind: (one.list_uri, one.version) for one in Codes(schema).types}
    assert found == {1: ("urn:own", "1"), 2: ("urn:x:list", "1"), 3: ("urn:x:list", ""), 4: ("", "")}


@pytest.mark.parametrize(
    ("element", "attributes", "code", "rule"),
    [
        ("t1", "", "own", ""),
        ("t1", "", "a", "code_unknown"),
        ("free", 'listURI="urn:own" listVersionID="1"', "other", "code_unknown"),
        ("t2", "", "a", ""),
        ("t2", "", "b", "code_unknown"),
        ("t3", 'listVersionID="2"', "b", ""),
        ("t3", 'listVersionID="2"', "a", "code_unknown"),
        ("t3", "", "a", "code_version_missing"),
        ("t3", 'listVersionID="9"', "a", "code_version_unknown"),
        ("t4", BOTH.format(1), "a", ""),
        ("t4", BOTH.format(3), "z", "code_version_early"),
        ("t4", 'listVersionID="1"', "a", "code_list_missing"),
        ("t4", 'listURI="urn:gone" listVersionID="1"', "a", "code_list_unknown"),
        ("free", "", "a", "code_list_missing"),
        ("other", "", "a", ""),
        ("inner", "", "a", "code_list_missing"),
    ],
)
def test_each_code_type_is_held(schema: CompiledSet, element: str, attributes: str, code: str, rule: str) -> None:
    unjudged = {"code_list_unknown", "code_version_unknown"}
    severity = "warning" if rule in unjudged else "error"
    assert judged(schema, element, attributes, code) == ([(f"/d:{element}", rule, severity)] if rule else [])


def test_the_lists_answer_the_code_stage_of_the_report() -> None:
    root = etree.fromstring(f"<d><x {BOTH.format(1)}><code>b</code></x><x {BOTH.format(2)}><code>b</code></x></d>")
    assert [one.finding.rule for one in looked_up(LISTS)(root, DAY)] == ["code_unknown"]
