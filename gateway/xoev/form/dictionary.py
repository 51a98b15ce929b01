"""The data dictionary of a form: everything the file says, in Markdown, for people in town halls.

Knows: German headings and the words of the form. Never does: leave out what a document cannot carry (rules, legal
bases, status); it is all under the element that says it. Standard: CommonMark with tables.
Start reading: `to_markdown`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from gateway.model import Finding
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
            [(path, one.version, one.label, _kind(one), _occurs(one)) for path, one in elements],
        ),
        "## Elemente",
        *(part for path, one in elements for part in (f"### {_plain(path)}: {_plain(one.label)}", _list(_facts(one)))),
        *_code_lists(one for _, one in elements if isinstance(one, Field) and one.codes),
        *_left_out(form.notices),
    ]
    return ("\n\n".join(part for part in parts if part) + "\n").encode()


def _facts(one: Group | Field) -> list[tuple[str, str]]:
    facts = [("Art", _kind(one)), ("Anzahl", _occurs(one)), ("Version", one.version), ("Hilfe", one.hint)]
    if isinstance(one, Field):
        facts += [
            ("Länge", _between(one.min_length, one.max_length)),
            ("Wert", _between(one.min_value, one.max_value) or _between(one.earliest, one.latest)),
            ("Muster", one.pattern or ""),
            ("Größte Datei", "" if one.max_size is None else f"{one.max_size} Bytes"),
            ("Medientypen", ", ".join(one.media_types)),
            ("Codeliste", _codes_of(one)),
        ]
        if one.code_list is not None:
            parts = (one.code_list.id, one.code_list.uri, one.code_list.version, one.code_list.version_uri)
            facts.append(("Verweis auf Codeliste", "; ".join(part for part in parts if part)))
    return [*facts, *_notes(one.notes), *_rules(one.rules)]


def _kind(one: Group | Field) -> str:
    if isinstance(one, Group):
        return "Auswahlgruppe: genau eines davon" if one.choice else "Gruppe"
    return f"{_TYPES[one.type]}, {_KINDS[one.kind]}"


def _occurs(one: Group | Field) -> str:
    return f"{one.minimum}:{'*' if one.maximum is None else one.maximum}"


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
    found: dict[tuple[str, tuple[Code, ...]], None] = {}
    for field in fields:
        found.setdefault((_codes_of(field), field.codes))
    parts = ["## Codelisten"] if found else []
    for name, codes in found:
        rows = [(code.code, code.name, code.hint) for code in codes]
        parts += [f"### {_plain(name)}", _table(("Code", "Name", "Hinweis"), rows)]
    return parts


def _left_out(notices: tuple[Finding, ...]) -> list[str]:
    if not notices:
        return []
    return ["## Nicht übernommen", "\n".join(f"- {_plain(notice.de)}" for notice in notices)]


def _list(facts: list[tuple[str, str]]) -> str:
    return "\n".join(f"- {_plain(name)}: {_plain(text)}" for name, text in facts if text)


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *(tuple(_plain(cell) for cell in row) for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _plain(text: str) -> str:
    """Text that Markdown takes as it stands, on one line."""
    escaped = _SPECIAL.sub(r"\\\1", text.replace("&", "&amp;"))
    return "<br>".join(line.strip() for line in escaped.splitlines())
