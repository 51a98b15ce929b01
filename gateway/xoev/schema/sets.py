"""Schema sets: unmodified XSD files of a standard, compiled offline wherever their schemaLocations point.

Knows: that every location is answered from the sets at hand and nothing is ever fetched. Never does: I/O, edit a file
(locations are answered in memory only), accept a document type unless the caller knows the file by its digest.
Standard: XML Schema 1.0 part 1 §4.2 (W3C). Start reading: `compile_set`; the walk is in `reach.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from lxml import etree

from gateway.model import Finding, Severity
from gateway.xoev.schema.faults import judges_differ, not_installed, schema_fault
from gateway.xoev.schema.reach import Reach, SchemaPart, SchemaSet, find
from gateway.xoev.schema.second_judge import SecondJudge
from gateway.xoev.schema.weight import is_too_heavy

__all__ = ["CompiledSet", "SchemaPart", "SchemaSet", "compile_file", "compile_set", "find", "judged"]

_GLOBAL: Final = frozenset({"element", "attribute", "complexType", "simpleType", "group", "attributeGroup"})


class CompiledSet:
    """A schema set as a validator. Safe from several threads.

    `namespaces` are those that documents of the set may have, `parts` all files in reach (the one to begin with first),
    `notices` the imports that no set could answer. `named` finds what the files declare for everybody: its keys are
    kind, namespace and local name, the value is the declaration and its file. `second` judges where libxml2 refuses.
    """

    def __init__(self, top: etree._Element, namespaces: tuple[str, ...], reach: Reach, second: SecondJudge) -> None:
        self.namespaces, self.parts, self.notices = namespaces, reach.parts, tuple(reach.notices)
        self.second = second
        self.named: Mapping[tuple[str, str, str], tuple[etree._Element, SchemaPart]] = {
            (str(etree.QName(declaration).localname), part.namespace, declaration.get("name", "")): (declaration, part)
            for part in self.parts
            for declaration in part.root.iterchildren(etree.Element)
            if etree.QName(declaration).localname in _GLOBAL
        }
        self._top = top
        self._compiled = etree.XMLSchema(top)
        self._filling: etree.XMLSchema | None = None
        self._lock = threading.Lock()

    @property
    def source(self) -> bytes:
        """The exact bytes of the file to begin with."""
        return self.parts[0].source

    @property
    def validator(self) -> tuple[etree.XMLSchema, threading.Lock]:
        """What is compiled, and the lock to hold while asking it."""
        return self._compiled, self._lock

    def errors(self, document: etree._Element) -> tuple[etree._LogEntry, ...]:
        """Everything that libxml2 finds wrong; empty for a valid document."""
        with self._lock:
            return judged(self._compiled, document)

    def fill(self, document: etree._Element) -> tuple[etree._LogEntry, ...]:
        """As `errors`, and write the attributes that the schema fixes into `document`; give it a copy."""
        with self._lock:
            if self._filling is None:
                self._filling = etree.XMLSchema(self._top, attribute_defaults=True)
            return judged(self._filling, document)


def judged(schema: etree.XMLSchema, document: etree._Element) -> tuple[etree._LogEntry, ...]:
    """Everything that libxml2 finds wrong; empty for a valid document. Whoever asks holds the lock of the schema."""
    try:
        if schema.validate(document):
            return ()
    except etree.XMLSchemaValidateError:
        pass  # libxml2 gave up, for instance on a pattern with too many ways; its log says so
    return tuple(schema.error_log)


def compile_set(
    first: SchemaSet, others: Sequence[SchemaSet] = (), start: str | None = None
) -> tuple[CompiledSet | None, tuple[Finding, ...]]:
    """Compile the XSD files of a set together with what they import.

    Args:
        first: the set that documents are written for.
        others: sets that may be imported from; of several with the same namespace the first one counts, and a
            namespace that `first` has itself is taken from there.
        start: the file of `first` that documents are written for; None for every file.

    Returns:
        the validator and no findings, or None and every fault with pointers `<set>/<file>#/<line>`. An import that no
        set can answer is only a notice as long as nothing of it is used.
    """
    if start is not None and start not in first.files:
        return None, (schema_fault(start, 0, "xsd_missing"),)
    reach = Reach((first, *others), start)
    namespaces = reach.walk()
    if reach.faults:
        return None, (*reach.faults, *reach.notices)
    if is_too_heavy(reach.roots.values()):
        return None, (schema_fault(reach.name, 0, "xsd_heavy"), *reach.notices)
    address, texts = reach.texts(namespaces)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    parser.resolvers.add(_Known(texts))
    top = etree.fromstring(texts[address], parser, base_url=address)
    second = SecondJudge(address, texts)
    try:
        return CompiledSet(top, namespaces, reach, second), ()
    except etree.XMLSchemaParseError as error:
        stopping = [replace(notice, severity=Severity.ERROR) for notice in reach.notices]
        differing = [] if stopping or not second.takes() else [judges_differ(reach.name)]
        return None, (*stopping, *_invalid(reach, error), *differing)


def compile_file(
    namespace: str, name: str, sets: Sequence[SchemaSet]
) -> tuple[CompiledSet | None, tuple[Finding, ...]]:
    """Compile a schema file by its namespace and file name, from whichever set has it first; else as `compile_set`."""
    located = find(sets, namespace, name)
    if located is None:
        return None, (not_installed(name, namespace),)
    first, path = located
    return compile_set(first, [schema_set for schema_set in sets if schema_set is not first], path)


class _Known(etree.Resolver):
    """Answers every location from memory; what is not there is empty and never looked for elsewhere."""

    def __init__(self, texts: Mapping[str, bytes]) -> None:
        self._texts = texts

    def resolve(self, system_url: str | None, public_id: str | None, context: Any) -> Any:  # noqa: ANN401 - opaque in lxml
        """The text of an address that `Reach` gave."""
        _ = public_id
        text = self._texts.get(system_url or "")
        return self.resolve_empty(context) if text is None else self.resolve_string(text, context, base_url=system_url)


def _follows(message: str, reach: Reach) -> bool:
    """Whether a reference only fails because what it refers to belongs to an absent namespace."""
    unresolved = "does not resolve to" in message
    return unresolved and any((f"'{{{namespace}}}" if namespace else "'") in message for namespace in reach.absent)


def _invalid(reach: Reach, error: etree.XMLSchemaParseError) -> tuple[Finding, ...]:
    """What libxml2 says, by file and line; it names parts of the schema, never data of a document.

    Errors that only follow from a missing part are left out: that part is reported.
    """
    entries = [entry for entry in error.error_log if entry.level >= etree.ErrorLevels.ERROR]
    entries = [entry for entry in entries if not _follows(entry.message or "", reach)]
    faults = [schema_fault(reach.place(entry.filename), entry.line, "xsd_invalid", entry.message) for entry in entries]
    if faults or reach.notices:
        return tuple(dict.fromkeys(faults))
    return (schema_fault(reach.place(None), 0, "xsd_invalid", str(error)),)
