"""Writing and validating a document: the XSD judges it, findings point into the portal's record.

Knows: which element came from which place of the record. Never does: show an XML path or a value to the portal.
Standard: XML Schema 1.0. Start reading: `document`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Final

from lxml import etree

from gateway.model import Document, Finding, Severity
from gateway.xoev.form.filling import FilledForm, FillingPlan
from gateway.xoev.record.own_rules import asked
from gateway.xoev.record.sentences import finding
from gateway.xoev.schema.compiled_xsd import FACET_RULES, Schema
from gateway.xoev.schematron import RuleSet
from gateway.xoev.xml.strict_xml import canonical

MEDIA_TYPE: Final = "application/xml"


def document(
    schema: Schema, filled: FilledForm, *, standard: str, schema_uri: str, rules: RuleSet | None = None
) -> tuple[Document | None, list[Finding]]:
    """Write the filled form as XML and let the XSD judge it, then the rules of the service.

    Args:
        schema: the document schema the plan was made for.
        filled: what `filling.fill` gave.
        standard: name of the standard, kept with the document.
        schema_uri: the address under which the receiver knows the schema.
        rules: what the schema cannot say; asked of a valid document only.

    Returns:
        the document and findings that stop nothing, or None and every finding; pointers are into the record.
    """
    findings: list[Finding] = []
    root = _write(schema, filled, findings)
    unwritten = {finding.pointer for finding in findings}
    findings += (finding for finding in _judge(schema, root, filled) if finding.pointer not in unwritten)
    if not findings and rules is not None:
        origins = _origins(root, filled)
        findings = asked(rules, root, {element: origin.pointer for element, origin in origins.items()})
    if any(finding.severity is Severity.ERROR for finding in findings):
        return None, findings
    content = canonical(root)
    return Document(
        content, standard, schema_uri, schema.namespace, MEDIA_TYPE, hashlib.sha256(content).hexdigest()
    ), findings


def _write(schema: Schema, filled: FilledForm, findings: list[Finding]) -> etree._Element:
    """The form as XML: one element for each filled one, in the same order."""
    root = etree.Element(schema.root.tag, dict(schema.root.attributes), schema.prefixes)

    def below(parent: etree._Element, children: Iterable[FilledForm]) -> None:
        for child in children:
            node = child.plan.node
            element = etree.SubElement(parent, node.tag, dict(node.attributes) if node.attributes else None)
            if child.text is None:
                below(element, child.children)
                continue
            if node.code:
                element = etree.SubElement(element, node.code)
            try:
                element.text = child.text
            except ValueError:
                findings.append(finding(child.pointer, "format", child.plan.label, limit="XML 1.0"))

    below(root, filled.children)
    return root


def _judge(schema: Schema, root: etree._Element, filled: FilledForm) -> Iterator[Finding]:
    errors = schema.errors(root)
    if not errors:
        return
    by_element = _origins(root, filled)
    seen: set[tuple[str, str]] = set()
    faceted: set[str] = set()
    for error in errors:
        elements = root.getroottree().xpath(error.path or "/*", namespaces=schema.prefixes)
        origin = next((by_element[element] for element in elements if element in by_element), by_element[root])
        result = _translate(error, origin, faceted)
        if result is not None and (result.pointer, result.rule) not in seen:
            seen.add((result.pointer, result.rule))
            yield result


def _origins(root: etree._Element, filled: FilledForm) -> dict[etree._Element, FilledForm]:
    """What each element was made of; a code and the element around it are made of one."""
    origins = (origin for child in filled.walk() for origin in (child,) * (2 if child.plan.node.code else 1))
    return dict(zip(root.iter(), origins, strict=True))


def _translate(error: etree._LogEntry, origin: FilledForm, faceted: set[str]) -> Finding | None:
    plan = origin.plan
    if error.type_name in FACET_RULES and plan.node.facets is not None:
        rule, facet = FACET_RULES[error.type_name]
        if rule == "format" and origin.pointer in faceted:
            return None  # libxml2 says once more that the value is not of the type whose facet it named before
        faceted.add(origin.pointer)
        return finding(origin.pointer, rule, plan.label, limit=_limit(plan, facet))
    return finding(origin.pointer, "schema", plan.label, limit=error.type_name.removeprefix("SCHEMAV_").lower())


def _limit(plan: FillingPlan, facet: str) -> str:
    value = getattr(plan.node.facets, facet)
    if value is None:
        return "-"  # the limit stands in a base type of a published XSD
    if facet == "fraction_digits":
        return "0." + "0" * (int(value) - 1) + "1"
    return ", ".join(value) if isinstance(value, tuple) else str(value)
