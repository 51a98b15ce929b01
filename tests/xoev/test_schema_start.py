"""Schemas of several files: everything from memory, nothing from anywhere else, in bounded time."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from gateway.xoev.schema.sets import SchemaSet, compile_set

XBAU = Path(__file__).parents[3] / "shared/data/xsd/xbau_kern-1.3.0"
HEAD = '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"'


def schema(body: str, more: str = "") -> bytes:
    return f"{HEAD} {more}>{body}</xs:schema>".encode()


def rules(files: dict[str, bytes], main: str = "main.xsd") -> list[tuple[str, str]]:
    found, faults = compile_set(SchemaSet("", "", files), start=main)
    assert (found is None) == bool(faults)
    return [(one.pointer, one.rule) for one in faults]


def test_files_beside_the_schema_are_found_by_name_and_by_the_last_part_of_an_address() -> None:
    types = schema(
        '<xs:simpleType name="t"><xs:restriction base="xs:token"/></xs:simpleType>', 'targetNamespace="urn:t"'
    )
    main = schema(
        '<xs:import namespace="urn:t" schemaLocation="https://example.invalid/schema/types.xsd"/>'
        '<xs:include schemaLocation="part/more.xsd"/><xs:element name="a" type="t:t"/>',
        'xmlns:t="urn:t"',
    )
    files = {"main.xsd": main, "types.xsd": types, "part/more.xsd": schema('<xs:element name="b"/>')}
    found, faults = compile_set(SchemaSet("", "", files), start="main.xsd")
    assert found is not None, faults
    assert found.errors(etree.fromstring(b"<a>x</a>")) == ()
    assert found.errors(etree.fromstring(b"<c/>"))


@pytest.mark.parametrize(
    "location",
    [
        "file:///etc/passwd",
        "/etc/passwd",
        "../../etc/passwd",
        "http://127.0.0.1:9/x.xsd",
        "ftp://127.0.0.1/x",
        "absent.xsd",
    ],
)
def test_a_location_that_was_not_given_is_a_fault_and_never_looked_for(location: str) -> None:
    main = schema(f'<xs:include schemaLocation="{location}"/><xs:element name="a"/>')
    rule = "xsd_outside" if location.startswith("..") else "xsd_missing"
    assert rules({"main.xsd": main}) == [("main.xsd#/1", rule)]


def test_schemas_that_import_themselves_or_each_other_end() -> None:
    me = schema('<xs:include schemaLocation="main.xsd"/><xs:element name="a"/>')
    assert rules({"main.xsd": me}) == [("main.xsd#/1", "xsd_invalid"), ("main.xsd", "xsd_judges_differ")]
    one = schema(
        '<xs:import namespace="urn:b" schemaLocation="b.xsd"/><xs:element name="a"/>', 'targetNamespace="urn:a"'
    )
    two = schema(
        '<xs:import namespace="urn:a" schemaLocation="a.xsd"/><xs:element name="b"/>', 'targetNamespace="urn:b"'
    )
    assert rules({"a.xsd": one, "b.xsd": two}, "a.xsd") == []
    chain = {
        f"{n}.xsd": schema(f'<xs:include schemaLocation="{(n + 1) % 200}.xsd"/><xs:element name="e{n}"/>')
        for n in range(200)
    }
    rules(chain, "0.xsd")


@pytest.mark.parametrize(
    "bad",
    [
        b"<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>",
        b"<!DOCTYPE xs:schema>" + schema('<xs:element name="b"/>'),
        b"<a",
        b"<a/>",
        b"",
    ],
)
def test_a_part_with_a_document_type_or_that_is_no_schema_is_a_fault(bad: bytes) -> None:
    main = schema('<xs:include schemaLocation="bad.xsd"/><xs:element name="a"/>')
    assert rules({"main.xsd": main, "bad.xsd": bad})
    assert rules({"main.xsd": bad})


def test_a_missing_main_file_is_a_fault() -> None:
    assert rules({}) == [("main.xsd#/0", "xsd_missing")]


def test_the_official_schema_of_xbau_compiles_and_judges_its_sample() -> None:
    if not XBAU.exists():
        pytest.skip("the official XBau files are not beside the checkout")
    files = {path.name: path.read_bytes() for path in (XBAU / "offline").glob("*.xsd")}
    found, faults = compile_set(SchemaSet("", "", files), start="xbau-kernmodul-universellerAntrag.xsd")
    assert found is not None, faults
    message = etree.parse(XBAU / "sample-universellerAntrag.1200.xml").getroot()
    assert found.errors(message) == ()
    del message.attrib["standard"]
    assert found.errors(message)


XML_IMPORT = (
    '<xs:import namespace="http://www.w3.org/XML/1998/namespace" schemaLocation="https://www.w3.org/2009/01/xml.xsd"/>'
    '<xs:element name="r"><xs:complexType><xs:attribute ref="xml:lang"/><xs:attribute ref="xml:space"/>'
    "</xs:complexType></xs:element>"
)


def test_the_xml_namespace_is_known_to_every_schema() -> None:
    found, faults = compile_set(SchemaSet("", "", {"main.xsd": schema(XML_IMPORT)}), start="main.xsd")
    assert found is not None, faults
    assert found.errors(etree.fromstring('<r xml:lang="de-DE" xml:space="preserve"/>')) == ()
    assert found.errors(etree.fromstring('<r xml:lang=""/>')) == ()
    assert found.errors(etree.fromstring('<r xml:lang="not a language"/>'))
    assert found.errors(etree.fromstring('<r xml:space="elsewhere"/>'))


def test_a_file_of_the_xml_namespace_that_lies_beside_wins() -> None:
    own = schema('<xs:attribute name="lang" type="xs:integer"/><xs:attribute name="space"/>', XML_TARGET)
    found, faults = compile_set(SchemaSet("", "", {"main.xsd": schema(XML_IMPORT), "xml.xsd": own}), start="main.xsd")
    assert found is not None, faults
    assert found.errors(etree.fromstring('<r xml:lang="7"/>')) == ()


XML_TARGET = 'targetNamespace="http://www.w3.org/XML/1998/namespace"'
TYPED = (
    b'<!DOCTYPE xs:schema PUBLIC "-//W3C//DTD XMLSchema 200102//EN" "http://127.0.0.1:9/XMLSchema.dtd" '
    b"[<!ATTLIST schema xmlns:t CDATA #FIXED 'urn:t'>]>"
)
USING = '<xs:import namespace="urn:t" schemaLocation="t.xsd"/><xs:element name="a" type="t:t"/>'
SIMPLE = '<xs:simpleType name="t"><xs:restriction base="xs:token"/></xs:simpleType>'


def test_a_part_with_a_document_type_is_taken_where_the_caller_knows_it() -> None:
    files = {"main.xsd": schema(USING, 'xmlns:t="urn:t"'), "t.xsd": TYPED + schema(SIMPLE, 'targetNamespace="urn:t"')}
    found, faults = compile_set(SchemaSet("", "", files, frozenset(files)), start="main.xsd")
    assert found is not None, faults


def test_a_part_with_a_document_type_is_elsewhere_named_with_its_cause() -> None:
    files = {"main.xsd": schema(USING, 'xmlns:t="urn:t"'), "t.xsd": TYPED + schema(SIMPLE, 'targetNamespace="urn:t"')}
    assert rules(files) == [("main.xsd#/1", "xsd_absent"), ("t.xsd#/1", "xsd_unread")]
    _, faults = compile_set(SchemaSet("", "", files), start="main.xsd")
    assert "DOCTYPE" in faults[1].de


def test_absent_parts_are_told_and_not_what_follows_from_them() -> None:
    two = '<xs:import namespace="urn:u" schemaLocation="u.xsd"/>' + USING + '<xs:element name="b" type="u:u"/>'
    files = {"main.xsd": schema(two, 'xmlns:t="urn:t" xmlns:u="urn:u"')}
    assert [rule for _, rule in rules(files)] == ["xsd_absent", "xsd_absent"]
