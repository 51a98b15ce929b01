"""Schema sets compile offline as they were published; what leads out of them or round in circles is refused."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

import pytest
from lxml import etree

from gateway.errors import SetRefused
from gateway.sets.folder import files_below
from gateway.xoev.schema.sets import CompiledSet, SchemaSet, compile_set
from gateway.xoev.xml import strict_xml

OFFICIAL = Path(__file__).parents[3] / "shared/data/xsd"
XBAU = OFFICIAL / "xbau_kern-1.3.0"
needs_official = pytest.mark.skipif(not XBAU.is_dir(), reason="official schemas are not here")


def xsd(body: str, namespace: str = "urn:a", form: str = "qualified") -> bytes:
    target = f'targetNamespace="{namespace}" xmlns="{namespace}" ' if namespace else ""
    return (
        f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:b="urn:b" {target}elementFormDefault="{form}">'
        f"{body}</xs:schema>"
    ).encode()


def a_set(urn: str = "a", **files: str | bytes) -> SchemaSet:
    made = {name.replace("__", "/") + ".xsd": f.encode() if isinstance(f, str) else f for name, f in files.items()}
    return SchemaSet(urn, "1", made)


def rules(*sets: SchemaSet) -> dict[str, str]:
    compiled, findings = compile_set(sets[0], sets[1:])
    assert compiled is None
    return {one.pointer: one.rule for one in findings}


def read_folder(folder, urn="", version=""):
    """The files below a folder as a set, named by it."""
    return SchemaSet(urn or folder.name, version, files_below(folder))


def compiled(*sets: SchemaSet) -> CompiledSet:
    done, findings = compile_set(sets[0], sets[1:])
    assert done is not None, findings
    return done


def xbau() -> CompiledSet:
    names = ("din-91379", "xoev-code", "xoev-basisnachricht", "xbau_kern-1.3.0/offline")
    return compiled(read_folder(XBAU / "xsd", "xbau-kernmodul", "1.3.0"), *(read_folder(OFFICIAL / n) for n in names))


@needs_official
def test_the_published_xbau_files_compile_offline_and_judge_a_message() -> None:
    schema = xbau()
    assert schema.namespaces == ("http://www.xleitstelle.de/xbau/kernmodul/1/3/0",)
    assert schema.notices == ()
    message = strict_xml.parse((XBAU / "sample-universellerAntrag.1200.xml").read_bytes()).root
    assert message is not None
    assert schema.errors(message) == ()
    kennung = next(message.iter("kennung"))
    kennung.tag = "kenung"
    assert [entry.line for entry in schema.errors(message)] == [kennung.sourceline]


@needs_official
def test_what_xbau_misses_is_named_by_file_line_and_namespace() -> None:
    done, findings = compile_set(read_folder(XBAU / "xsd", "xbau-kernmodul", "1.3.0"))
    assert done is None
    absent = [one.en for one in findings if one.rule == "xsd_absent"]
    assert any("namespace http://xoev.de/schemata/code/1_0 " in one for one in absent)
    assert all(one.pointer.startswith("xbau-kernmodul_1.3.0/xbau-kernmodul-") for one in findings)


@needs_official
def test_fixed_list_attributes_are_filled_in_where_a_message_leaves_them_out() -> None:
    message = strict_xml.parse((XBAU / "sample-universellerAntrag.1200.xml").read_bytes()).root
    assert message is not None
    land = next(message.iter("bundesland"))
    del land.attrib["listURI"]
    assert xbau().fill(message) == ()
    assert land.get("listURI") == "urn:de:bund:destatis:bevoelkerungsstatistik:schluessel:bundesland"


@needs_official
def test_a_document_type_is_read_only_where_the_file_is_known() -> None:
    read = read_folder(OFFICIAL / "xmldsig")
    assert set(rules(read).values()) == {"xml_doctype", "xsd_empty"}
    known = SchemaSet(read.urn, read.version, read.files, frozenset(read.files))
    assert compiled(known).namespaces == ("http://www.w3.org/2000/09/xmldsig#",)


@needs_official
@pytest.mark.parametrize("name", ["kosit-validator", "din-91379", "xoev-code"])
def test_other_official_sets_compile(name: str) -> None:
    assert compiled(read_folder(OFFICIAL / name)).notices == ()


def test_a_remote_location_is_answered_by_namespace_and_never_fetched() -> None:
    main = a_set(
        x=xsd(
            '<xs:import namespace="urn:b" schemaLocation="http://127.0.0.1:9/far/b.xsd"/>'
            '<xs:element name="e" type="b:T"/>'
        )
    )
    body = (
        '<xs:simpleType name="T"><xs:restriction base="xs:string"><xs:maxLength value="{}"/></xs:restriction>'
        "</xs:simpleType>"
    )
    other = a_set("b", b=xsd(body.format(2), "urn:b"), twin=xsd(body.format(9), "urn:b"))
    schema = compiled(main, other)
    assert schema.errors(etree.fromstring('<e xmlns="urn:a">abc</e>'))
    assert not schema.errors(etree.fromstring('<e xmlns="urn:a">ab</e>'))
    assert rules(main)["a_1/x.xsd#/1"] in {"xsd_invalid", "xsd_absent"}


def test_includes_are_found_in_folders_and_by_their_published_address() -> None:
    part = xsd('<xs:element name="e" type="xs:date"/>')
    for location in ("types/part.xsd", "./types/../types/part.xsd", "https://example.org/1_0/part.xsd"):
        main = xsd(f'<xs:include schemaLocation="{location}"/>')
        assert not compiled(a_set(main=main, types__part=part)).errors(
            etree.fromstring('<e xmlns="urn:a">2026-01-31</e>')
        )


@pytest.mark.parametrize("location", ["Stra%C3%9Fe%20A.xsd", "Straße A.xsd", " Straße%20A.xsd "])
def test_a_location_is_an_address_in_which_letters_may_be_escaped(location: str) -> None:
    part = xsd('<xs:element name="e" type="xs:date"/>')
    main = xsd(f'<xs:include schemaLocation="{location}"/>')
    schema = compiled(a_set(main=main, **{"Straße A": part}))
    assert not schema.errors(etree.fromstring('<e xmlns="urn:a">2026-01-31</e>'))
    assert rules(a_set(main=xsd('<xs:include schemaLocation="%2E%2E/part.xsd"/>'))) == {
        "a_1/main.xsd#/1": "xsd_outside"
    }


def test_a_file_without_namespace_takes_that_of_whoever_includes_it() -> None:
    part = xsd('<xs:simpleType name="T"><xs:restriction base="xs:int"/></xs:simpleType>', "")
    main = xsd('<xs:include schemaLocation="part.xsd"/><xs:element name="e" type="T"/>')
    assert compiled(a_set(main=main, part=part)).errors(etree.fromstring('<e xmlns="urn:a">x</e>'))


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ('<xs:include schemaLocation="../outside.xsd"/>', "xsd_outside"),
        ('<xs:include schemaLocation="x/../../../etc/passwd"/>', "xsd_outside"),
        ('<xs:include schemaLocation="/etc/passwd"/>', "xsd_missing"),
        ('<xs:include schemaLocation="file:///etc/passwd"/>', "xsd_missing"),
        ('<xs:include schemaLocation="http://127.0.0.1:9/x.xsd"/>', "xsd_missing"),
        ('<xs:redefine schemaLocation="gone.xsd"/>', "xsd_missing"),
        ("<xs:include/>", "xsd_missing"),
        ('<xs:import namespace="urn:a" schemaLocation="main.xsd"/>', "xsd_self_import"),
        ('<xs:include schemaLocation="main.xsd"/>', "xsd_invalid"),
    ],
)
def test_a_location_that_leads_out_or_back_is_refused(body: str, rule: str) -> None:
    found = rules(a_set(main=xsd(body)))
    found.pop("a_1", None)  # that the second judge takes it
    assert found == {"a_1/main.xsd#/1": rule}


def test_cycles_of_includes_and_imports_end() -> None:
    one = xsd('<xs:include schemaLocation="two.xsd"/><xs:element name="e" type="T"/>')
    two = xsd(
        '<xs:include schemaLocation="one.xsd"/><xs:import namespace="urn:b" schemaLocation="b.xsd"/>'
        '<xs:complexType name="T"><xs:sequence><xs:element ref="b:f"/></xs:sequence></xs:complexType>'
    )
    back = (
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:a="urn:a" targetNamespace="urn:b">'
        '<xs:import namespace="urn:a" schemaLocation="one.xsd"/><xs:element name="f" type="a:T"/></xs:schema>'
    )
    schema = compiled(a_set(one=one, two=two), a_set("b", b=back))
    assert schema.errors(etree.fromstring('<e xmlns="urn:a"/>'))


def test_entities_document_types_and_foreign_roots_are_refused_with_the_file() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "' + b"a" * 1000 + b'">]>' + xsd('<xs:element name="e"/>')
    assert rules(a_set(main=xsd('<xs:include schemaLocation="b.xsd"/>'), b=bomb))["a_1/b.xsd#/1"] == "xml_doctype"
    assert "xsd_none" in rules(a_set(main='<a targetNamespace="urn:a"/>')).values()
    assert "xml_not_well_formed" in rules(a_set(main="<a>")).values()
    assert rules(a_set()) == {"a_1#/0": "xsd_empty"}


def test_even_a_known_file_may_not_write_entities_into_its_text() -> None:
    text = xsd("<xs:annotation><xs:documentation>&e;</xs:documentation></xs:annotation>")
    source = a_set(main=b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + text)
    known = SchemaSet(source.urn, source.version, source.files, frozenset(source.files))
    assert rules(known) == {"a_1/main.xsd#/0": "xsd_entity"}


def test_a_thousand_files_are_the_most() -> None:
    files = {f"f{n}": xsd(f'<xs:include schemaLocation="f{n + 1}.xsd"/>') for n in range(1001)}
    assert set(rules(a_set(**files, f1001=xsd(""))).values()) == {"xsd_many"}


TWICE = '<xs:group name="g{0}"><xs:sequence><xs:group ref="g{1}"/><xs:group ref="g{1}"/></xs:sequence></xs:group>'


def row(numbers: Iterable[int], must: int = 0) -> str:
    """A type of elements that may be left out; each that `must` divides may not."""
    inner = "".join(
        f'<xs:element name="x{n}"{"" if must and n % must == 0 else " minOccurs=" + chr(34) + "0" + chr(34)}/>'
        for n in numbers
    )
    return f'<xs:complexType name="t"><xs:sequence>{inner}</xs:sequence></xs:complexType>'


HEAVY = {
    "groups": "".join(TWICE.format(n, n + 1) for n in range(25))
    + '<xs:group name="g25"><xs:sequence><xs:element name="x"/></xs:sequence></xs:group>'
    '<xs:element name="e"><xs:complexType><xs:group ref="g0"/></xs:complexType></xs:element>',
    "unions": "".join(
        f'<xs:simpleType name="t{n}"><xs:union memberTypes="t{n + 1} t{n + 1}"/></xs:simpleType>' for n in range(25)
    )
    + '<xs:simpleType name="t25"><xs:restriction base="xs:string"/></xs:simpleType><xs:element name="e" type="t0"/>',
    "chain": "".join(
        f'<xs:group name="g{n}"><xs:sequence><xs:group ref="g{n + 1}"/></xs:sequence></xs:group>' for n in range(5000)
    ),
    "row": row(range(2_000)),
    "row in a group": '<xs:group name="g"><xs:sequence>'
    + "".join(f'<xs:element name="x{n}" minOccurs="0"/>' for n in range(2_000))
    + "</xs:sequence></xs:group>"
    '<xs:complexType name="t"><xs:sequence><xs:group ref="g"/></xs:sequence></xs:complexType>',
    "row of extensions": '<xs:complexType name="t0"/>'
    + "".join(
        f'<xs:complexType name="t{n + 1}"><xs:complexContent><xs:extension base="t{n}"><xs:sequence>'
        + "".join(f'<xs:element name="x{n}_{no}" minOccurs="0"/>' for no in range(50))
        + "</xs:sequence></xs:extension></xs:complexContent></xs:complexType>"
        for n in range(40)
    ),
    "pattern": '<xs:simpleType name="t"><xs:restriction base="xs:string"><xs:pattern value="'
    + "(a|b)?" * 3000
    + '"/></xs:restriction></xs:simpleType>',
}


@pytest.mark.parametrize("kind", HEAVY)
def test_a_schema_that_would_explode_is_refused_before_it_is_compiled(kind: str) -> None:
    begun = time.process_time()
    assert rules(a_set(main=xsd(HEAVY[kind]))) == {"a_1#/0": "xsd_heavy"}
    assert time.process_time() - begun < 2


def test_many_optional_elements_between_mandatory_ones_are_no_burden() -> None:
    compiled, findings = compile_set(a_set(main=xsd(row(range(3_000), must=100))))
    assert compiled is not None, findings


@pytest.mark.parametrize("kind", ["group", "complexType"])
def test_a_circle_of_parts_is_refused_by_the_compiler(kind: str) -> None:
    circle = {
        "group": '<xs:group name="g"><xs:sequence><xs:group ref="g"/></xs:sequence></xs:group>',
        "complexType": '<xs:complexType name="t"><xs:complexContent><xs:extension base="t"/></xs:complexContent>'
        "</xs:complexType>",
    }
    assert set(rules(a_set(main=xsd(circle[kind]))).values()) == {"xsd_invalid"}


def test_every_fault_of_every_file_is_told_at_once() -> None:
    one = xsd('<xs:include schemaLocation="gone.xsd"/>\n<xs:include schemaLocation="../up.xsd"/>')
    assert rules(a_set(one=one, two="<broken")) == {
        "a_1/one.xsd#/1": "xsd_missing",
        "a_1/one.xsd#/2": "xsd_outside",
        "a_1/two.xsd#/1": "xml_not_well_formed",
    }


def test_a_folder_with_a_link_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.xsd").symlink_to("/etc/hostname")
    (tmp_path / "b").symlink_to("/etc")
    with pytest.raises(SetRefused) as caught:
        read_folder(tmp_path)
    assert {one.pointer for one in caught.value.findings} == {"a.xsd", "b"}
