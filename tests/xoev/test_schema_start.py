"""Schemas of several files: everything from memory, nothing from anywhere else, in bounded time."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from gateway.xoev.schema_sets import SchemaSet, compile_set

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
    assert rules({"main.xsd": me}) == [("main.xsd#/1", "xsd_invalid")]
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
