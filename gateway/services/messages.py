"""The messages of a service's folder: mapping files read, extended and joined with installed schemas.

Knows: `messages/<standard>.toml` and the files in `_messages` that they extend. Never does: require a schema set that
nobody asks for. Standard: file format 1 of this project (`docs/reference/messages.md`).
Start reading: `MessageTemplates.of`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from gateway.errors.sentences import Sentences
from gateway.input import regular_file
from gateway.model import Finding
from gateway.services.definition import Definition, Parameter
from gateway.sets.library import Library
from gateway.settings.toml import NotToml, parse
from gateway.xoev.codes.document_codes import Codes
from gateway.xoev.message.binding import Sources, bind
from gateway.xoev.message.declared import Declarations
from gateway.xoev.message.entries import MessageMapping
from gateway.xoev.message.reading import read
from gateway.xoev.message.template import Template
from gateway.xoev.schema.sets import CompiledSet
from gateway.xoev.schematron import RuleSet

FOLDER: Final = "messages"
SHARED: Final = "_messages"
_OWN: Final = Path(__file__).parent / SHARED
_MAX_FILE: Final = 1 << 20
_Joined = tuple[CompiledSet, Declarations, Codes, tuple[RuleSet, ...]]


@dataclass(frozen=True, slots=True)
class Offered:
    """A message that a service can speak; `template` is None where its schema set is not installed: see `absent`.

    `notices` say why rules of the standard that are installed cannot be asked.
    """

    mapping: MessageMapping
    template: Template | None = None
    absent: tuple[Finding, ...] = field(default=(), repr=False)
    notices: tuple[Finding, ...] = field(default=(), repr=False)


class MessageTemplates:
    """Reads the messages of all folders of one directory; compiled schema sets are memoised."""

    def __init__(self, directory: Path, installed: Callable[[], Library] | None) -> None:
        self._shared = (directory / SHARED, _OWN)
        self._installed = installed or Library
        self._sets: dict[tuple[str, str], tuple[_Joined | None, tuple[Finding, ...]]] = {}

    def of(self, folder: Path, sources: Sources, faults: list[Finding]) -> dict[str, Offered]:
        """The messages of a folder by standard; faults are added with pointers `<folder>/<file>#<key path>`."""
        offered: dict[str, Offered] = {}
        for path in sorted((folder / FOLDER).glob("*.toml")):
            name = f"{folder.name}/{FOLDER}/{path.name}"
            mapping = self._mapping(path, name, faults)
            if mapping is None:
                continue
            if mapping.standard != path.stem:
                faults.append(_fault(f"{name}#/standard", "message_name", mapping.standard))
            offered[mapping.standard] = self._offered(mapping, sources, name, faults)
        return offered

    def _mapping(self, path: Path, name: str, faults: list[Finding]) -> MessageMapping | None:
        table = _table(path, name, faults)
        if table is None:
            return None
        chain: list[tuple[str, Mapping[str, Any]]] = [(name, table)]
        extends = table.get("extends")
        if extends is not None:
            base = self._base(extends, name, faults)
            if base is None:
                return None
            chain.insert(0, base)
        mapping, unfit = read(chain)
        faults += unfit
        return mapping

    def _base(self, extends: object, name: str, faults: list[Finding]) -> tuple[str, Mapping[str, Any]] | None:
        plain = isinstance(extends, str) and extends.replace("-", "").replace("_", "").replace(".", "").isalnum()
        for directory in self._shared if plain else ():
            path = directory / f"{extends}.toml"
            if path.is_file():
                base = f"{SHARED}/{path.name}"
                table = _table(path, base, faults)
                return (base, table) if table is not None else None
        faults.append(_fault(f"{name}#/extends", "message_extends", SHARED))
        return None

    def _offered(self, mapping: MessageMapping, sources: Sources, name: str, faults: list[Finding]) -> Offered:
        joined, absent = self._set(mapping.namespace, mapping.schema)
        if joined is None:
            return Offered(mapping, None, absent)
        schema, declarations, codes, rules = joined
        root, unfit = bind(mapping, declarations, sources, name)
        faults += unfit
        lists = self._installed().code_lists
        template = Template(mapping, schema, root, codes, lists, rules) if root else None
        return Offered(mapping, template, notices=self._installed().message_rules(mapping.namespace, mapping.schema)[1])

    def _set(self, namespace: str, name: str) -> tuple[_Joined | None, tuple[Finding, ...]]:
        key = (namespace, name)
        if key not in self._sets:
            schema, absent = self._installed().message(namespace, name)
            rules = tuple(rule_set for _, rule_set in self._installed().message_rules(namespace, name)[0])
            joined = None if schema is None else (schema, Declarations(schema), Codes(schema), rules)
            self._sets[key] = joined, absent
        return self._sets[key]


def widened(definition: Definition, offered: Mapping[str, Offered]) -> Definition:
    """The definition with the parameters that its messages bring: which standard to speak, and what that one needs."""
    if not offered:
        return definition
    names = sorted({parameter.name for message in offered.values() for parameter in message.mapping.parameters})
    standards = (definition.standard, *sorted(offered))
    more = [Parameter("standard", "string", None, None, standards)]
    more += [Parameter(f"message.{name}", "string", None, None, ()) for name in names]
    return replace(definition, parameters=(*definition.parameters, *more))


def _table(path: Path, name: str, faults: list[Finding]) -> dict[str, Any] | None:
    try:
        raw = regular_file.content(path, _MAX_FILE + 1)
        if len(raw) > _MAX_FILE:
            faults.append(_fault(name, "file_too_large", str(_MAX_FILE)))
            return None
        return parse(raw)
    except OSError:
        faults.append(_fault(name, "unreadable"))
    except NotToml as error:
        faults.append(_fault(f"{name}#/{error.line}", "not_toml", (error.de, error.en)))
    return None


_SENTENCES: Final = {
    "message_name": ("Datei und standard müssen gleich heißen ({0}).", "File and standard have to be the same ({0})."),
    "message_extends": (
        "Diese Grundlage gibt es nicht; sie muss als Datei in {0} liegen.",
        "There is no such base; it has to lie as a file in {0}.",
    ),
    "file_too_large": ("Die Datei ist größer als {0} Bytes.", "The file is larger than {0} bytes."),
    "not_toml": ("Die Datei ist hier kein gültiges TOML: {0}.", "Here the file is not valid TOML: {0}."),
    "unreadable": (
        "Die Datei ist nicht lesbar; bitte die Rechte ändern.",
        "The file is not readable; change its mode.",
    ),
}


_fault: Final = Sentences(_SENTENCES).finding
