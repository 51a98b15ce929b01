"""XFall: the XSD that belongs to a form schema.

Knows: the shape that the FIM portal gives its XSDs; a choice group (`art` X) holds a choice instead of a sequence.
Never does: named types, references, message headers.
Standard: XFall by FIM schema, namespace `urn:xoev-de:xfall:standard:fim-s<id>_<version>`, one root `fim.S…`.
Start reading: `to_xsd`. The same form always gives the same bytes.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from lxml import etree

from gateway.xoev.fim import Field, FieldType, FormSchema, Group
from gateway.xoev.fim.model import MOMENTS, NUMBERS, TEXTS, transported

XS: Final = "http://www.w3.org/2001/XMLSchema"
_PREFIX: Final = "urn:xoev-de:xfall:standard:fim-"
_BUILT_IN: Final = {
    FieldType.TEXT: "xs:string",
    FieldType.TEXT_LATIN: "xs:string",
    FieldType.DATE: "xs:date",
    FieldType.TIME: "xs:time",
    FieldType.DATETIME: "xs:dateTime",
    FieldType.BOOL: "xs:string",
    FieldType.NUM: "xs:decimal",
    FieldType.NUM_INT: "xs:integer",
    FieldType.NUM_CURRENCY: "xs:decimal",
    FieldType.FILE: "xs:anyType",
    FieldType.OBJECT: "xs:anyType",
}


def namespace(form: FormSchema) -> str:
    """The target namespace: id in lower case, an underscore, the version as the form writes it."""
    return f"{_PREFIX}{form.id.lower()}_{form.version}"


def root_name(form: FormSchema) -> str:
    """The name of the one root element: id, then its digits and each part of the version in three digits.

    The portal's own way to build the last number is not published (reference, xoev §1.2), so readers take the name from
    the XSD and never build it; only this generator does.
    """
    parts = "".join(part.zfill(3) for part in form.version.split("."))
    return f"fim.{form.id}.{form.id[1:]}{parts}"


def to_xsd(form: FormSchema) -> bytes:
    """The XSD of a form schema as UTF-8 bytes, deterministic.

    Args:
        form: a form schema that was read without faults.

    Returns:
        the schema file; labels of the form (`feldart` label) are not transported and do not appear.
    """
    target = namespace(form)
    schema = etree.Element(
        f"{{{XS}}}schema",
        {"targetNamespace": target, "elementFormDefault": "qualified"},
        nsmap={"xs": XS, "xfd": target},
    )
    root = _sub(schema, "element", name=root_name(form))
    _content(root, form.children)
    return etree.tostring(schema, pretty_print=True, xml_declaration=True, encoding="UTF-8")


def _content(parent: etree._Element, children: tuple[Group | Field, ...], *, choice: bool = False) -> None:
    elements = transported(children)
    model = _sub(_sub(parent, "complexType"), "choice" if choice and elements else "sequence")
    for child in elements:
        element = _sub(model, "element", name=child.id)
        minimum = max(child.minimum, 1) if choice else child.minimum
        if isinstance(child, Group):
            _occurs(element, minimum, child.maximum)
            _content(element, child.children, choice=child.choice)
        else:
            _field(element, child, minimum)


def _occurs(element: etree._Element, minimum: int, maximum: int | None) -> None:
    if minimum != 1:
        element.set("minOccurs", str(minimum))
    if maximum != 1:
        element.set("maxOccurs", "unbounded" if maximum is None else str(maximum))


def _field(element: etree._Element, field: Field, minimum: int) -> None:
    facets = _facets(field)
    base = "xs:string" if field.coded else _BUILT_IN[field.type]
    if not facets:
        element.set("type", base)
    _occurs(element, minimum, field.maximum)
    if facets:
        restriction = _sub(_sub(element, "simpleType"), "restriction", base=base)
        for name, value in facets:
            _sub(restriction, name, value=value)


def _facets(field: Field) -> list[tuple[str, str]]:
    if field.coded:
        return [("enumeration", code.code) for code in field.codes]
    if field.type is FieldType.BOOL:
        return [("enumeration", "true"), ("enumeration", "false")]
    facets: list[tuple[str, str | int | Decimal | None]] = []
    if field.type in TEXTS:
        facets += [("minLength", field.min_length), ("maxLength", field.max_length), ("pattern", field.pattern)]
    if field.type in NUMBERS:
        facets += [("minInclusive", field.min_value), ("maxInclusive", field.max_value)]
    if field.type in MOMENTS:
        facets += [("minInclusive", field.earliest), ("maxInclusive", field.latest)]
    if field.type is FieldType.NUM_CURRENCY:
        facets += [("fractionDigits", 2)]
    limits = ((name, value) for name, value in facets if value is not None)
    return [(name, format(value, "f") if isinstance(value, Decimal) else str(value)) for name, value in limits]


def _sub(parent: etree._Element, local: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{XS}}}{local}", attributes)
