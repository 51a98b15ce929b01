"""The record of a form in JSON: its schema in the shape of the FIM portal.

Knows: keys made of id and version (`F60000228V2.0`). Never does: know a mapping; a service's own record has its schema
in `record/json_schema.py`. Standard: JSON Schema 2020-12. Start reading: `to_json_schema`.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, Final

from gateway.xoev.fim import Field, FieldType, FormSchema, Group
from gateway.xoev.fim.model import NUMBERS, TEXTS, transported

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_FORMATS: Final = {FieldType.DATE: "date", FieldType.TIME: "time", FieldType.DATETIME: "date-time"}


def key(element: Group | Field) -> str:
    """The name of an element in JSON: id, V and version; the id alone where the form gives no version."""
    return f"{element.id}V{element.version}" if element.version else element.id


def to_json_schema(form: FormSchema) -> bytes:
    """The JSON Schema of a form's record as UTF-8 bytes, deterministic.

    Args:
        form: a form schema that was read without faults.
    """
    schema = {
        "$schema": DIALECT,
        "$id": f"urn:x-ozg-gateway:fim:{form.id.lower()}:record:{form.version}",
        "title": form.label,
        **_object(form.children, choice=False),
    }
    return (json.dumps(schema, ensure_ascii=False, indent=2) + "\n").encode()


def number(value: Decimal) -> int | float:
    """A number as JSON writes it."""
    return int(value) if value == value.to_integral_value() else float(value)


def _object(children: tuple[Group | Field, ...], *, choice: bool) -> dict[str, Any]:
    elements = transported(children)
    shape: dict[str, Any] = {
        "type": "object",
        "properties": {key(child): _element(child, choice=choice) for child in elements},
        "additionalProperties": False,
    }
    if choice and elements:
        shape["oneOf"] = [{"required": [key(child)]} for child in elements]
    elif required := [key(child) for child in elements if child.minimum]:
        shape["required"] = required
    return shape


def _element(child: Group | Field, *, choice: bool) -> dict[str, Any]:
    shape = _object(child.children, choice=child.choice) if isinstance(child, Group) else _value(child)
    words = {"title": child.label} | ({"description": child.hint} if child.hint else {})
    if child.maximum == 1:
        return {**words, **shape}
    bounds = {"minItems": max(child.minimum, 1) if choice else child.minimum}
    if child.maximum is not None:
        bounds["maxItems"] = child.maximum
    return {**words, "type": "array", **bounds, "items": shape}


def _value(field: Field) -> dict[str, Any]:
    if field.coded:
        return {"type": "string", "enum": [code.code for code in field.codes]}
    if field.type is FieldType.BOOL:
        return {"type": "boolean"}
    if field.type in NUMBERS:
        limits = {"minimum": field.min_value, "maximum": field.max_value}
        kind = "integer" if field.type is FieldType.NUM_INT else "number"
        return {"type": kind, **{name: number(value) for name, value in limits.items() if value is not None}}
    if field.type in _FORMATS:
        return {"type": "string", "format": _FORMATS[field.type]}
    if field.type in TEXTS:
        shape: dict[str, Any] = {"minLength": field.min_length, "maxLength": field.max_length}
        shape["pattern"] = None if field.pattern is None else f"^(?:{field.pattern})$"
        return {"type": "string", **{name: value for name, value in shape.items() if value is not None}}
    return {"type": "string", "x-display": "file"}
