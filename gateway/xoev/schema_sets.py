"""Schema sets: unmodified XSD files of a standard, compiled offline wherever their schemaLocations point.

Knows: that every location is answered from the sets at hand and nothing is ever fetched. Never does: I/O, edit a file
(locations are answered in memory only), accept a document type unless the caller knows the file by its digest.
Standard: XML Schema 1.0 part 1 §4.2 (W3C). Start reading: `compile_set`; the walk is in `schema_reach.py`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lxml import etree

from gateway.model import Finding
from gateway.xoev.schema_faults import schema_fault
from gateway.xoev.schema_reach import Reach, SchemaSet
from gateway.xoev.schema_weight import is_too_heavy

__all__ = ["CompiledSet", "SchemaSet", "compile_set"]


@dataclass(frozen=True, slots=True)
class CompiledSet:
    """A schema set as a validator.

    `namespaces` are those that documents of the set may have, `schemas` the roots of all files in reach (read them
    only), `notices` the imports that no set could answer.
    """

    namespaces: tuple[str, ...]
    schemas: tuple[etree._Element, ...] = field(repr=False)
    notices: tuple[Finding, ...]
    _compiled: etree.XMLSchema = field(repr=False)
    _filling: etree.XMLSchema = field(repr=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def errors(self, document: etree._Element) -> tuple[etree._LogEntry, ...]:
        """Everything that libxml2 finds wrong; empty for a valid document. Safe from several threads."""
        return self._judge(self._compiled, document)

    def fill(self, document: etree._Element) -> tuple[etree._LogEntry, ...]:
        """As `errors`, and write the attributes that the schema fixes into `document`; give it a copy."""
        return self._judge(self._filling, document)

    def _judge(self, schema: etree.XMLSchema, document: etree._Element) -> tuple[etree._LogEntry, ...]:
        with self._lock:
            try:
                if schema.validate(document):
                    return ()
            except etree.XMLSchemaValidateError:
                pass  # libxml2 gave up, for instance on a pattern; its log says so
            return tuple(schema.error_log)


def compile_set(first: SchemaSet, others: Sequence[SchemaSet] = ()) -> tuple[CompiledSet | None, tuple[Finding, ...]]:
    """Compile every XSD of a set together with what it imports.

    Args:
        first: the set that documents are written for.
        others: sets that may be imported from; of several with the same namespace the first one counts, and a
            namespace that `first` has itself is taken from there.

    Returns:
        the validator and no findings, or None and every fault with pointers `<set>/<file>#/<line>`. An import that no
        set can answer is only a notice as long as nothing of it is used.
    """
    reach = Reach((first, *others))
    namespaces = reach.walk()
    if reach.faults:
        return None, (*reach.faults, *reach.notices)
    if is_too_heavy(reach.roots.values()):
        return None, (schema_fault(first.name, 0, "xsd_heavy"), *reach.notices)
    address, texts = reach.texts(namespaces)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    parser.resolvers.add(_Known(texts))
    top = etree.fromstring(texts[address], parser, base_url=address)
    try:
        compiled = etree.XMLSchema(top)
        filling = etree.XMLSchema(top, attribute_defaults=True)
    except etree.XMLSchemaParseError as error:
        return None, (*_invalid(reach, error), *reach.notices)
    return CompiledSet(namespaces, tuple(reach.roots.values()), tuple(reach.notices), compiled, filling), ()


class _Known(etree.Resolver):
    """Answers every location from memory; what is not there is empty and never looked for elsewhere."""

    def __init__(self, texts: Mapping[str, bytes]) -> None:
        self._texts = texts

    def resolve(self, system_url: str | None, public_id: str | None, context: Any) -> Any:  # noqa: ANN401 - opaque in lxml
        """The text of an address that `Reach` gave."""
        _ = public_id
        text = self._texts.get(system_url or "")
        return self.resolve_empty(context) if text is None else self.resolve_string(text, context, base_url=system_url)


def _invalid(reach: Reach, error: etree.XMLSchemaParseError) -> tuple[Finding, ...]:
    """What libxml2 says, by file and line; it names parts of the schema, never data of a document."""
    said = [entry for entry in error.error_log if entry.level >= etree.ErrorLevels.ERROR]
    found = [schema_fault(reach.place(one.filename), one.line, "xsd_invalid", one.message) for one in said]
    return tuple(dict.fromkeys(found)) or (schema_fault(reach.place(None), 0, "xsd_invalid", str(error)),)
