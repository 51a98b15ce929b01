"""Form schemas: XDatenfelder read into values.

Knows: what a form schema, a field group and a field are, and how XDatenfelder 3.0.0 writes them.
Never does: guess what a file does not say. Standard: XDatenfelder 3.0.0 (namespace in `NAMESPACE_3`).
Start reading: `read`. Any namespace prefix is fine; children named `code` carry no namespace.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Final, TypeVar

from lxml import etree

from gateway.model import Finding
from gateway.xoev import xml

NAMESPACE_3: Final = "urn:xoev-de:fim:standard:xdatenfelder_3.0.0"
SCHEMA_MESSAGE: Final = "xdatenfelder.stammdatenschema.0102"
_ID: Final = re.compile(r"[SGF][0-9]{5,11}")
_E = TypeVar("_E", bound=StrEnum)
_OCCURS: Final = re.compile(r"([0-9]{1,4}):([0-9]{1,4}|\*)")

_WANTED: Final = {
    "fim_message": (
        "ein Stammdatenschema in XDatenfelder 3.0.0 (Nachricht 0102)",
        "a form schema in XDatenfelder 3.0.0 (message 0102)",
    ),
    "fim_missing": (
        "das Element stammdatenschema",
        "the element stammdatenschema",
    ),
    "fim_id": (
        "eine Kennung aus S, G oder F und 5 bis 11 Ziffern",
        "an id made of S, G or F and 5 to 11 digits",
    ),
    "fim_version": (
        "eine Version wie 1.0.0",
        "a version such as 1.0.0",
    ),
    "fim_twice": (
        "jede Kennung nur einmal in derselben Gruppe",
        "each id only once in the same group",
    ),
    "fim_occurs": (
        "eine Anzahl wie 0:1, 1:1 oder 1:*, die Höchstzahl nicht unter der Mindestzahl",
        "occurrences such as 0:1, 1:1 or 1:*, the maximum not below the minimum",
    ),
    "fim_recursion": (
        "eine Gruppe, die sich nicht selbst enthält",
        "a group that does not contain itself",
    ),
    "fim_empty": (
        "mindestens ein Element in jeder Gruppe",
        "at least one element in each group",
    ),
    "fim_codes": (
        "Werte (werte/wert) bei einem Auswahlfeld",
        "values (werte/wert) in a select field",
    ),
    "fim_feldart": (
        "eine feldart aus input, select, label, hidden, locked",
        "a feldart out of input, select, label, hidden, locked",
    ),
    "fim_datentyp": (
        "ein datentyp aus XDatenfelder 3.0.0 (etwa text, text_latin, date, bool, num_int)",
        "a datentyp of XDatenfelder 3.0.0 (such as text, text_latin, date, bool, num_int)",
    ),
    "fim_limit": (
        "in minLength, maxLength, minValue und maxValue eine Zahl, Längen ganzzahlig",
        "a number in minLength, maxLength, minValue and maxValue, whole for lengths",
    ),
    "fim_pattern": (
        "ein gültiger regulärer Ausdruck in pattern",
        "a valid regular expression in pattern",
    ),
}


class Kind(StrEnum):
    """How a field is shown (`feldart`); a label is never transported."""

    INPUT = "input"
    SELECT = "select"
    LABEL = "label"
    HIDDEN = "hidden"
    LOCKED = "locked"


class FieldType(StrEnum):
    """What a field holds (`datentyp`)."""

    TEXT = "text"
    TEXT_LATIN = "text_latin"
    DATE = "date"
    TIME = "time"
    DATETIME = "datetime"
    BOOL = "bool"
    NUM = "num"
    NUM_INT = "num_int"
    NUM_CURRENCY = "num_currency"
    FILE = "file"
    OBJECT = "obj"


@dataclass(frozen=True, slots=True)
class Code:
    """One value of a code list: what is transported and what people read."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Field:
    """A field where it is used: `minimum` and `maximum` count its occurrences, `maximum` None means any number."""

    id: str
    version: str
    label: str
    hint: str
    kind: Kind
    type: FieldType
    minimum: int = 1
    maximum: int | None = 1
    min_length: int | None = None
    max_length: int | None = None
    min_value: Decimal | None = None
    max_value: Decimal | None = None
    pattern: str | None = None
    codes: tuple[Code, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A group of fields and groups where it is used."""

    id: str
    version: str
    label: str
    hint: str
    minimum: int
    maximum: int | None
    children: tuple[Group | Field, ...]


@dataclass(frozen=True, slots=True)
class FormSchema:
    """A whole form (Stammdatenschema). `id` as written in the file, `version` as `1.0.0`."""

    id: str
    version: str
    label: str
    children: tuple[Group | Field, ...]

    def elements(self) -> Iterator[tuple[str, Group | Field]]:
        """Every element with its path of ids below the root (`G…/F…`), in document order."""
        yield from _walk("", self.children)


def _walk(prefix: str, children: tuple[Group | Field, ...]) -> Iterator[tuple[str, Group | Field]]:
    for child in children:
        path = f"{prefix}/{child.id}" if prefix else child.id
        yield path, child
        if isinstance(child, Group):
            yield from _walk(path, child.children)


def read(data: bytes) -> tuple[FormSchema | None, tuple[Finding, ...]]:
    """Read an XDatenfelder 3.0.0 form schema.

    Args:
        data: the XML file.

    Returns:
        the form and no findings, or None and every fault; pointers are `/<line>/<id>` of the file.
    """
    parsed = xml.parse(data)
    if parsed.root is None:
        return None, tuple(Finding(f"/{f.line}", f.rule, f.de, f.en) for f in parsed.faults)
    reader = _Reader()
    form = reader.schema(parsed.root)
    return (None if reader.faults else form), tuple(reader.faults)


class _Reader:
    """One reading: collects faults and goes on, so that all of them are reported."""

    def __init__(self) -> None:
        self.faults: list[Finding] = []

    def schema(self, root: etree._Element) -> FormSchema:
        if root.tag != _name(SCHEMA_MESSAGE):
            self.fault(root, "", "fim_message")
            return FormSchema("", "", "", ())
        element = root.find(_name("stammdatenschema"))
        if element is None:
            self.fault(root, "", "fim_missing")
            return FormSchema("", "", "", ())
        identifier, version = self.identity(element)
        label = _text(element, "bezeichnung") or _text(element, "name")
        return FormSchema(identifier, version, label, self.children(element, set()))

    def identity(self, element: etree._Element) -> tuple[str, str]:
        identifier = _text(element, "identifikation", "id")
        version = _text(element, "identifikation", "version")
        if not _ID.fullmatch(identifier):
            self.fault(element, identifier, "fim_id")
        if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,3}){1,2}", version):
            self.fault(element, identifier, "fim_version")
        return identifier, version

    def children(self, element: etree._Element, above: set[str]) -> tuple[Group | Field, ...]:
        found: list[Group | Field] = []
        for structure in element.findall(_name("struktur")):
            minimum, maximum = self.occurs(structure)
            for contained in structure.iterfind(f"{_name('enthaelt')}/*"):
                kind = etree.QName(contained).localname
                if kind == "datenfeldgruppe":
                    found.append(self.group(contained, minimum, maximum, above))
                elif kind == "datenfeld":
                    found.append(self.field(contained, minimum, maximum))
        names = [child.id for child in found]
        for name in sorted({name for name in names if names.count(name) > 1}):
            self.fault(element, name, "fim_twice")
        return tuple(found)

    def occurs(self, structure: etree._Element) -> tuple[int, int | None]:
        match = _OCCURS.fullmatch(_text(structure, "anzahl"))
        if match is None:
            self.fault(structure, "", "fim_occurs")
            return 0, 1
        minimum, maximum = int(match[1]), None if match[2] == "*" else int(match[2])
        if maximum is not None and (maximum < minimum or maximum == 0):
            self.fault(structure, "", "fim_occurs")
        return minimum, maximum

    def group(self, element: etree._Element, minimum: int, maximum: int | None, above: set[str]) -> Group:
        identifier, version = self.identity(element)
        if identifier in above:
            self.fault(element, identifier, "fim_recursion")
            return Group(identifier, version, "", "", minimum, maximum, ())
        children = self.children(element, above | {identifier})
        if not children:
            self.fault(element, identifier, "fim_empty")
        hint = _text(element, "hilfetextEingabe")
        return Group(identifier, version, _label(element), hint, minimum, maximum, children)

    def field(self, element: etree._Element, minimum: int, maximum: int | None) -> Field:
        identifier, version = self.identity(element)
        kind = self.code(element, identifier, "feldart", Kind)
        kind_of_value = self.code(element, identifier, "datentyp", FieldType)
        limits = element.find(_name("praezisierung"))
        codes = tuple(
            Code(_text(value, "code"), _text(value, "name"))
            for value in element.iterfind(f"{_name('werte')}/{_name('wert')}")
        )
        if kind is Kind.SELECT and not codes:
            self.fault(element, identifier, "fim_codes")
        return Field(
            id=identifier,
            version=version,
            label=_label(element),
            hint=_text(element, "hilfetextEingabe"),
            kind=kind or Kind.INPUT,
            type=kind_of_value or FieldType.TEXT,
            minimum=minimum,
            maximum=maximum,
            min_length=self.whole(limits, identifier, "minLength"),
            max_length=self.whole(limits, identifier, "maxLength"),
            min_value=self.number(limits, identifier, "minValue"),
            max_value=self.number(limits, identifier, "maxValue"),
            pattern=self.pattern(limits, identifier),
            codes=codes,
        )

    def code(self, element: etree._Element, identifier: str, name: str, of: type[_E]) -> _E | None:
        value = _text(element, name, "code")
        if value in {member.value for member in of}:
            return of(value)
        self.fault(element, identifier, f"fim_{name}")
        return None

    def whole(self, limits: etree._Element | None, identifier: str, name: str) -> int | None:
        value = self.number(limits, identifier, name)
        if value is not None and (value != int(value) or value < 0):
            assert limits is not None
            self.fault(limits, identifier, "fim_limit")
            return None
        return None if value is None else int(value)

    def number(self, limits: etree._Element | None, identifier: str, name: str) -> Decimal | None:
        text = limits.get(name) if limits is not None else None
        if limits is None or not text:
            return None
        try:
            value = Decimal(text)
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite():
            self.fault(limits, identifier, "fim_limit")
            return None
        return value

    def pattern(self, limits: etree._Element | None, identifier: str) -> str | None:
        text = limits.get("pattern") if limits is not None else None
        if limits is None or not text:
            return None
        try:
            re.compile(text)
        except re.error:
            self.fault(limits, identifier, "fim_pattern")
            return None
        return text

    def fault(self, element: etree._Element, identifier: str, rule: str) -> None:
        line = element.sourceline or 0
        place = f"/{line}/{identifier}" if identifier else f"/{line}"
        de, en = _WANTED[rule]
        self.faults.append(
            Finding(place, rule, f"Zeile {line}: Erwartet wird {de}.", f"Line {line}: expected is {en}.")
        )


def _name(local: str) -> str:
    return f"{{{NAMESPACE_3}}}{local}"


def _text(element: etree._Element, *path: str) -> str:
    current: etree._Element | None = element
    for step in path:
        if current is None:
            return ""
        below = current.find(_name(step))
        current = current.find(step) if below is None else below
    return (current.text or "").strip() if current is not None else ""


def _label(element: etree._Element) -> str:
    return _text(element, "bezeichnungAusgabe") or _text(element, "bezeichnungEingabe") or _text(element, "name")
