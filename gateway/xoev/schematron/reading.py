"""Reading a Schematron file: every fault at once, each with its line.

Knows: the elements of ISO Schematron and how abstract rules and patterns unfold (`unfolding.py`).
Never does: open a file (inclusions come from a table of files), load what it cannot ask in full.
Standard: ISO/IEC 19757-3:2016 clause 5 and annexes. Start reading: `read`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, TypeVar

from lxml import etree

from gateway.model import Finding, Severity
from gateway.xoev.schematron import faults
from gateway.xoev.schematron.contexts import context
from gateway.xoev.schematron.faults import SCH, Faults, local
from gateway.xoev.schematron.model import (
    ALL,
    Check,
    Let,
    Phase,
    RuleMessage,
    RulePattern,
    RuleSet,
    SchematronRule,
    XPathValue,
)
from gateway.xoev.schematron.unfolding import LIMITS, Sources, unfold
from gateway.xoev.schematron.xpath import Expression, Unreadable, expression
from gateway.xoev.xml import strict_xml

MAX_CHECKS: Final = 20_000
_BINDINGS: Final = frozenset({"xslt2", "xpath2"})
_SEVERITIES: Final[Mapping[str, Severity]] = {
    "fatal": Severity.ERROR,
    "error": Severity.ERROR,
    "warning": Severity.WARNING,
    "warn": Severity.WARNING,
    "info": Severity.INFO,
    "information": Severity.INFO,
    "hint": Severity.INFO,
}
_IDENTIFIER: Final = re.compile(r"[A-Za-z0-9._:-]{1,120}")
_XML_LANG: Final = "{http://www.w3.org/XML/1998/namespace}lang"
_KNOWN: Final[Mapping[str, frozenset[str]]] = {
    "schema": frozenset({"title", "p", "ns", "let", "pattern", "phase", "diagnostics", "properties", "include"}),
    "pattern": frozenset({"title", "p", "let", "rule", "param", "include"}),
    "rule": frozenset({"p", "let", "assert", "report", "extends", "include"}),
    "phase": frozenset({"p", "let", "active", "include"}),
}
_T = TypeVar("_T")


def read(source: bytes, sources: Sources | None = None) -> tuple[RuleSet | None, tuple[Finding, ...]]:
    """Read a Schematron schema.

    Args:
        source: the file, at most 4 MiB.
        sources: relative name -> bytes of the files that `include` may name; none without it.

    Returns:
        the rules and no findings, or None and every fault; pointers are `/<line>`, in an included file
        `/<name>/<line>`.
    """
    parsed = strict_xml.parse(source, LIMITS)
    if parsed.root is None:
        return None, parsed.findings()
    noted = Faults()
    if parsed.root.tag != f"{SCH}schema":
        noted.add(parsed.root, "sch_root")
        return None, noted.findings()
    unfold(parsed.root, sources or {}, noted)
    rules = _Reader(parsed.root, noted).schema(hashlib.sha256(source).hexdigest())
    findings = noted.findings()
    return (None if findings else rules), findings


class _Reader:
    """One reading; goes on after a fault."""

    def __init__(self, root: etree._Element, noted: Faults) -> None:
        self.root = root
        self.noted = noted
        self.namespaces = {element.get("prefix", ""): element.get("uri", "") for element in root.findall(f"{SCH}ns")}
        self.language = _language(root, "de")
        self.diagnostics = {text.get("id", ""): text for text in root.iterfind(f"{SCH}diagnostics/{SCH}diagnostic")}
        self.checks = 0

    def schema(self, digest: str) -> RuleSet:
        root = self.root
        if root.get("queryBinding", "xslt").lower() not in _BINDINGS:
            self.noted.add(root, "sch_binding")
        self.known(root)
        concrete = (part for part in root.findall(f"{SCH}pattern") if part.get("abstract") != "true")
        patterns = tuple(map(self.pattern, concrete))
        phases = {element.get("id", ""): self.phase(element) for element in root.findall(f"{SCH}phase")}
        pattern_ids = {pattern.id for pattern in patterns}
        for element, phase in zip(root.findall(f"{SCH}phase"), phases.values(), strict=False):
            if phase.active - pattern_ids:
                self.noted.add(element, "sch_unknown", ", ".join(sorted(phase.active - pattern_ids)))
        chosen = root.get("defaultPhase", ALL)
        if chosen != ALL and chosen not in phases:
            self.noted.add(root, "sch_unknown", chosen)
        title = " ".join(root.findtext(f"{SCH}title", "").split())
        return RuleSet(title, digest, self.namespaces, self.lets(root), patterns, phases, chosen)

    def known(self, element: etree._Element) -> None:
        """Notes children that the standard does not have there, and XSLT, which is not executed."""
        allowed = _KNOWN[local(element)]
        for child in element.iterchildren(etree.Element):
            if str(child.tag).startswith(faults.XSL):
                self.noted.add(child, "sch_xslt", local(child))
            elif str(child.tag).startswith(SCH) and local(child) not in allowed:
                self.noted.add(child, "sch_element", local(child), ", ".join(sorted(allowed)))

    def phase(self, element: etree._Element) -> Phase:
        self.known(element)
        return Phase(self.lets(element), frozenset(part.get("pattern", "") for part in element.findall(f"{SCH}active")))

    def pattern(self, element: etree._Element) -> RulePattern:
        self.known(element)
        if element.get("documents") is not None:
            self.noted.add(element, "sch_documents")
        name = self.identifier(element, "pattern")
        rules = [rule for rule in element.findall(f"{SCH}rule") if rule.get("abstract") != "true"]
        return RulePattern(name, self.lets(element), tuple(parsed for rule in rules if (parsed := self.rule(rule))))

    def rule(self, element: etree._Element) -> SchematronRule | None:
        self.known(element)
        text = element.get("context")
        if text is None:
            self.noted.add(element, "sch_attribute", "context")
            return None
        rule_context = self.readable(element, "context", lambda: context(text, self.namespaces))
        checks = tuple(
            check
            for child in element.iterchildren(f"{SCH}assert", f"{SCH}report")
            if (check := self.check(child, element)) is not None
        )
        if rule_context is None:
            return None
        name = self.identifier(element, "rule")
        line, role = element.sourceline or 0, element.get("role", "")
        return SchematronRule(name, line, rule_context, self.lets(element), checks, role)

    def check(self, element: etree._Element, rule: etree._Element) -> Check | None:
        self.checks += 1
        if self.checks == MAX_CHECKS + 1:
            self.noted.add(element, "sch_too_many", str(MAX_CHECKS))
        if self.checks > MAX_CHECKS:
            return None
        test = self.expression(element, "test")
        if test is None:
            return None
        role, flag = (str(element.get(name) or rule.get(name, "")) for name in ("role", "flag"))
        weights = [_SEVERITIES[word] for word in (role.lower(), flag.lower()) if word in _SEVERITIES]
        named = tuple(element.get("diagnostics", "").split())
        return Check(
            id=self.identifier(element, local(element)),
            line=element.sourceline or 0,
            test=test,
            report=local(element) == "report",
            severity=weights[0] if weights else Severity.ERROR,
            role=role,
            flag=flag if _IDENTIFIER.fullmatch(flag) else "",
            messages=tuple(self.messages(element, named)),
            diagnostics=tuple(name for name in named if name in self.diagnostics),
        )

    def messages(self, element: etree._Element, diagnostics: Iterable[str]) -> Iterator[RuleMessage]:
        """The text of a check, then its diagnostics in other languages."""
        own = _language(element, self.language)
        yield RuleMessage(own, tuple(self.parts(element)))
        for name in diagnostics:
            diagnostic = self.diagnostics.get(name)
            if diagnostic is None:
                self.noted.add(element, "sch_unknown", name)
            elif (language := _language(diagnostic, self.language)) != own:
                yield RuleMessage(language, tuple(self.parts(diagnostic)))

    def parts(self, element: etree._Element) -> Iterator[str | XPathValue]:
        yield str(element.text or "")
        for child in element:
            if child.tag == f"{SCH}value-of":
                value = self.expression(child, "select")
                if value is not None:
                    yield XPathValue(value)
            elif child.tag == f"{SCH}name":
                path = self.expression(child, "path") if child.get("path") is not None else None
                yield XPathValue(path or expression(".", {}), name=True)
            elif isinstance(child.tag, str):
                yield from self.parts(child)
            yield str(child.tail or "")

    def lets(self, element: etree._Element) -> tuple[Let, ...]:
        lets: list[Let] = []
        for let in element.findall(f"{SCH}let"):
            name = let.get("name")
            if name is None:
                self.noted.add(let, "sch_attribute", "name")
            value = self.expression(let, "value")
            if name is not None and value is not None:
                lets.append(Let(name, value))
        return tuple(lets)

    def expression(self, element: etree._Element, attribute: str) -> Expression | None:
        text = element.get(attribute)
        if text is None:
            self.noted.add(element, "sch_attribute", attribute)
            return None
        return self.readable(element, attribute, lambda: expression(text, self.namespaces))

    def readable(self, element: etree._Element, attribute: str, make: Callable[[], _T]) -> _T | None:
        try:
            return make()
        except Unreadable:
            self.noted.add(element, "sch_xpath", attribute)
            return None

    def identifier(self, element: etree._Element, kind: str) -> str:
        """The id of an element, or one from its line; both fit an `xs:NMTOKEN`."""
        name = element.get("id", "")
        return name if _IDENTIFIER.fullmatch(name) else f"{kind}-{element.sourceline or 0}"


def _language(element: etree._Element, inherited: str) -> str:
    """The language of a text without region, as `de`."""
    return element.get(_XML_LANG, inherited).partition("-")[0].lower()
