"""An XSD as another converter publishes it for a form: other namespace, root and order, named types, versions in names.

It is made from the XSD that this project generates, so that a test can say what is different and nothing else is.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from lxml import etree

from gateway.sets.library import Library
from gateway.sets.manifest import SetIdentity
from gateway.xoev.schema.sets import SchemaSet

XS = "{http://www.w3.org/2001/XMLSchema}"
NAMESPACE = "urn:fim-de:xfall:xdf3:S99000000001V1.0.0"
ROOT = "S99000000001V1.0.0"
URN = "urn:example:fim:hausnummer"
TYPES = (
    b'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:example:types">'
    b'<xs:simpleType name="text120"><xs:restriction base="xs:string"><xs:minLength value="1"/>'
    b'<xs:maxLength value="120"/></xs:restriction></xs:simpleType></xs:schema>'
)
OWN = Path(__file__).parents[2] / "gateway/services/hausnummer"
GENERATED = (Path(__file__).parents[2] / "xsd/fim-s99000000001_1.0.0.xsd").read_bytes()
Edit = Callable[[etree._Element], None]


def published(edit: Edit | None = None) -> dict[str, bytes]:
    """The files of the set; `edit` changes the generated XSD first (`at` finds its elements)."""
    root = etree.fromstring(GENERATED, etree.XMLParser(remove_blank_text=True))
    if edit is not None:
        edit(root)
    for element in root.iter(f"{XS}element"):
        element.set("name", f"{element.get('name')}V1.0.0")
    top = root[0]
    top.set("name", ROOT)
    sequence = top[0][0]
    sequence[:] = list(reversed(sequence))
    _name_a_type(root)
    text = etree.tostring(root, pretty_print=True).decode()
    old = root.get("targetNamespace", "")
    text = text.replace(old, NAMESPACE).replace(
        "<xs:element", '<xs:import namespace="urn:example:types" schemaLocation="types.xsd"/>\n<xs:element', 1
    )
    return {"hausnummer.xsd": text.encode(), "types.xsd": TYPES}


def folder(tmp_path: Path, document: str = f'schema_set = "{URN}_1.0"') -> Path:
    """A directory of services in which hausnummer names a set."""
    shutil.copytree(OWN, tmp_path / "services/hausnummer")
    path = tmp_path / "services/hausnummer/service.toml"
    head, table, rest = path.read_text().partition("[title]")
    path.write_text(f"{head}[document]\n{document}\n\n{table}{rest}")
    return tmp_path / "services"


def at(root: etree._Element, name: str) -> etree._Element:
    """The declaration of an element, by its id."""
    (found,) = [one for one in root.iter(f"{XS}element") if one.get("name") == name]
    return found


def facet(root: etree._Element, name: str, kind: str, value: str) -> None:
    """Set a facet of a field."""
    restriction = at(root, name).find(f".//{XS}restriction")
    assert restriction is not None
    for old in restriction.findall(f"{XS}{kind}"):
        restriction.remove(old)
    etree.SubElement(restriction, f"{XS}{kind}", value=value)


def library(files: Mapping[str, bytes], urn: str = URN, version: str = "1.0") -> Callable[[], Library]:
    """The set as if it were installed."""
    there = Library([(SetIdentity("schema", urn, version), SchemaSet(urn, version, files))])
    return lambda: there


def _name_a_type(root: etree._Element) -> None:
    """One group as a named type, one field as a global element with an imported type."""
    group = next(one for one in root.iter(f"{XS}element") if one.get("name", "").startswith("G99000000011"))
    kind = group[0]
    kind.set("name", "PersonType")
    root.append(kind)
    group.set("type", "xfd:PersonType")
    field = next(one for one in root.iter(f"{XS}element") if one.get("name", "").startswith("F99000000102"))
    if [facet.get("value") for facet in field.iter(f"{XS}minLength", f"{XS}maxLength")] == ["1", "120"]:
        parent = field.getparent()
        assert parent is not None
        reference = etree.Element(f"{XS}element", ref=f"xfd:{field.get('name')}")
        parent.replace(field, reference)
        alone = etree.SubElement(root, f"{XS}element", {"name": field.get("name", "")}, {"t": "urn:example:types"})
        alone.set("type", "t:text120")
