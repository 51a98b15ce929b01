"""Writing and validating a message: libxml2 decides, the findings speak of the portal's record.

Knows: which element or attribute came from which place. Never does: show an XML path or a value to the portal.
Standard: XML Schema 1.0, Exclusive C14N 1.0 (W3C). Start reading: `document`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lxml import etree

from gateway.model import Document, Finding, Severity
from gateway.xoev.codes.document_codes import UNJUDGED, Offence
from gateway.xoev.latin.datatypes import MEANING, Datatype, offence
from gateway.xoev.latin.normaliser import suggestion
from gateway.xoev.message.entries import MessageMapping
from gateway.xoev.message.filling import FilledMessage
from gateway.xoev.record.own_rules import asked
from gateway.xoev.record.sentences import finding
from gateway.xoev.schema.compiled_xsd import FACET_RULES, Facets
from gateway.xoev.schema.sets import CompiledSet
from gateway.xoev.schematron import RuleSet
from gateway.xoev.xml.strict_xml import canonical

MEDIA_TYPE: Final = "application/xml"
_REPEATS: Final = frozenset({"SCHEMAV_CVC_DATATYPE_VALID_1_2_1", "SCHEMAV_CVC_ATTRIBUTE_3", "SCHEMAV_CVC_TYPE_3_1_3"})
"""What libxml2 says once more about a text whose facet it named before."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What a valid document is asked: what speaks against its codes, and the rules of its standard at a moment."""

    codes: Callable[[etree._Element], Iterable[Offence]]
    rules: Sequence[RuleSet]
    at: datetime


def document(
    mapping: MessageMapping,
    schema: CompiledSet,
    filled: FilledMessage,
    form: etree._Element | None = None,
    asking: Asking | None = None,
) -> tuple[Document | None, list[Finding]]:
    """Write the filled message as XML and let its schema judge it.

    Args:
        mapping: names standard, schema and prefix.
        schema: the compiled set.
        filled: what `filling.fill` gave.
        form: the root of the whole form as XML, for a mapping that embeds it.
        asking: what a valid document is asked besides. Codes whose list is not at hand are let pass.

    Returns:
        the document and findings that stop nothing, or None and every finding with a pointer into the create body.
    """
    writer = _Writer(form)
    root = writer.root(mapping, filled)
    findings = writer.findings or list(_judged(schema, root, writer.origins))
    if not findings and asking is not None:
        findings = [*_coded(asking.codes(root), root, writer.origins), *_ruled(asking, root, writer.origins)]
    if any(result.severity is Severity.ERROR for result in findings):
        return None, findings
    content = canonical(root)
    digest = hashlib.sha256(content).hexdigest()
    return Document(content, mapping.standard, mapping.schema_uri, mapping.namespace, MEDIA_TYPE, digest), findings


class _Writer:
    """Writes elements and remembers where each came from."""

    def __init__(self, form: etree._Element | None) -> None:
        self.form = form
        self.origins: dict[tuple[etree._Element, str], FilledMessage] = {}
        self.findings: list[Finding] = []

    def root(self, mapping: MessageMapping, filled: FilledMessage) -> etree._Element:
        root = etree.Element(filled.slot.tag, nsmap={mapping.prefix: mapping.namespace})
        self.below(root, filled)
        return root

    def below(self, element: etree._Element, filled: FilledMessage) -> None:
        self.origins[element, ""] = filled
        entry = filled.slot.entry
        if entry is not None and entry.embeds and self.form is not None:
            element.append(deepcopy(self.form))
        try:
            if filled.text is not None:
                element.text = filled.text
        except ValueError:
            self.findings.append(finding(filled.pointer, "format", filled.slot.label, limit="XML 1.0"))
        for child in filled.children:
            if child.slot.attribute:
                self.attribute(element, child)
            else:
                self.below(etree.SubElement(element, child.slot.tag), child)

    def attribute(self, element: etree._Element, filled: FilledMessage) -> None:
        self.origins[element, filled.slot.tag] = filled
        try:
            element.set(filled.slot.tag, filled.text or "")
        except ValueError:
            self.findings.append(finding(filled.pointer, "format", filled.slot.label, limit="XML 1.0"))


def _judged(
    schema: CompiledSet, root: etree._Element, origins: dict[tuple[etree._Element, str], FilledMessage]
) -> Iterator[Finding]:
    errors = schema.errors(root)
    if not errors:
        return
    namespaces = _namespaces(root)
    seen: set[tuple[str, str]] = set()
    faceted: set[str] = set()
    for error in errors:
        result = _translated(error, _origin(error.path or "/*", root, origins, namespaces), faceted)
        if result is not None and (result.pointer, result.rule) not in seen:
            seen.add((result.pointer, result.rule))
            yield result


def _coded(
    offences: Iterable[Offence], root: etree._Element, origins: dict[tuple[etree._Element, str], FilledMessage]
) -> Iterator[Finding]:
    """What portals can mend: a code of theirs that its list does not know, at its place in the create body."""
    namespaces = _namespaces(root)
    seen: set[tuple[str, str, str]] = set()
    for code_offence in offences:
        holder = next(code_offence.element.iterchildren(etree.Element), code_offence.element)
        origin = _origin(holder.getroottree().getpath(holder), root, origins, namespaces)
        key = (origin.pointer, code_offence.rule, code_offence.about)
        if code_offence.rule not in UNJUDGED and key not in seen:
            seen.add(key)
            yield code_offence.finding(origin.pointer)


def _ruled(
    asking: Asking, root: etree._Element, origins: dict[tuple[etree._Element, str], FilledMessage]
) -> list[Finding]:
    """What the rules of the standard say, at places of the create body."""
    pointers = {element: origin.pointer for (element, attribute), origin in origins.items() if not attribute}
    return [broken for rules in asking.rules for broken in asked(rules, root, pointers, asking.at)]


def _namespaces(root: etree._Element) -> dict[str, str]:
    return {prefix: uri for element in root.iter() for prefix, uri in element.nsmap.items() if prefix}


def _origin(
    path: str,
    root: etree._Element,
    origins: dict[tuple[etree._Element, str], FilledMessage],
    namespaces: dict[str, str],
) -> FilledMessage:
    element_path, _, name = path.partition("/@")
    nodes = root.getroottree().xpath(element_path, namespaces=namespaces)
    element = next((node for node in nodes if isinstance(node, type(root))), root) if isinstance(nodes, list) else root
    while (element, "") not in origins and (parent := element.getparent()) is not None:
        element = parent  # inside what was embedded
    return origins.get((element, name)) or origins[element, ""]


def _translated(error: etree._LogEntry, origin: FilledMessage, faceted: set[str]) -> Finding | None:
    slot = origin.slot
    rule, facet = FACET_RULES.get(error.type_name, ("", ""))
    if error.type_name in _REPEATS and origin.pointer in faceted:
        return None
    if not rule or slot.simple is None:
        limit = error.type_name.removeprefix("SCHEMAV_").lower()
        return finding(origin.pointer, "schema", slot.label, limit=limit)
    faceted.add(origin.pointer)
    if rule == "pattern" and slot.simple.latin is not None:
        return _characters(origin, slot.simple.latin)
    return finding(origin.pointer, rule, slot.label, limit=_limit(slot.simple.facets, facet))


def _characters(origin: FilledMessage, datatype: Datatype) -> Finding:
    text = origin.text or ""
    position = offence(text, datatype) or 0
    de, en = MEANING[datatype]
    suggestion_de, suggestion_en = suggestion(text[position : position + 1] or " ", datatype)
    return finding(
        origin.pointer,
        "characters",
        origin.slot.label,
        position=position + 1,
        datatype=datatype.value,
        allowed_de=de,
        allowed_en=en,
        suggestion_de=suggestion_de,
        suggestion_en=suggestion_en,
    )


def _limit(facets: Facets, facet: str) -> str:
    value = getattr(facets, facet)
    if facet == "fraction_digits":
        return f"{10 ** -int(value):f}".rstrip("0")
    return ", ".join(value) if isinstance(value, tuple) else str(value)
