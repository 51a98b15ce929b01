"""The data dictionary of a form: everything the file says, in Markdown, for people in town halls.

Knows: German headings and the words of the form. Never does: leave out what a document cannot carry (rules, legal
bases, status); all of it stands under its element. Standard: CommonMark with tables.
Start reading: `to_markdown`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import astuple
from typing import Final

from gateway.xoev.fim import Code, Field, FieldKind, FieldType, FormSchema, Group
from gateway.xoev.fim.model import FormRule, Note
from gateway.xoev.xfall.schema import namespace, root_name

_SPECIAL: Final = re.compile(r"([\\`*_\[\]|~#<>])")
_TYPES: Final = {
    FieldType.TEXT: "Text",
    FieldType.TEXT_LATIN: "Text (String.Latin)",
    FieldType.DATE: "Datum",
    FieldType.TIME: "Uhrzeit",
    FieldType.DATETIME: "Zeitpunkt",
    FieldType.BOOL: "Ja/Nein",
    FieldType.NUM: "Zahl",
    FieldType.NUM_INT: "Ganzzahl",
    FieldType.NUM_CURRENCY: "Geldbetrag",
    FieldType.FILE: "Anlage",
    FieldType.OBJECT: "Objekt",
}
_KINDS: Final = {
    FieldKind.INPUT: "Eingabe",
    FieldKind.SELECT: "Auswahl",
    FieldKind.LABEL: "Hinweistext (wird nicht übermittelt)",
    FieldKind.HIDDEN: "verborgen",
    FieldKind.LOCKED: "gesperrt",
}


def to_markdown(form: FormSchema) -> bytes:
    """The data dictionary of a form as UTF-8 bytes, deterministic.

    Args:
        form: a form schema that was read without faults.
    """
    elements = list(form.elements())
    groups = sum(isinstance(element, Group) for _, element in elements)
    facts = [
        ("Kennung", form.id),
        ("Version", form.version),
        ("Standard", f"XDatenfelder {form.standard}"),
        ("Namensraum", namespace(form)),
        ("Wurzelelement", root_name(form)),
        ("Umfang", f"{groups} Gruppen, {len(elements) - groups} Felder"),
    ]
    parts = [
        f"# Datenwörterbuch: {_plain(form.label)}",
        _table(("Angabe", "Wert"), facts),
        _list([*_notes(form.notes), *_rules(form.rules)]),
        "## Übersicht",
        _table(
            ("Element", "Version", "Bezeichnung", "Art", "Anzahl"),
            [(path, element.version, element.label, _kind(element), _occurs(element)) for path, element in elements],
        ),
        "## Elemente",
        *(f"### {_plain(path)}: {_plain(element.label)}\n\n{_list(_facts(element))}" for path, element in elements),
        *_code_lists(element for _, element in elements if isinstance(element, Field) and element.codes),
        "## Nicht übernommen" if form.notices else "",
        "\n".join(f"- {_plain(notice.de)}" for notice in form.notices),
    ]
    return ("\n\n".join(part for part in parts if part) + "\n").encode()


def _facts(element: Group | Field) -> list[tuple[str, str]]:
    facts = [
        ("Art", _kind(element)),
        ("Anzahl", _occurs(element)),
        ("Version", element.version),
        ("Hilfe", element.hint),
    ]
    if isinstance(element, Field):
        facts += [
            ("Länge", _between(element.min_length, element.max_length)),
            ("Wert", _between(element.min_value, element.max_value) or _between(element.earliest, element.latest)),
            ("Muster", element.pattern or ""),
            ("Größte Datei", "" if element.max_size is None else f"{element.max_size} Bytes"),
            ("Medientypen", ", ".join(element.media_types)),
            ("Codeliste", _codes_of(element)),
        ]
        if element.code_list is not None:
            parts = astuple(element.code_list)
            facts.append(("Verweis auf Codeliste", "; ".join(part for part in parts if part)))
    return [*facts, *_notes(element.notes), *_rules(element.rules)]


def _kind(element: Group | Field) -> str:
    if isinstance(element, Group):
        return "Auswahlgruppe: genau eines davon" if element.choice else "Gruppe"
    return f"{_TYPES[element.type]}, {_KINDS[element.kind]}"


def _occurs(element: Group | Field) -> str:
    return f"{element.minimum}:{'*' if element.maximum is None else element.maximum}"


def _between(low: object, high: object) -> str:
    words = [f"mindestens {low}" if low is not None else "", f"höchstens {high}" if high is not None else ""]
    return ", ".join(word for word in words if word)


def _notes(notes: tuple[Note, ...]) -> list[tuple[str, str]]:
    return [(note.name, note.text) for note in notes]


def _rules(rules: tuple[FormRule, ...]) -> list[tuple[str, str]]:
    facts: list[tuple[str, str]] = []
    for rule in rules:
        name = f"Regel {rule.id} {rule.version}".strip()
        facts.append((name, f"{rule.name}: {rule.text}" if rule.text else rule.name))
        facts += [(f"{name}, Typ", rule.kind), (f"{name}, Skript", rule.script)]
        facts += [(f"{name}, {note.name}", note.text) for note in rule.notes]
    return facts


def _codes_of(field: Field) -> str:
    if not field.codes:
        return ""
    return (field.code_list.version_uri or field.code_list.uri) if field.code_list else f"Werte von {field.id}"


def _code_lists(fields: Iterable[Field]) -> list[str]:
    """Each code list once, in the order of first use; lists of one name that differ stand side by side."""
    lists: dict[tuple[str, tuple[Code, ...]], None] = {}
    for field in fields:
        lists.setdefault((_codes_of(field), field.codes))
    parts = ["## Codelisten"] if lists else []
    for name, codes in lists:
        rows = [(code.code, code.name, code.hint) for code in codes]
        parts += [f"### {_plain(name)}", _table(("Code", "Name", "Hinweis"), rows)]
    return parts


def _list(facts: list[tuple[str, str]]) -> str:
    return "\n".join(f"- {_plain(name)}: {_plain(text)}" for name, text in facts if text)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *(tuple(_plain(cell) for cell in row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(text: str) -> str:
    """Text that Markdown takes as it stands, on one line."""
    escaped = _SPECIAL.sub(r"\\\1", text.replace("&", "&amp;"))
    return "<br>".join(line.strip() for line in escaped.splitlines())
