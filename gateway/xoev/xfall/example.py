"""A blank example of a form: every element once, or as often as it has to stand, with the emptiest value allowed.

Knows: a value for every field. Never does: look like somebody's data. Standard: XFall by FIM schema.
Start reading: `example_xml`. Of a choice the first alternative stands; labels are not transported.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final

from lxml import etree

from gateway.xoev.fim import Field, FieldType, FormSchema, Group, pattern
from gateway.xoev.fim.model import MOMENTS, NUMBERS, TEXTS, transported
from gateway.xoev.fim.specimen import specimen
from gateway.xoev.xfall.json_schema import key, number
from gateway.xoev.xfall.schema import namespace, root_name

_USUAL: Final = {
    FieldType.DATE: "2000-01-01",
    FieldType.TIME: "00:00:00",
    FieldType.DATETIME: "2000-01-01T00:00:00",
    FieldType.BOOL: "false",
}


def example_xml(form: FormSchema) -> bytes:
    """The example as an XFall document, valid by the form's own XSD; deterministic."""
    target = namespace(form)
    root = etree.Element(f"{{{target}}}{root_name(form)}", nsmap={"xfd": target})
    _fill(root, target, _held(form.children, choice=False))
    return etree.tostring(root, pretty_print=True, xml_declaration=True, encoding="UTF-8")


def example_json(form: FormSchema) -> bytes:
    """The same example as a record, valid by `json_schema.to_json_schema`; deterministic."""
    record = _record(_held(form.children, choice=False))
    return (json.dumps(record, ensure_ascii=False, indent=2) + "\n").encode()


def _held(children: tuple[Group | Field, ...], *, choice: bool) -> tuple[Group | Field, ...]:
    elements = transported(children)
    return elements[:1] if choice else elements


def _fill(parent: etree._Element, target: str, children: tuple[Group | Field, ...]) -> None:
    for child in children:
        for _ in range(max(child.minimum, 1)):
            element = etree.SubElement(parent, f"{{{target}}}{child.id}")
            if isinstance(child, Group):
                _fill(element, target, _held(child.children, choice=child.choice))
            else:
                element.text = _text(child) or None


def _record(children: tuple[Group | Field, ...]) -> dict[str, Any]:
    record: dict[str, Any] = {}
    for child in children:
        value = _record(_held(child.children, choice=child.choice)) if isinstance(child, Group) else _value(child)
        record[key(child)] = value if child.maximum == 1 else [value] * max(child.minimum, 1)
    return record


def _text(field: Field) -> str:
    if field.coded:
        return field.codes[0].code
    if field.type in TEXTS:
        if field.pattern is not None:
            return specimen(pattern.read(field.pattern), field.min_length or 0, field.max_length) or ""
        return "x" * (field.min_length or 0)
    if field.type in NUMBERS:
        return format(_number(field), "f")
    if field.type in MOMENTS:
        return field.earliest or field.latest or _USUAL[field.type]
    return _USUAL.get(field.type, "")


def _number(field: Field) -> Decimal:
    value = Decimal(0)
    if field.min_value is not None:
        value = max(value, field.min_value)
    return value if field.max_value is None else min(value, field.max_value)


def _value(field: Field) -> str | bool | float:
    if not field.coded and field.type is FieldType.BOOL:
        return False
    if not field.coded and field.type in NUMBERS:
        return number(_number(field))
    zone = "Z" if not field.coded and field.type in {FieldType.TIME, FieldType.DATETIME} else ""
    return _text(field) + zone
