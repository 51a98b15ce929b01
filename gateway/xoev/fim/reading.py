"""Reading a form schema: groups, occurrences, ids, rules.

Knows: how XDatenfelder 2.0 and 3.0.0 nest. Never does: stop at the first fault, follow anything out of the file.
Standard: message 0102 of XDatenfelder 2.0 and 3.0.0. Start reading: `read`. Fields are read in `fields.py`.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import groupby
from typing import Final

from lxml import etree

from gateway.model import Finding
from gateway.xoev.fim import nodes
from gateway.xoev.fim.faults import Faults
from gateway.xoev.fim.fields import FieldReader
from gateway.xoev.fim.genericode import NO_LISTS, Lists
from gateway.xoev.fim.model import Field, FormRule, FormSchema, Group, Note
from gateway.xoev.xml import strict_xml

SCHEMA_MESSAGE: Final = "xdatenfelder.stammdatenschema.0102"
LIMITS: Final = strict_xml.XmlLimits(size=32 << 20, depth=80)
_MAX_LEVELS: Final = 18
_MAX_TAGS: Final = 1_500_000
_MAX_ELEMENTS: Final = 20_000
_MAX_DOCUMENT: Final = 2_000_000
_MAX_WAYS: Final = 1_000_000_000
"""Sum of the cubed lengths of rows of optional elements, since compiling the XSD takes cubic time: some 5 s."""
_ID: Final = re.compile(r"[SGF][0-9]{1,12}")
_VERSION: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3}){1,2}")
DRAFT: Final = "0.0"
"""The version of a form schema that names none."""
_OCCURS: Final = re.compile(r"([0-9]{1,9}):([0-9]{1,9}|\*)")
_XINCLUDE: Final = "http://www.w3.org/2001/XInclude"
_PARENTS: Final = frozenset(
    {"stammdatenschema", "datenfeldgruppe", "datenfeld", "struktur", "regel", "identifikation", "wert"}
    | {"feldart", "datentyp", "art", "typ", "codelisteReferenz", "genericodeIdentification"}
)
_ONCE: Final = frozenset(
    {"identifikation", "id", "version", "name", "bezeichnung", "bezeichnungEingabe", "bezeichnungAusgabe", "art"}
    | {"hilfetextEingabe", "anzahl", "feldart", "datentyp", "praezisierung", "inhalt", "codelisteReferenz", "werte"}
    | {"codeKey", "nameKey", "helpKey", "genericodeIdentification", "canonicalIdentification", "canonicalVersionUri"}
    | {"code", "hilfe", "typ", "definition", "freitextRegel", "script", "skript", "maxSize"}
)
"""Elements that the standard has at most once in each of `_PARENTS`: of two, one would be lost silently."""
_NO_NOTES: Final = frozenset({"identifikation", "struktur", "regel"})
_RULE_WORDS: Final = frozenset({"identifikation", "name", "definition", "freitextRegel", "script", "skript", "typ"})


def read(data: bytes, lists: Lists = NO_LISTS) -> tuple[FormSchema | None, tuple[Finding, ...]]:
    """Read a form schema in XDatenfelder 2.0 or 3.0.0.

    Args:
        data: the XML file.
        lists: code lists that fields refer to; a list that is not among them becomes a notice.

    Returns:
        the form and no findings, or None and every fault; pointers are `/<line>/<id>` of the file.
    """
    faults = Faults()
    if data.count(b"<") > _MAX_TAGS:
        faults.at(0, "", "fim_many")
        return None, faults.found
    parsed = strict_xml.parse(data, LIMITS)
    if parsed.root is None:
        return None, parsed.findings()
    form = _Reader(faults, lists).schema(parsed.root)
    return (None if faults.found else form), faults.found


class _Reader:
    """One reading: collects faults and goes on, so that all of them are reported."""

    def __init__(self, faults: Faults, lists: Lists) -> None:
        self.faults = faults
        self.fields = FieldReader(faults, lists)
        self.ways = 0

    def schema(self, root: etree._Element) -> FormSchema | None:
        standard = nodes.NAMESPACES.get(etree.QName(root).namespace or "")
        if standard is None or nodes.local(root) != SCHEMA_MESSAGE:
            self.faults.fault(root, "", "fim_message")
            return None
        self.strangers(root)
        schemas = list(nodes.below(root, "stammdatenschema"))
        if len(schemas) != 1:
            self.faults.fault(root, "", "fim_missing")
            return None
        element = schemas[0]
        if sum(1 for _ in element.iter("{*}datenfeld", "{*}datenfeldgruppe")) > _MAX_ELEMENTS:
            self.faults.fault(element, nodes.text(element, "identifikation", "id"), "fim_many")
            return None
        self.doubled(element)
        identifier, version = self.identity(element, "S")
        label = nodes.text(element, "bezeichnung") or _label(element, identifier)
        children = self.children(element, identifier, ())
        self.rows(element, identifier, children)
        if _weight(children) > _MAX_DOCUMENT:
            self.faults.fault(element, identifier, "fim_many")
        return FormSchema(
            identifier,
            version,
            label,
            children,
            standard,
            self.rules(element),
            (*nodes.notes(root, frozenset({"stammdatenschema"})), *nodes.notes(element, _NO_NOTES)),
            self.faults.notices,
        )

    def strangers(self, root: etree._Element) -> None:
        for element in root.iter(etree.Element):
            namespace = str(element.tag).rpartition("}")[0][1:]
            if namespace == _XINCLUDE:
                self.faults.fault(element, "", "fim_include")
            elif namespace and namespace not in nodes.NAMESPACES:
                self.faults.notice(element, "", "fim_foreign")

    def doubled(self, schema: etree._Element) -> None:
        for element in schema.iter(etree.Element):
            if len(element) < 2 or nodes.local(element) not in _PARENTS:
                continue
            seen: set[str] = set()
            for part in element:
                name = nodes.local(part)
                if name in seen and name in _ONCE:
                    self.faults.fault(part, _owner(element), "fim_doubled")
                seen.add(name)

    def identity(self, element: etree._Element, letter: str) -> tuple[str, str]:
        identifier = nodes.text(element, "identifikation", "id")
        version = nodes.text(element, "identifikation", "version")
        identification = nodes.child(element, "identifikation")
        faulty = element if identification is None else identification
        if not _ID.fullmatch(identifier) or identifier[0] != letter:
            self.faults.unknown_id(faulty, identifier)
        if not version and letter == "S":
            self.faults.notice(faulty, identifier, "fim_draft")
            version = DRAFT
        elif version and not _VERSION.fullmatch(version):
            self.faults.fault(faulty, identifier, "fim_version")
        return identifier, version

    def children(self, element: etree._Element, identifier: str, above: tuple[str, ...]) -> tuple[Group | Field, ...]:
        children: dict[str, Group | Field] = {}
        anything = False
        for structure in nodes.below(element, "struktur"):
            for contained in self.contained(structure, identifier):
                anything = True
                child = self.used(structure, contained, above)
                if child is None:
                    continue
                if child.id in children:
                    self.faults.fault(contained, child.id, "fim_twice")
                children[child.id] = child
        if not anything:
            self.faults.fault(element, identifier, "fim_empty")
        return tuple(children.values())

    def rows(self, element: etree._Element, identifier: str, children: tuple[Group | Field, ...]) -> None:
        """Refuse rows of optional elements whose XSD takes too long to compile, at the group that is too much."""
        before = self.ways
        for optional, row in groupby(children, key=lambda child: child.minimum == 0):
            self.ways += len(tuple(row)) ** 3 if optional else 0
        if before <= _MAX_WAYS < self.ways:
            self.faults.fault(element, identifier, "fim_optional")

    def contained(self, structure: etree._Element, identifier: str) -> list[etree._Element]:
        parts = [part for outer in nodes.below(structure, "enthaelt") for part in outer if isinstance(part.tag, str)]
        elements = [part for part in parts if nodes.local(part) in {"datenfeld", "datenfeldgruppe"}]
        if not elements or len(elements) < len(parts):
            self.faults.fault(structure, identifier, "fim_contained")
        return elements

    def used(self, structure: etree._Element, element: etree._Element, above: tuple[str, ...]) -> Group | Field | None:
        letter = "F" if nodes.local(element) == "datenfeld" else "G"
        identifier, version = self.identity(element, letter)
        minimum, maximum = self.occurs(structure, identifier)
        notes = nodes.notes(structure, frozenset({"anzahl", "enthaelt"}))
        use = tuple(Note(f"struktur/{note.name}", note.text) for note in notes)
        if letter == "F":
            field = self.fields.read(element, identifier, version, _label(element, identifier))
            child: Group | Field = replace(field, rules=self.rules(element))
        else:
            child = self.group(element, identifier, version, above)
        if maximum == 0:
            self.faults.notice(structure, identifier, "fim_never")
            return None
        return replace(child, minimum=minimum, maximum=maximum, notes=use + child.notes)

    def occurs(self, structure: etree._Element, identifier: str) -> tuple[int, int | None]:
        match = _OCCURS.fullmatch(nodes.text(structure, "anzahl"))
        if match is None:
            self.faults.fault(structure, identifier, "fim_occurs")
            return 0, 1
        minimum, maximum = int(match[1]), None if match[2] == "*" else int(match[2])
        if maximum is not None and maximum < minimum:
            self.faults.fault(structure, identifier, "fim_occurs")
        return minimum, maximum

    def group(self, element: etree._Element, identifier: str, version: str, above: tuple[str, ...]) -> Group:
        label, hint = _label(element, identifier), nodes.text(element, "hilfetextEingabe")
        empty = Group(identifier, version, label, hint, 1, 1, ())
        if identifier in above:
            self.faults.fault(element, identifier, "fim_recursion")
            return empty
        if len(above) >= _MAX_LEVELS:
            self.faults.fault(element, identifier, "fim_depth")
            return empty
        kind = nodes.text(element, "art", "code")
        if kind not in {"", "X"}:
            self.faults.fault(element, identifier, "fim_art")
        children = self.children(element, identifier, (*above, identifier))
        if kind != "X":
            self.rows(element, identifier, children)
        return replace(
            empty,
            children=children,
            choice=kind == "X",
            rules=self.rules(element),
            notes=nodes.notes(element, _NO_NOTES),
        )

    def rules(self, element: etree._Element) -> tuple[FormRule, ...]:
        return tuple(
            FormRule(
                id=nodes.text(rule, "identifikation", "id"),
                version=nodes.text(rule, "identifikation", "version"),
                name=nodes.text(rule, "name"),
                text=nodes.text(rule, "freitextRegel") or nodes.text(rule, "definition"),
                kind=nodes.text(rule, "typ", "code"),
                script=nodes.text(rule, "skript") or nodes.text(rule, "script"),
                notes=nodes.notes(rule, _RULE_WORDS),
            )
            for rule in nodes.below(element, "regel")
        )


def _owner(element: etree._Element) -> str:
    """The id of the nearest element around that has one."""
    identifiers = (nodes.text(ancestor, "identifikation", "id") for ancestor in (element, *element.iterancestors()))
    return next((identifier for identifier in identifiers if identifier), "")


def _label(element: etree._Element, identifier: str) -> str:
    names = ("bezeichnungAusgabe", "bezeichnungEingabe", "name")
    return next((label for name in names if (label := nodes.text(element, name))), identifier)


def _weight(children: tuple[Group | Field, ...]) -> int:
    """About how many characters the smallest document has that holds every element at least once."""
    total = 0
    for child in children:
        characters = 40 + (_weight(child.children) if isinstance(child, Group) else child.min_length or 0)
        total += max(child.minimum, 1) * characters
    return total
