"""A schema of several files as one validator, from memory: nothing is looked for anywhere else.

Knows: the files it is given, by relative name. Never does: open a file or an address; edit a schema.
Standard: XML Schema 1.0 (W3C). Start reading: `compiled`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from lxml import etree

from gateway.model import Finding
from gateway.xoev import xml

MAX_FILES: Final = 500
MAX_RESOLVED: Final = 5_000
_BASE: Final = "mem:///"
_SENTENCES: Final = {
    "xsd_absent": ("Diese Schemadatei fehlt: {0}.", "This schema file is missing: {0}."),
    "xsd_invalid": ("Kein gültiges XML-Schema.", "No valid XML schema."),
}


@dataclass(frozen=True, slots=True)
class Validator:
    """A compiled schema. Safe from several threads."""

    namespace: str
    _compiled: etree.XMLSchema = field(repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def errors(self, document: etree._Element) -> tuple[etree._LogEntry, ...]:
        """Everything that libxml2 finds wrong; empty for a valid document."""
        with self._lock:
            try:
                if self._compiled.validate(document):
                    return ()
            except etree.XMLSchemaValidateError:  # a pattern with too many ways; the log says so
                pass
            return tuple(self._compiled.error_log)


def compiled(main: str, files: Mapping[str, bytes]) -> tuple[Validator | None, tuple[Finding, ...]]:
    """Compile a schema.

    Args:
        main: name of the file to begin with.
        files: relative name -> content; a location with an address is looked up by its last part.

    Returns:
        the validator and no findings, or None and the faults; pointers are `<file>#/<line>`.
    """
    source = files.get(main)
    if source is None:
        return None, (_fault(main, 0, "xsd_absent", main),)
    parsed = xml.parse(source)
    if parsed.root is None:
        return None, tuple(Finding(f"{main}#/{one.line}", one.rule, one.de, one.en) for one in parsed.faults)
    resolver = _Memory(files)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    parser.resolvers.add(resolver)
    try:
        found = etree.XMLSchema(etree.fromstring(source, parser, base_url=_BASE + main))
    except etree.XMLSchemaParseError as error:
        return None, _faults(main, error, resolver)
    return Validator(parsed.root.get("targetNamespace", ""), found), ()


class _Memory(etree.Resolver):
    """Answers every location from memory, or with a failure; never lets libxml2 look for itself."""

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__()
        self.files = files
        self.absent: list[str] = []
        self.asked = 0

    def resolve(self, system_url: str | None, public_id: str | None, context: Any) -> Any:  # noqa: ANN401 - lxml's own
        """The file of a location."""
        _ = public_id
        self.asked += 1
        name = (system_url or "").removeprefix(_BASE)
        if name not in self.files:
            name = name.rpartition("/")[2]
        content = self.files.get(name)
        if content is None or self.asked > MAX_RESOLVED or xml.parse(content).root is None:
            self.absent.append(name)
            raise LookupError
        return self.resolve_string(content, context, base_url=_BASE + name)


def _faults(main: str, error: etree.XMLSchemaParseError, resolver: _Memory) -> tuple[Finding, ...]:
    absent = [_fault(main, 0, "xsd_absent", name) for name in dict.fromkeys(resolver.absent)]
    if absent:
        return tuple(absent)
    places = {((entry.filename or main).removeprefix(_BASE), entry.line) for entry in error.error_log}
    return tuple(_fault(name, line, "xsd_invalid") for name, line in sorted(places)) or (
        _fault(main, 0, "xsd_invalid"),
    )


def _fault(name: str, line: int, rule: str, *params: str) -> Finding:
    de, en = _SENTENCES[rule]
    return Finding(f"{name}#/{line}", rule, de.format(*params), en.format(*params))
