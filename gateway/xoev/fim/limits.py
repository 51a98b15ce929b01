"""Limits of a field (`praezisierung`): lengths, values, pattern, size.

Knows: attributes (XDatenfelder 3) and JSON in the text (XDatenfelder 2), and which limit fits which type. Never does:
enforce an invalid limit: as in HTML, which XDatenfelder 3 names, it is skipped; a note keeps it, a notice names it.
Standard: `praezisierung`, `maxSize`. Start reading: `limited`.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, time
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from lxml import etree

from gateway.xoev.fim import nodes, pattern
from gateway.xoev.fim.expression import PatternBroken, Unsupported, spell
from gateway.xoev.fim.faults import Faults
from gateway.xoev.fim.model import MOMENTS, NUMBERS, TEXTS, Field, FieldKind, FieldType, Note
from gateway.xoev.fim.specimen import specimen

_LENGTHS: Final = frozenset({"minLength", "maxLength"})
_VALUES: Final = frozenset({"minValue", "maxValue"})
_KNOWN: Final = _LENGTHS | _VALUES | {"pattern"}
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,12})?")
_LONE_BACKSLASH: Final = re.compile(r'\\(?!["\\/bfnrtu])|\\\\')
_LONGEST_MINIMUM: Final = 10_000
_LONGEST_JSON: Final = 20_000
_STEPS: Final = {FieldType.NUM_INT: Decimal(1), FieldType.NUM_CURRENCY: Decimal("0.01")}
_MOMENTS: Final = {
    FieldType.DATE: (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), date.fromisoformat),
    FieldType.TIME: (re.compile(r"[0-9]{2}:[0-9]{2}:[0-9]{2}"), time.fromisoformat),
    FieldType.DATETIME: (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"), datetime.fromisoformat),
}


def limited(field: Field, element: etree._Element, faults: Faults) -> Field:
    """The field with its limits.

    Args:
        field: what is known of the field so far; its codes decide whether limits matter at all.
        element: the `datenfeld`.
        faults: takes what is wrong and what could not be taken over.
    """
    return _Limits(field, element, faults).field()


class _Limits:
    """The limits of one field being read."""

    def __init__(self, field: Field, element: etree._Element, faults: Faults) -> None:
        precision = nodes.child(element, "praezisierung")
        self.bare = field
        self.faults = faults
        self.element = element
        self.place = element if precision is None else precision
        self.given = {} if precision is None or field.kind is FieldKind.LABEL else self.read(precision)

    def fault(self, rule: str) -> None:
        self.faults.fault(self.place, self.bare.id, rule)

    def notice(self, rule: str) -> None:
        self.faults.notice(self.place, self.bare.id, rule)

    def read(self, element: etree._Element) -> dict[str, str]:
        written = ((str(name), str(value)) for name, value in element.attrib.items() if name in _KNOWN)
        attributes = {name: text for name, value in written if (text := value if name == "pattern" else value.strip())}
        words = nodes.content(element)
        if attributes or not words:
            return attributes
        limits = _json(words)
        if limits is None or set(limits) - _KNOWN:
            self.notice("fim_free_text")
        return {name: value for name, value in (limits or {}).items() if name in _KNOWN and value}

    def field(self) -> Field:
        field = self.bare
        if field.type is FieldType.FILE:
            field = self.sized(field)
        fitting: frozenset[str] = frozenset()
        if field.coded or field.kind is FieldKind.SELECT:
            pass  # a select field takes what its list has; without the list any text
        elif field.type in TEXTS:
            field, fitting = self.text(field), _LENGTHS | {"pattern"}
        elif field.type in NUMBERS:
            field, fitting = self.number_field(field), _VALUES
        elif field.type in MOMENTS:
            field, fitting = self.moment_field(field), _VALUES
        if set(self.given) - fitting:
            self.notice("fim_unused_limit")
        return field

    def sized(self, field: Field) -> Field:
        element = nodes.child(self.element, "maxSize")
        words = "" if element is None else nodes.content(element)
        if element is None or not words:
            return field
        value = Decimal(words) if _NUMBER.fullmatch(words) else None
        if value is None or value < 0 or value % 1:
            self.faults.notice(element, field.id, "fim_limit")
            return replace(field, notes=(*field.notes, Note("maxSize", words)))
        return replace(field, max_size=int(value))

    def text(self, field: Field) -> Field:
        low, high = self.whole(self.given.get("minLength", "")), self.whole(self.given.get("maxLength", ""))
        if low is not None and low > _LONGEST_MINIMUM:
            self.notice("fim_limit")
            low = None
        if low is not None and high is not None and low > high:
            self.fault("fim_limits")
            return field
        return replace(field, min_length=low, max_length=high, pattern=self.pattern(low or 0, high))

    def pattern(self, low: int, high: int | None) -> str | None:
        written = self.given.get("pattern")
        if not written:
            return None
        try:
            expression = pattern.read(written)
            spelled = spell(expression)
            if specimen(expression, low, high) is not None:
                return spelled
            rule = "fim_pattern_length"
        except PatternBroken:
            rule = "fim_pattern"
        except Unsupported:
            rule = "fim_pattern_spelling"
        self.notice(rule)
        return None

    def number_field(self, field: Field) -> Field:
        low, high = self.number(self.given.get("minValue", "")), self.number(self.given.get("maxValue", ""))
        low, high = _stepped(field.type, low, ROUND_CEILING), _stepped(field.type, high, ROUND_FLOOR)
        if low is not None and high is not None and low > high:
            self.fault("fim_limits")
        return replace(field, min_value=low, max_value=high)

    def moment_field(self, field: Field) -> Field:
        low, high = (self.moment(field.type, self.given.get(name, "")) for name in ("minValue", "maxValue"))
        if low is not None and high is not None and low > high:
            self.fault("fim_limits")
        return replace(field, earliest=low, latest=high)

    def moment(self, type_: FieldType, words: str) -> str | None:
        shape, read = _MOMENTS[type_]
        with suppress(ValueError):
            if shape.fullmatch(words):
                read(words)
                return words
        if words:
            self.notice("fim_unused_limit")
        return None

    def whole(self, words: str) -> int | None:
        value = self.number(words)
        if value is not None and (value != value.to_integral_value() or value < 0):
            self.notice("fim_limit")
            return None
        return None if value is None else int(value)

    def number(self, words: str) -> Decimal | None:
        if not words:
            return None
        if not _NUMBER.fullmatch(words):
            self.notice("fim_limit")
            return None
        return Decimal(words)


def _stepped(type_: FieldType, value: Decimal | None, rounding: str) -> Decimal | None:
    """The next value that the type can hold: whole numbers, cents."""
    step = _STEPS.get(type_)
    if value is None or step is None:
        return value
    if value % step == 0:  # `1.0` is the whole number 1
        return value.to_integral_value() if step == 1 else value
    return value.quantize(step, rounding)


def _json(words: str) -> dict[str, str] | None:
    """The limits written as JSON; None for free text. A backslash that JSON does not know stands for itself."""
    if len(words) > _LONGEST_JSON or not words.startswith("{"):
        return None
    for spelling in (words, _LONE_BACKSLASH.sub(r"\\\\", words)):
        try:
            limits = json.loads(spelling, parse_int=str, parse_float=str, parse_constant=str)
        except (ValueError, RecursionError):
            continue
        if all(isinstance(value, str) or value is None for value in limits.values()):
            return {name: (value or "").strip() for name, value in limits.items()}
        return None
    return None
