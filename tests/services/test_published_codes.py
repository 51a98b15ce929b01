"""A published XSD that types a select field as the XÖV datatype Code: the code in a child, the list beside it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from gateway.errors import DataInvalid
from gateway.services.loader import load
from gateway.services.service import Service

from .published_xsd import XS, at, folder, library, published

ARS = "150900546546"
ROLE = "F99000000120"
CODE_NS = "http://xoev.de/schemata/code/1_0"
CODE_XSD = f"""<xs:schema xmlns:xs="{XS[1:-1]}" targetNamespace="{CODE_NS}" elementFormDefault="qualified">
<xs:complexType name="Code"><xs:sequence>
<xs:element name="code" type="xs:token" form="unqualified"/>
<xs:element name="name" type="xs:normalizedString" minOccurs="0" form="unqualified"/></xs:sequence>
<xs:attribute name="listURI" type="xs:anyURI"/><xs:attribute name="listVersionID" type="xs:normalizedString"/>
</xs:complexType></xs:schema>"""
WHOLE = '<xs:element {xs} name="{name}" type="c:Code" xmlns:c="{ns}"/>'
LISTED = """<xs:element {xs} xmlns:c="{ns}" name="{name}"><xs:complexType><xs:complexContent>
<xs:restriction base="c:Code"><xs:sequence><xs:element name="code" form="unqualified">
<xs:simpleType><xs:restriction base="xs:token">
<xs:enumeration value="01"/><xs:enumeration value="02"/><xs:enumeration value="03"/></xs:restriction></xs:simpleType>
</xs:element></xs:sequence>
<xs:attribute name="listURI" type="xs:anyURI" use="{use}" fixed="urn:example:list:rolle"/>
<xs:attribute name="listVersionID" type="xs:normalizedString" use="required"/>
</xs:restriction></xs:complexContent></xs:complexType></xs:element>"""
REFERENCE = (
    "<xdf:codelisteReferenz><xdf:canonicalIdentification>urn:example:list:rolle</xdf:canonicalIdentification>"
    "<xdf:version>2</xdf:version></xdf:codelisteReferenz>"
)


def services(tmp_path: Path, declaration: str, *, referenced: bool = True, qualified: bool = False) -> Any:
    def edit(root: etree._Element) -> None:
        old = at(root, ROLE)
        words = {"xs": f'xmlns:xs="{XS[1:-1]}"', "ns": CODE_NS, "name": ROLE, "use": "optional"}
        made = etree.fromstring(declaration.format(**words))
        parent = old.getparent()
        assert parent is not None
        parent.replace(old, made)

    files = published(edit)
    files["code.xsd"] = CODE_XSD.replace("unqualified", "qualified" if qualified else "unqualified").encode()
    (name,) = set(files) - {"types.xsd", "code.xsd"}
    files[name] = (
        files[name].replace(b'name="codeV1.0.0"', b'name="code"')  # `published` renames every element
        .replace(b"<xs:import", f'<xs:import namespace="{CODE_NS}" schemaLocation="code.xsd"/><xs:import'.encode(), 1)
    )  # fmt: skip
    place = folder(tmp_path)
    form = place / "hausnummer/form.xml"
    if referenced:
        head, found, rest = form.read_text(encoding="utf-8").partition(f"<xdf:id>{ROLE}</xdf:id>")
        form.write_text(head + found + rest.replace("<xdf:werte>", REFERENCE + "<xdf:werte>", 1), encoding="utf-8")
    return lambda: load(place, None, library(files)).get("hausnummer")


def role(service: Service) -> etree._Element:
    document, findings = service.document(ordinary(service))
    assert document is not None, findings
    (found,) = [one for one in etree.fromstring(document.content).iter() if ROLE in str(one.tag)]
    return found


def ordinary(service: Service) -> dict[str, Any]:
    return copy.deepcopy(dict(service.compiled.examples["ordinary"]))


@pytest.mark.parametrize("qualified", [False, True])
def test_the_code_stands_in_its_child_with_the_list_of_the_form_beside(tmp_path: Path, *, qualified: bool) -> None:
    found = role(services(tmp_path, WHOLE, qualified=qualified)())
    assert [(one.tag, one.text) for one in found] == [(f"{{{CODE_NS}}}code" if qualified else "code", "01")]
    assert dict(found.attrib) == {"listURI": "urn:example:list:rolle", "listVersionID": "2"}


@pytest.mark.parametrize("use", ["optional", "required"])
def test_a_list_that_the_xsd_fixes_stands_only_where_it_has_to(tmp_path: Path, use: str) -> None:
    found = role(services(tmp_path, LISTED.replace("{use}", use))())
    fixed = {"listURI": "urn:example:list:rolle"} if use == "required" else {}
    assert dict(found.attrib) == {**fixed, "listVersionID": "2"}


def test_a_version_that_has_to_stand_and_nobody_knows_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataInvalid) as caught:
        services(tmp_path, LISTED, referenced=False)()
    (one,) = [one for one in caught.value.findings if one.rule == "document_surplus"]
    assert "@listVersionID" in one.en


def test_a_code_that_the_xsd_does_not_list_is_a_finding_at_its_place(tmp_path: Path) -> None:
    declaration = LISTED.replace('<xs:enumeration value="02"/>', '<xs:pattern value="01"/><xs:enumeration value="02"/>')
    service = services(tmp_path, declaration)()
    place = next(one["from"] for one in service.trace(ordinary(service)) if one["to"].endswith(ROLE))
    keys = place.removeprefix("/record/").split("/")
    record = ordinary(service)
    holder = record
    for key in keys[:-1]:
        holder = holder[key]
    codes = next(one.entry for one in service.compiled.plan.walk() if one.entry and one.node.path.endswith(ROLE)).codes
    holder[keys[-1]] = next(key for key, code in codes.items() if code == "03")
    assert [(one.pointer, one.rule) for one in service.document(record)[1]] == [(place, "pattern")]


def test_rules_may_speak_of_the_child_and_point_to_the_record(tmp_path: Path) -> None:
    made = services(tmp_path, WHOLE)
    rule = """<sch:schema xmlns:sch="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2" xml:lang="de">
<sch:pattern><sch:rule context="code"><sch:assert id="no" test="false()" diagnostics="e">Nein.</sch:assert></sch:rule>
</sch:pattern>
<sch:diagnostics><sch:diagnostic id="e" xml:lang="en">No.</sch:diagnostic></sch:diagnostics></sch:schema>"""
    (tmp_path / "services/hausnummer/rules.sch").write_text(rule, encoding="utf-8")
    with pytest.raises(DataInvalid) as caught:
        made()
    assert [one.pointer.rpartition("#")[2] for one in caught.value.findings if one.rule == "no"] == ["/applicant/role"]
