"""Before rules are read: inclusions put in place, abstract patterns filled in, abstract rules copied where they extend.

Knows: the parsed tree of a Schematron file, which it changes. Never does: read a file that it was not given, unfold
without bound. Standard: ISO/IEC 19757-3:2016 §5.4.4, §5.4.5, §6.2, §6.3. Start reading: `unfold`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Final

from lxml import etree

from gateway.xoev.schematron.faults import SCH, Faults
from gateway.xoev.xml import strict_xml

Sources = Mapping[str, bytes]
"""Relative name -> content of the files beside the schema."""

LIMITS: Final = strict_xml.XmlLimits(size=4 << 20, depth=32)
MAX_INCLUDED: Final = 100
MAX_ELEMENTS: Final = 100_000
_NAME: Final = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*")
_EXPRESSIONS: Final = ("context", "test", "value", "select", "path")


def unfold(root: etree._Element, sources: Sources, noted: Faults) -> None:
    """Put everything in place that other parts of the schema, or files beside it, say.

    Args:
        root: the `sch:schema` element; it is changed.
        sources: files that may be included.
        noted: takes the faults.
    """
    _Unfolding(root, sources, noted).all()


class _Unfolding:
    """One unfolding; counts what it adds."""

    def __init__(self, root: etree._Element, sources: Sources, noted: Faults) -> None:
        self.root = root
        self.sources = sources
        self.noted = noted
        self.included = 0
        self.added = 0

    def all(self) -> None:
        self.include(self.root, ())
        abstract = {pattern.get("id", ""): pattern for pattern in self.root.findall(f"{SCH}pattern[@abstract='true']")}
        for pattern in self.root.findall(f"{SCH}pattern[@is-a]"):
            self.fill(pattern, abstract)
        rules = {rule.get("id", ""): rule for rule in self.root.iterfind(f"{SCH}pattern/{SCH}rule[@abstract='true']")}
        for rule in self.root.findall(f"{SCH}pattern/{SCH}rule"):
            if rule.get("abstract") != "true" and rule.getparent().get("abstract") != "true":  # type: ignore[union-attr] # a pattern
                self.extend(rule, rules, ())

    def include(self, element: etree._Element, above: tuple[str, ...]) -> None:
        """Replace each `include` below an element by the root of the file it names."""
        for include in list(element.iter(f"{SCH}include")):
            part, name = self.part(include, above)
            parent = include.getparent()
            if part is None or parent is None:
                continue
            self.noted.belongs(part, name)
            parent.replace(include, part)
            self.include(part, (*above, name))

    def part(self, element: etree._Element, above: tuple[str, ...]) -> tuple[etree._Element | None, str]:
        name = element.get("href", "")
        if name in above:
            self.noted.add(element, "sch_cycle", name)
            return None, name
        self.included += 1
        known = ", ".join(sorted(self.sources)[:20]) or "-"
        if not _NAME.fullmatch(name) or name not in self.sources or self.included > MAX_INCLUDED:
            self.noted.add(element, "sch_include", known)
            return None, name
        parsed = strict_xml.parse(self.sources[name], LIMITS)
        if parsed.root is None or not str(parsed.root.tag).startswith(SCH) or parsed.root.tag == f"{SCH}schema":
            self.noted.add(element, "sch_include", known)
            return None, name
        return parsed.root, name

    def fill(self, pattern: etree._Element, abstract: Mapping[str, etree._Element]) -> None:
        """Give a pattern the rules of the abstract one it `is-a`, with its own parameters."""
        model = abstract.get(pattern.get("is-a", ""))
        if model is None:
            self.noted.add(pattern, "sch_unknown", pattern.get("is-a", ""))
            return
        params = {param.get("name", ""): param.get("value", "") for param in pattern.findall(f"{SCH}param")}
        for child in model:
            if not self.afford(child, pattern):
                return
            copy = deepcopy(child)
            self.noted.belongs(copy, self.noted.file_of(child))
            for element in copy.iter(etree.Element):
                for attribute in _EXPRESSIONS:
                    text = element.get(attribute)
                    if text is not None:
                        element.set(attribute, _substituted(text, params))
            pattern.append(copy)

    def extend(self, rule: etree._Element, rules: Mapping[str, etree._Element], above: tuple[str, ...]) -> None:
        """Replace each `extends` of a rule by what the abstract rule holds; one of the same pattern comes first."""
        pattern = rule.getparent()
        near = (
            {}
            if pattern is None
            else {candidate.get("id", ""): candidate for candidate in pattern.findall(f"{SCH}rule[@abstract='true']")}
        )
        for extends in rule.findall(f"{SCH}extends"):
            name = extends.get("rule", "")
            model = near.get(name, rules.get(name))
            if name in above:
                self.noted.add(extends, "sch_cycle", name)
            elif model is None:
                self.noted.add(extends, "sch_unknown", name or extends.get("href", ""))
            else:
                if model.find(f"{SCH}extends") is not None:
                    self.extend(model, rules, (*above, name))
                if not self.afford(model, extends):
                    return
                for child in model:
                    extends.addprevious(copied := deepcopy(child))
                    self.noted.belongs(copied, self.noted.file_of(child))
            rule.remove(extends)

    def afford(self, model: etree._Element, element: etree._Element) -> bool:
        """Whether the copied elements stay within the limit; one fault where they do not."""
        before = self.added
        self.added += sum(1 for _ in model.iter())
        if before <= MAX_ELEMENTS < self.added:
            self.noted.add(element, "sch_too_many", str(MAX_ELEMENTS))
        return self.added <= MAX_ELEMENTS


def _substituted(text: str, params: Mapping[str, str]) -> str:
    """An expression with `$name` replaced; other variables stay."""
    return re.sub(r"\$([\w.-]+)", lambda match: params.get(match[1], match[0]), text)
