"""The schema stage: what libxml2 found, without the values its messages repeat, and where the second judge differs.

Knows: libxml2's kinds of errors. Never does: pass its text on, but for names of elements and attributes.
Standard: XML Schema 1.0. Start reading: `broken`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final, Protocol, cast

from lxml import etree

from gateway.model import Finding, Severity
from gateway.xoev.report.model import Noted
from gateway.xoev.report.sentences import said
from gateway.xoev.schema.second_judge import MAX_ELEMENTS, SecondJudge, is_of_value, overruled
from gateway.xoev.xml.paths import element_at, readable_path

MAX_NOTED: Final = 200
_EXPECTED: Final = re.compile(r"Expected is (?:one of )?\( ([^()]{1,400}) \)\.")
_ATTRIBUTE: Final = re.compile(r", attribute '(?:\{[^}']*\})?([\w.-]{1,100})'")
_NAMED: Final = re.compile(r"\{[^}]*\}")
_KINDS: Final = {
    "SCHEMAV_ELEMENT_CONTENT": "schema_element",
    "SCHEMAV_CVC_ELT_1": "schema_root",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_1": "schema_content",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_2": "schema_content",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_3": "schema_content",
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_1": "schema_attribute",
    "SCHEMAV_CVC_COMPLEX_TYPE_3_2_2": "schema_attribute",
    "SCHEMAV_CVC_COMPLEX_TYPE_4": "schema_attribute",
    "SCHEMAV_CVC_TYPE_3_1_1": "schema_attribute",
    "SCHEMAV_CVC_TYPE_3_1_2": "schema_content",
}


class Judge(Protocol):
    """A compiled schema, safe from several threads."""

    @property
    def second(self) -> SecondJudge:
        """The second judge of the same schema."""

    def errors(self, document: etree._Element) -> Sequence[etree._LogEntry]:
        """Everything that is wrong with a document; empty for a valid one."""


def broken(judge: Judge, root: etree._Element, *, always: bool = False) -> tuple[Noted, ...]:
    """What of its schema a document breaks: each place and demand once, at most 200.

    The second judge is asked where libxml2 refuses a value, or `always`. Errors that the recommendation overrules
    become notices; any other difference becomes a warning, and libxml2's verdict stands.
    """
    errors = judge.errors(root)
    opinion = judge.second.opinion(root) if always or any(map(is_of_value, errors)) else None
    lifted = () if opinion is None else overruled(errors, root, opinion)
    notes: tuple[Noted, ...] = ()
    if errors := [error for error in errors if error not in lifted]:
        noted = {note.finding: note for note in _noted(errors[: MAX_NOTED * 2], root)}
        notes = tuple(noted.values())[:MAX_NOTED]
        if len(noted) > MAX_NOTED or len(errors) > MAX_NOTED * 2:
            notes += (Noted(said("/", "too_many_findings", limit=MAX_NOTED)),)
    notes += tuple(
        Noted(said(note.finding.pointer, "schema_overruled", severity=Severity.INFO), note.line)
        for note in _noted(lifted[:MAX_NOTED], root)
    )
    if opinion is not None and opinion.valid == bool(errors):
        rule = "schema_second_valid" if opinion.valid else "schema_second_invalid"
        notes += (Noted(said("/", rule, severity=Severity.WARNING)),)
    elif opinion is None and always:
        notes += (Noted(said("/", "schema_second_unasked", severity=Severity.INFO, limit=MAX_ELEMENTS)),)
    return notes


def _noted(errors: Sequence[etree._LogEntry], root: etree._Element) -> Iterator[Noted]:
    declared = (cast("tuple[str, str]", declaration) for _, declaration in etree.iterwalk(root, events=("start-ns",)))
    namespaces = {prefix: uri for prefix, uri in declared if prefix}
    for error in errors:
        message = error.message or ""
        attribute = _ATTRIBUTE.search(message)
        element = element_at(root, error.path or "/*", namespaces)
        pointer = readable_path(root if element is None else element)
        pointer += f"/@{attribute[1]}" if attribute else ""
        yield Noted(_finding(pointer, error.type_name or "", message), error.line)


def _finding(pointer: str, kind: str, message: str) -> Finding:
    rule = _KINDS.get(kind)
    short = kind.removeprefix("SCHEMAV_").lower()
    if rule is None:
        return said(
            pointer, "schema_value" if short.endswith("_valid") or "datatype" in short else "schema_rule", rule=short
        )
    if rule == "schema_element" and "Missing child" in message:
        rule = "schema_missing"
    expected_de, expected_en = _expected(message)
    return said(pointer, rule, expected_de=expected_de, expected_en=expected_en)


def _expected(message: str) -> tuple[str, str]:
    """Which elements libxml2 expected, by local name; they come from the schema."""
    match = _EXPECTED.search(message)
    if match is None:
        return "", ""
    names = _NAMED.sub("", match[1])
    return f"; erwartet wird: {names}", f"; expected: {names}"
