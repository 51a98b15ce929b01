"""Reading the file of a message mapping: its tables as values, every fault of form at once.

Knows: format 1 of the file and the file it extends. Never does: look into a schema (`binding.py` does).
Standard: of this project; `docs/reference/messages.md` describes the file. Start reading: `read`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

import jsonschema_rs

from gateway.errors.sentences import Sentences
from gateway.model import Finding
from gateway.xoev.mapping.converters import CONVERTERS
from gateway.xoev.mapping.model import STAR, Condition, Tokens
from gateway.xoev.message.entries import KNOWN, MessageEntry, MessageMapping, ParameterEntry, Target

FORMAT: Final = 1
_HEAD: Final = ("version", "standard", "schema_uri", "namespace", "schema", "root", "prefix")
_TABLES: Final = {"codes", "parameters", "groups", "fields"}
_SOURCE: Final = re.compile(r"@?(?:/(?:[a-z][a-z0-9_]{0,63}|\*))+")
_STEP: Final = re.compile(r"[A-Za-z_][\w.-]*(?:#[a-z][a-z0-9_]*)?")
_ATTRIBUTE: Final = re.compile(r"@[A-Za-z_][\w.-]*")
_PREFIX: Final = re.compile(r"[A-Za-z_][\w.-]*")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}")
URI: Final = jsonschema_rs.Draft202012Validator(
    {"type": "string", "format": "uri"}, validate_formats=True, offline=True
)
"""As FIT-Connect metadata ask for it."""
_CONTENTS: Final = ("from", "constant", "made", "embed")
SENTENCES: Final = {
    "message_key": ("Unbekannter Schlüssel; erlaubt: {0}.", "Unknown key; allowed: {0}."),
    "message_value": ("Erwartet wird {0}.", "Expected is {0}."),
    "message_source": (
        "Erwartet wird ein Zeiger in den Antrag (/applicant/name) oder @/…; * steht für jeden Eintrag einer Liste.",
        "Expected is a pointer into the record (/applicant/name) or @/…; * stands for every item of a list.",
    ),
    "message_target": (
        "Das Ziel muss ein Weg unter dem Wurzelelement sein: name/name#unterscheidung/@attribut.",
        "The target has to be a way below the root element: name/name#label/@attribute.",
    ),
    "message_twice": ("Dieses Ziel ist schon zugeordnet.", "This target is mapped already."),
    "message_content": ("Ein Feld braucht genau eines von: {0}.", "A field needs exactly one of: {0}."),
}


def read(files: Sequence[tuple[str, Mapping[str, Any]]]) -> tuple[MessageMapping | None, tuple[Finding, ...]]:
    """Turn a mapping file and the one it extends into a mapping.

    Args:
        files: name and parsed table of each file, the extended one first; later ones win where both name a head key.

    Returns:
        the mapping and no findings, or None and all faults; pointers are `<file>#<key path>`.
    """
    reader = _Reader()
    for name, table in files:
        reader.file(name, table)
    mapping = reader.whole(files[-1][0])
    return (None if reader.faults else mapping), tuple(reader.faults)


class _Reader:
    """One reading: collects faults and goes on."""

    def __init__(self) -> None:
        self.faults: list[Finding] = []
        self.head: dict[str, str] = {}
        self.parameters: dict[str, ParameterEntry] = {}
        self.entries: dict[tuple[Target, bool], MessageEntry] = {}
        self.lists: dict[str, dict[str, str]] = {}

    def file(self, name: str, table: Mapping[str, Any]) -> None:
        self.keys(f"{name}#", table, {"format", "extends", *_HEAD, *_TABLES})
        if table.get("format") != FORMAT:
            self.fault(f"{name}#/format", "message_value", str(FORMAT))
        for key in _HEAD:
            if key in table:
                self.head[key] = self.text(f"{name}#/{key}", table[key])
        self.named_codes(f"{name}#/codes", table.get("codes", {}))
        for key, read_entry in (("parameters", self.parameter), ("groups", self.group), ("fields", self.field)):
            for pointer, entry in self.tables(name, key, table):
                read_entry(pointer, entry)

    def whole(self, name: str) -> MessageMapping:
        for key in _HEAD:
            if key not in self.head:
                self.fault(f"{name}#/{key}", "message_value", "ein Text / a text")
        if "schema_uri" in self.head and not URI.is_valid(self.head["schema_uri"]):
            self.fault(f"{name}#/schema_uri", "message_value", "ein URI / a URI")
        if not _PREFIX.fullmatch(self.head.get("prefix", "x")):
            self.fault(f"{name}#/prefix", "message_value", "ein XML-Name / an XML name")
        head = {key: self.head.get(key, "") for key in _HEAD}
        return MessageMapping(**head, parameters=tuple(self.parameters.values()), entries=tuple(self.entries.values()))

    def parameter(self, pointer: str, entry: Mapping[str, Any]) -> None:
        self.keys(pointer, entry, {"name", "default"})
        name = entry.get("name")
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            self.fault(f"{pointer}/name", "message_value", "a-z, 0-9, _")
            return
        default = self.text(f"{pointer}/default", entry["default"]) if "default" in entry else None
        self.parameters[name] = ParameterEntry(name, default)

    def group(self, pointer: str, entry: Mapping[str, Any]) -> None:
        self.keys(pointer, entry, {"from", "to", "when"})
        source = self.source(f"{pointer}/from", entry["from"]) if "from" in entry else None
        if "from" not in entry and "when" not in entry:
            self.fault(pointer, "message_value", "from, when")
        self.put(
            MessageEntry(
                pointer, self.target(pointer, entry), is_group=True, source=source, when=self.when(pointer, entry)
            )
        )

    def field(self, pointer: str, entry: Mapping[str, Any]) -> None:
        self.keys(pointer, entry, {"to", "as", "codes", "when", "unique", *_CONTENTS})
        if sum(key in entry for key in _CONTENTS) != 1:
            self.fault(pointer, "message_content", ", ".join(_CONTENTS))
        for key, expected in (("made", "uuid"), ("embed", "form"), ("unique", True)):
            if key in entry and entry[key] != expected:
                self.fault(f"{pointer}/{key}", "message_value", str(expected).lower())
        if "from" not in entry and (extra := {"as", "codes"} & set(entry)):
            self.fault(pointer, "message_content", "from (" + ", ".join(sorted(extra)) + ")")
        self.put(
            MessageEntry(
                pointer,
                self.target(pointer, entry),
                is_group=False,
                source=self.source(f"{pointer}/from", entry["from"]) if "from" in entry else None,
                constant=self.text(f"{pointer}/constant", entry["constant"]) if "constant" in entry else None,
                converter=self.converter(pointer, entry),
                codes=self.codes(pointer, entry),
                when=self.when(pointer, entry),
                made="made" in entry,
                embeds="embed" in entry,
                unique="unique" in entry,
            )
        )

    def put(self, entry: MessageEntry) -> None:
        key = (entry.target, entry.is_group)
        if entry.target and key in self.entries:
            self.fault(f"{entry.place}/to", "message_twice")
        self.entries[key] = entry

    def converter(self, pointer: str, entry: Mapping[str, Any]) -> str:
        name = entry.get("as", "code" if "codes" in entry else "")
        if name and name not in CONVERTERS:
            self.fault(f"{pointer}/as", "message_value", ", ".join(CONVERTERS))
            return ""
        return str(name)

    def named_codes(self, pointer: str, value: object) -> None:
        if not isinstance(value, dict):
            self.fault(pointer, "message_value", "[codes.NAME]")
            return
        for key, table in value.items():
            self.lists[key] = self.table(f"{pointer}/{key}", table)

    def codes(self, pointer: str, entry: Mapping[str, Any]) -> dict[str, str]:
        value = entry.get("codes")
        if isinstance(value, str) and value in self.lists:
            return self.lists[value]
        needed = "codes" in entry or entry.get("as") == "code"
        return self.table(f"{pointer}/codes", value) if needed else {}

    def table(self, pointer: str, value: object) -> dict[str, str]:
        if isinstance(value, dict) and value and all(isinstance(code, str) and code for code in value.values()):
            return dict(value)
        self.fault(pointer, "message_value", "eine Tabelle Wert = Code / a table value = code")
        return {}

    def when(self, pointer: str, entry: Mapping[str, Any]) -> Condition | None:
        if "when" not in entry:
            return None
        pointer, table = f"{pointer}/when", entry["when"]
        if not isinstance(table, dict):
            self.fault(pointer, "message_value", "{ pointer, in, absent }")
            return None
        self.keys(pointer, table, {"pointer", "in", "absent"})
        source = self.source(f"{pointer}/pointer", table.get("pointer")) or ()
        values, absent = table.get("in", []), table.get("absent", False)
        if not isinstance(values, list) or not all(isinstance(value, (str, bool)) for value in values):
            self.fault(f"{pointer}/in", "message_value", "Texte oder true/false / texts or true/false")
            values = []
        if not isinstance(absent, bool) or not (values or absent):
            self.fault(pointer, "message_value", "in = […], absent = true")
        return Condition(source, tuple(values), absent is True)

    def tables(self, name: str, key: str, table: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
        value = table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(entry, dict) for entry in value):
            self.fault(f"{name}#/{key}", "message_value", f"[[{key}]]")
            return []
        return [(f"{name}#/{key}/{number}", entry) for number, entry in enumerate(value)]

    def keys(self, pointer: str, table: Mapping[str, Any], allowed: set[str]) -> None:
        for key in sorted(set(table) - allowed):
            self.fault(f"{pointer}/{key}", "message_key", ", ".join(sorted(allowed)))

    def text(self, pointer: str, value: object) -> str:
        if isinstance(value, str) and value.strip():
            return value
        self.fault(pointer, "message_value", "ein Text / a text")
        return ""

    def source(self, pointer: str, value: object) -> Tokens | None:
        if isinstance(value, str) and _SOURCE.fullmatch(value) and not value.startswith(("/*", "@/*")):
            tokens = tuple(value.split("/")[1:])
            return (KNOWN, *tokens) if value.startswith("@") else tokens
        self.fault(pointer, "message_source")
        return None

    def target(self, pointer: str, entry: Mapping[str, Any]) -> Target:
        value = entry.get("to")
        steps = value.split("/") if isinstance(value, str) else []
        last = bool(steps) and (_ATTRIBUTE.fullmatch(steps[-1]) or _STEP.fullmatch(steps[-1]))
        if not last or not all(_STEP.fullmatch(step) for step in steps[:-1]):
            self.fault(f"{pointer}/to", "message_target")
            return ()
        return tuple(steps)

    def fault(self, pointer: str, rule: str, *params: str) -> None:
        self.faults.append(Sentences(SENTENCES).finding(pointer, rule, *params))


def lists(source: Tokens) -> Tokens:
    """The part of a source up to its last list item; empty where it is in no list."""
    return source[: len(source) - source[::-1].index(STAR)] if STAR in source else ()
