"""Checking a record: everything that is wrong with it, at once, in words a portal can show.

Knows: limits, JSON Schema, rules between values, DIN 91379. Never does: change the record, or repeat what it holds.
Standard: JSON Schema 2020-12, DIN 91379:2022-08. Start reading: `RecordCheck.findings`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any, Final

import jsonschema_rs

from gateway.input.patterns import LONE_SURROGATE
from gateway.model import Finding
from gateway.xoev.form.filling import FillingPlan, Labels
from gateway.xoev.latin.datatypes import MEANING, Datatype, offence
from gateway.xoev.latin.normaliser import suggestion
from gateway.xoev.mapping.converters import FORMATS, Shape
from gateway.xoev.mapping.model import STAR, Rule, Tokens, every, pointer
from gateway.xoev.record.consequences import own
from gateway.xoev.record.rules import broken
from gateway.xoev.record.sentences import finding

MAX_DEPTH: Final = 32
MAX_VALUES: Final = 20_000
MAX_TEXT: Final = 100_000
_MAX_NUMBER: Final = 10**15
_PLAIN_KEY: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_TYPES: Final = {
    "string": ("Text", "text"),
    "boolean": ("true oder false", "true or false"),
    "integer": ("ganze Zahl", "whole number"),
    "number": ("Zahl", "number"),
    "object": ("Objekt", "object"),
    "array": ("Liste", "list"),
}
_LIMITS: Final = {
    "maxLength": "too_long",
    "minLength": "too_short",
    "minimum": "too_small",
    "maximum": "too_large",
    "minItems": "too_few",
    "maxItems": "too_many",
}
_TEXT_CONVERTERS: Final = frozenset({"text", "street", "house_number"})
_JUDGES: Final = {name: judge for name, (judge, _) in FORMATS.items()}


def within_limits(record: object) -> list[Finding]:
    """Technical limits, checked first: depth, number of values, length of texts, Unicode, numbers.

    Iterative, so no input can exhaust the stack; stops at the first finding of depth or number.
    """
    if not isinstance(record, dict):
        return [finding("/record", "not_an_object")]
    findings: list[Finding] = []
    waiting: list[tuple[object, Tokens]] = [(record, ())]
    values = 0
    while waiting:
        value, path = waiting.pop()
        values += 1
        if len(path) > MAX_DEPTH:
            return [finding("/record", "too_deep", limit=MAX_DEPTH)]
        if values > MAX_VALUES:
            return [finding("/record", "too_many_values", limit=MAX_VALUES)]
        if isinstance(value, dict):
            for key, inner in value.items():
                if not _PLAIN_KEY.fullmatch(key):
                    findings.append(finding(pointer(path), "unknown_field"))
                elif len(path) < MAX_DEPTH and isinstance(inner, str) and len(inner) <= MAX_TEXT and inner.isascii():
                    values += 1  # what most values are needs no closer look
                else:
                    waiting.append((inner, (*path, key)))
        elif isinstance(value, list):
            waiting += [(inner, (*path, str(number))) for number, inner in enumerate(value[: MAX_VALUES + 1])]
        else:
            findings += _leaf(value, path)
    return [finding("/record", "too_many_values", limit=MAX_VALUES)] if values > MAX_VALUES else findings


def _leaf(value: object, path: Tokens) -> list[Finding]:
    if isinstance(value, str):
        if len(value) > MAX_TEXT:
            return [finding(pointer(path), "text_too_large", limit=MAX_TEXT)]
        if not value.isascii() and LONE_SURROGATE.search(value):
            return [finding(pointer(path), "not_unicode")]
    elif isinstance(value, (int, float)) and not abs(value) < _MAX_NUMBER:
        return [finding(pointer(path), "number_range")]
    return []


class RecordCheck:
    """The compiled check of one service's record; `rules` are those between values.

    Args:
        schema: the published schema of the record.
        labels: the label of each place, from `json_schema.build`.
        root: the plan, for the datatypes of texts.
        rules: rules between values.
    """

    def __init__(
        self, schema: Shape, labels: Mapping[Tokens, Labels], root: FillingPlan, rules: tuple[Rule, ...]
    ) -> None:
        self._labels = labels
        self.rules = rules
        self._shapes: dict[Tokens, Shape] = {}
        self._multiples: list[tuple[Tokens, Decimal]] = []
        plain = {key: value for key, value in schema.items() if key not in {"allOf", "$id"}}
        self._validator = jsonschema_rs.Draft202012Validator(
            self._without_multiples(plain, ()),
            validate_formats=True,
            formats=_JUDGES,
            pattern_options=jsonschema_rs.RegexOptions(),
            offline=True,
        )
        self._texts = [
            (path, entry.datatype)
            for path, entry in root.entries()
            if entry.converter in _TEXT_CONVERTERS and self._shapes[path].get("type") == "string"
        ]

    def findings(self, record: dict[str, object], today: date | None = None) -> list[Finding]:
        """Everything wrong with a record in NFC that is within the technical limits.

        `today` is the day of receipt; without it rules that count from that day are not asked.
        """
        findings: list[Finding] = []
        if not self._validator.is_valid(record):
            for error in self._validator.iter_errors(record):
                findings += self._translate(error)
        for path, multiple in self._multiples:
            for value, where in every(record, path):
                number = isinstance(value, int | float) and not isinstance(value, bool)
                if number and Decimal(str(value)) % multiple:
                    findings.append(finding(pointer(where), "multiple_of", self._labels[path], limit=multiple))
        for path, datatype in self._texts:
            for value, where in every(record, path):
                if isinstance(value, str) and (position := offence(value, datatype)) is not None:
                    findings.append(_characters(where, datatype, value, position, self._labels[path]))
        for rule in self.rules:
            findings += broken(rule, record, today, self.label)
        return _in_order(own(findings, findings))

    def label(self, place: Tokens) -> Labels:
        """The label of a place; numbers of list items count as `*`."""
        general = _general(place)
        return self._labels.get(general, (general[-1], general[-1]) if general else ("record", "record"))

    def _without_multiples(self, shape: Any, path: Tokens) -> Any:  # noqa: ANN401 - a fragment of JSON Schema
        self._shapes[path] = shape
        kept = {key: value for key, value in shape.items() if key != "multipleOf"}
        if "multipleOf" in shape:
            self._multiples.append((path, Decimal(str(shape["multipleOf"]))))
        if "properties" in shape:
            kept["properties"] = {
                key: self._without_multiples(inner, (*path, key)) for key, inner in shape["properties"].items()
            }
        if "items" in shape:
            kept["items"] = self._without_multiples(shape["items"], (*path, STAR))
        return kept

    def _translate(  # noqa: PLR0911 - one line a keyword
        self, error: jsonschema_rs.ValidationError
    ) -> list[Finding]:
        path = tuple(str(step) for step in error.instance_path)
        keyword = str(error.schema_path[-1])
        label = self.label(path)
        shape = self._shapes.get(_general(path), {})
        where = pointer(path)
        if keyword == "required":
            name = str(error.kind.as_dict()["property"])
            return [finding(pointer((*path, name)), "missing", self.label((*path, name)))]
        if keyword == "additionalProperties":
            members = error.instance if isinstance(error.instance, dict) else {}
            unknown = [key for key in members if key not in shape["properties"]]
            return [finding(pointer((*path, key)), "unknown_field") for key in unknown]
        if keyword == "type":
            de, en = _TYPES[shape["type"]]
            return [finding(where, "wrong_type", label, types_de=de, types_en=en)]
        if keyword in _LIMITS:
            return [finding(where, _LIMITS[keyword], label, limit=shape[keyword])]
        if keyword == "pattern":
            limit = shape["pattern"].removeprefix("^(?:").removesuffix(")$")
            return [finding(where, "pattern", label, limit=limit)]
        if keyword == "enum":
            return [finding(where, "not_in_list", label, limit=", ".join(map(str, shape["enum"])))]
        if keyword == "format":
            return [finding(where, "format", label, limit=FORMATS[shape["format"]][1])]
        return [finding(where, "schema", label, limit=keyword)]


def _general(path: Tokens) -> Tokens:
    return tuple(STAR if token.isdigit() else token for token in path)


def _characters(where: Tokens, datatype: Datatype, value: str, position: int, label: Labels) -> Finding:
    de, en = MEANING[datatype]
    suggestion_de, suggestion_en = suggestion(value[position], datatype)
    return finding(
        pointer(where),
        "characters",
        label,
        position=position + 1,
        datatype=datatype.value,
        allowed_de=de,
        allowed_en=en,
        suggestion_de=suggestion_de,
        suggestion_en=suggestion_en,
    )


def _in_order(findings: list[Finding]) -> list[Finding]:
    unique = {(finding.pointer, finding.rule, finding.en): finding for finding in findings}
    return sorted(unique.values(), key=lambda finding: (finding.pointer, finding.rule))
