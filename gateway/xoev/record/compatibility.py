"""Whether every record that one schema accepts is accepted by another.

Knows: the shapes that `json_schema.py` writes. Never does: prove more than it can: what it cannot compare, such as
two patterns, counts as narrower. Standard: JSON Schema 2020-12. Start reading: `narrowed`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from gateway.xoev.mapping.converters import Shape
from gateway.xoev.mapping.model import STAR, Tokens

_UPPER: Final = frozenset({"maxLength", "maximum", "maxItems"})
_LOWER: Final = frozenset({"minLength", "minimum", "minItems"})
_EXACT: Final = frozenset({"pattern", "format", "multipleOf"})


@dataclass(frozen=True, slots=True)
class Narrowing:
    """Where the newer schema accepts less: the keyword, what it said before and what it says now (None: nothing)."""

    place: Tokens
    keyword: str
    old: Any
    new: Any


def narrowed(old: Shape, new: Shape) -> tuple[Narrowing, ...]:
    """Everything by which the new schema refuses a record that the old one accepts; empty for a compatible one.

    Args:
        old: the schema that portals know.
        new: the schema that takes its place.
    """
    rules = [rule for rule in new.get("allOf", []) if rule not in old.get("allOf", [])]
    return (*_narrowed(old, new, ()), *(Narrowing((), "allOf", None, rule) for rule in rules))


def _narrowed(old: Shape, new: Shape, place: Tokens) -> Iterator[Narrowing]:
    if old["type"] != new["type"] and (old["type"], new["type"]) != ("integer", "number"):
        yield Narrowing(place, "type", old["type"], new["type"])
        return
    for keyword in sorted({*old, *new} & (_UPPER | _LOWER | _EXACT)):
        if _tighter(keyword, old.get(keyword), new.get(keyword)):
            yield Narrowing(place, keyword, old.get(keyword), new.get(keyword))
    if "enum" in new and not set(old.get("enum", [object()])) <= set(new["enum"]):
        yield Narrowing(place, "enum", old.get("enum"), new["enum"])
    if old["type"] == "object":
        yield from _object(old, new, place)
    elif old["type"] == "array":
        yield from _narrowed(old["items"], new["items"], (*place, STAR))


def _tighter(keyword: str, old: Any, new: Any) -> bool:  # noqa: ANN401 - the value of a keyword
    if new is None or old == new:
        return False
    if keyword in _UPPER:
        return old is None or bool(new < old)
    if keyword in _LOWER:
        return bool(new > (old or 0)) if keyword != "minimum" else old is None or bool(new > old)
    return True


def _object(old: Shape, new: Shape, place: Tokens) -> Iterator[Narrowing]:
    for name, shape in old["properties"].items():
        if name in new["properties"]:
            yield from _narrowed(shape, new["properties"][name], (*place, name))
        else:
            yield Narrowing((*place, name), "properties", shape["type"], None)
    for name in new.get("required", []):
        if name not in old.get("required", []):
            yield Narrowing((*place, name), "required", False, True)
