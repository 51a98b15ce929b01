"""Asking rules of a document: for each pattern the first rule that matches a node, for each rule all its checks.

Knows: order, variables, messages. Never does: stop at the first failure; put a value of the document into a message
unless it is asked to. Standard: ISO/IEC 19757-3 §6.4. Start reading: `run`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from elementpath.xpath_nodes import AttributeNode, ElementNode, XPathNode
from lxml import etree

from gateway.xoev.schematron.budget import Budget, Exhausted
from gateway.xoev.schematron.contexts import Elements
from gateway.xoev.schematron.model import (
    ALL,
    Asked,
    Check,
    Failed,
    Let,
    Phase,
    RuleBroken,
    RuleMessage,
    RuleOutcome,
    RulePattern,
    RuleSet,
    SchematronRule,
    XPathValue,
)
from gateway.xoev.schematron.xpath import TROUBLE, Counted, Variables, context_of
from gateway.xoev.xml.paths import readable_path

MAX_FAILED: Final = 1_000
"""Failures that are reported; of more only the fact is."""
_HIDDEN: Final = "…"


def run(  # noqa: PLR0913 - what a caller may choose, each by name
    rules: RuleSet,
    root: etree._Element,
    at: datetime,
    *,
    phase: str | None = None,
    budget: Budget | None = None,
    values: bool = False,
) -> RuleOutcome:
    """Ask a rule set of a document.

    Args:
        rules: as `reading.read` gave them.
        root: the root element of a parsed document; it is not changed.
        at: the moment of the check with time zone, for rules that ask for the current day.
        phase: its id, `#ALL`, or None for the default phase; an unknown one raises `KeyError`.
        budget: what all rules together may use up; None for `budget.STEPS`.
        values: whether messages may repeat what the document holds; otherwise `…` stands there.

    Returns:
        what was broken; never an exception for any document or rule.
    """
    name = rules.default_phase if phase is None else phase
    chosen = None if name == ALL else rules.phases[name]
    asking = _Asking(rules, root, at, budget or Budget(), values=values)
    return asking.all(name, chosen)


class _Enough(Exception):
    """More failures than are reported."""


class _Asking:
    """One run; remembers how far it came."""

    def __init__(self, rules: RuleSet, root: etree._Element, at: datetime, budget: Budget, *, values: bool) -> None:
        self.rules = rules
        self.root = root
        self.at = at
        self.budget = budget
        self.values = values
        self.left = MAX_FAILED
        self.done: list[tuple[RulePattern, list[_Tally]]] = []
        self.place = ""
        self.fixed: dict[str, bool] = {}

    def all(self, name: str, phase: Phase | None) -> RuleOutcome:
        broken: RuleBroken | None = None
        cut = False
        try:
            self.patterns(phase)
        except Exhausted:
            broken = RuleBroken.BUDGET
        except _Enough:
            cut = True
        except TROUBLE:
            broken = RuleBroken.EVALUATION
        asked = tuple((pattern, tuple(tally.asked() for tally in tallies)) for pattern, tallies in self.done)
        return RuleOutcome(self.rules, name, asked, broken, self.place if broken else "", cut)

    def patterns(self, phase: Phase | None) -> None:
        self.place = "document"
        counted = context_of(self.root, self.budget, self.at)
        elements = Elements(self.root)
        self.place = "let"
        shared = self.bound(counted, counted.root, self.rules.lets, {})
        if phase is not None:
            shared = self.bound(counted, counted.root, phase.lets, shared)
        for pattern in self.rules.patterns:
            if phase is None or pattern.id in phase.active:
                self.pattern(counted, elements, pattern, shared)

    def pattern(self, counted: Counted, there: Elements, pattern: RulePattern, shared: Variables) -> None:
        tallies: list[_Tally] = []
        self.done.append((pattern, tallies))
        self.place = pattern.id
        variables = self.bound(counted, counted.root, pattern.lets, shared)
        taken: set[Any] = set()
        for rule in pattern.rules:
            tally = _Tally(rule)
            self.place = rule.id
            for node in rule.context.nodes(there, counted, variables):
                if node in taken or not isinstance(node, XPathNode):
                    continue
                taken.add(node)
                if not tally.count:
                    tallies.append(tally)
                tally.count += 1
                self.rule(counted, rule, node, variables, tally)

    def rule(self, counted: Counted, rule: SchematronRule, node: Any, variables: Variables, tally: _Tally) -> None:  # noqa: ANN401 - a node of elementpath's
        inner: Variables | None
        try:
            inner = self.bound(counted, node, rule.lets, variables)
        except TROUBLE:
            inner = None
        for check in rule.checks:
            self.place = check.id
            try:
                trouble = inner is None
                broken = inner is None or self.holds(counted, check, node, inner) is check.report
            except TROUBLE:
                broken = trouble = True
            if broken:
                if not self.left:
                    raise _Enough
                self.left -= 1
                tally.failed.append(self.failed(counted, check, node, inner or {}, trouble=trouble))

    def holds(self, counted: Counted, check: Check, node: Any, variables: Variables) -> bool:  # noqa: ANN401 - as above
        """The test of a check at a node; memoised where it says the same at every node."""
        if not check.test.fixed:
            return check.test.holds(counted, node, variables)
        known = self.fixed.get(check.test.text)
        if known is None:
            known = self.fixed[check.test.text] = check.test.holds(counted, node, variables)
        return known

    def failed(self, counted: Counted, check: Check, node: Any, variables: Variables, *, trouble: bool) -> Failed:  # noqa: ANN401 - as above
        element, location = _located(node, self.root)
        self.budget.spend(sum(len(above) for above in element.iterancestors()) >> 6)  # siblings that the path counts
        texts = {} if trouble else self.texts(counted, check.messages, node, variables)
        return Failed(check, element, location, element.sourceline or 0, texts, trouble)

    def texts(
        self,
        counted: Counted,
        messages: Iterable[RuleMessage],
        node: Any,  # noqa: ANN401 - as above
        variables: Variables,
    ) -> dict[str, str]:
        texts: dict[str, str] = {}
        for message in messages:
            parts = [
                part if isinstance(part, str) else self.said(counted, part, node, variables) for part in message.parts
            ]
            texts.setdefault(message.language, " ".join("".join(parts).split()))
        return texts

    def said(self, counted: Counted, value: XPathValue, node: Any, variables: Variables) -> str:  # noqa: ANN401 - as above
        try:
            if value.name:
                return _name_of(value.expression.value(counted, node, variables))
            return value.expression.text_at(counted, node, variables) if self.values else _HIDDEN
        except TROUBLE:
            return _HIDDEN

    @staticmethod
    def bound(counted: Counted, item: Any, lets: Iterable[Let], around: Variables) -> Mapping[str, Any]:  # noqa: ANN401 - as above
        variables = dict(around)
        for let in lets:
            variables[let.name] = let.value.value(counted, item, variables)
        return variables


class _Tally:
    """A rule while it is asked."""

    def __init__(self, rule: SchematronRule) -> None:
        self.rule = rule
        self.count = 0
        self.failed: list[Failed] = []

    def asked(self) -> Asked:
        return Asked(self.rule, self.count, tuple(self.failed))


def _located(node: XPathNode, root: etree._Element) -> tuple[etree._Element, str]:
    """The element that the node is or stands in, and a path that people can follow."""
    inside: object = node if isinstance(node, ElementNode) else node.parent
    end = f"/@{etree.QName(node.name or '').localname}" if isinstance(node, AttributeNode) else ""
    element = inside.value if isinstance(inside, ElementNode) else root
    assert isinstance(element, etree._Element)  # noqa: SLF001 - lxml names its element so
    return element, readable_path(element) + end


def _name_of(value: object) -> str:
    first = value[0] if isinstance(value, list) and value else value
    return str(getattr(first, "name", None) or "")
