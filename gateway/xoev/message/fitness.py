"""What fits what: converters to types of text, values of the record to converters, constants to facets.

Knows: the families of XML Schema's built-in types. Never does: judge a document. Standard: XML Schema 1.0 part 2 (W3C).
Start reading: `unfit_converter`, `unfit_text`.
"""

from __future__ import annotations

import re
from typing import Final

from gateway.xoev.latin.datatypes import offence
from gateway.xoev.mapping.converters import CONVERTERS, Shape
from gateway.xoev.message.declared import Simple

_WHOLE: Final = frozenset(
    {
        *("integer", "positiveInteger", "nonNegativeInteger", "nonPositiveInteger", "negativeInteger", "long", "int"),
        *("short", "byte", "unsignedLong", "unsignedInt", "unsignedShort", "unsignedByte"),
    }
)
_TEXTS: Final = frozenset(
    {"string", "normalizedString", "token", "anyURI", "anySimpleType", "NMTOKEN", "Name", "NCName"}
)
_FAMILIES: Final = {
    "date": frozenset({"date"}) | _TEXTS,
    "bool": frozenset({"boolean"}) | _TEXTS,
    "integer": _WHOLE | {"decimal", "double", "float"} | _TEXTS,
    "decimal": frozenset({"decimal", "double", "float"}) | _TEXTS,
    "year": _WHOLE | {"gYear"} | _TEXTS,
    "month": _WHOLE | _TEXTS,
    "day": _WHOLE | _TEXTS,
}
_JSON: Final = {"bool": {"boolean"}, "integer": {"integer"}, "decimal": {"number", "integer"}}
_DEFAULTS: Final = {"boolean": "bool", "integer": "integer", "number": "decimal"}
_LEXICAL: Final = {
    "date": "[0-9]{4}-[0-9]{2}-[0-9]{2}",
    "boolean": "true|false|1|0",
    "decimal": r"[+-]?[0-9]+(\.[0-9]+)?",
    **dict.fromkeys(_WHOLE, "[+-]?[0-9]+"),
}


def default_converter(shape: Shape, simple: Simple) -> str:
    """The converter for a value of that shape where the mapping names none."""
    if shape.get("format") == "date" and simple.facets.base == "date":
        return "date"
    return _DEFAULTS.get(str(shape.get("type")), "text")


def unfit_converter(name: str, shape: Shape, simple: Simple, *, known: bool) -> str | None:
    """Why a converter cannot stand between value and text: the converters that could, or None where it can.

    `known`: the value is one of the gateway's own, whose form is the one that its element needs (an instant).
    """
    if known and name == "text":
        return None
    kind = shape.get("type")
    fitting = [
        converter for converter in CONVERTERS if _feeds(converter, simple) and kind in _JSON.get(converter, {"string"})
    ]
    return None if name in fitting else ", ".join(fitting) or "-"


def unfit_text(text: str, simple: Simple) -> str | None:
    """What a constant, code or parameter breaks, as the facet and its limit; None where it fits."""
    facets = simple.facets
    if facets.codes and text not in facets.codes:
        return ", ".join(facets.codes)
    if simple.latin is not None:
        return f"DIN 91379 {simple.latin.value}" if offence(text, simple.latin) is not None else None
    if facets.min_length is not None and len(text) < facets.min_length:
        return f"minLength {facets.min_length}"
    if facets.max_length is not None and len(text) > facets.max_length:
        return f"maxLength {facets.max_length}"
    if facets.base in _LEXICAL and not re.fullmatch(_LEXICAL[facets.base], text):
        return facets.base
    return facets.pattern if facets.pattern and not _matches(facets.pattern, text) else None


def _feeds(converter: str, simple: Simple) -> bool:
    family = _FAMILIES.get(converter, _TEXTS)
    return converter == "code" or simple.facets.base in family


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return True  # a construct of XML Schema that Python does not know: libxml2 judges the document
