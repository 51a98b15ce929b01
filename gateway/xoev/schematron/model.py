"""Rules as values, and what asking them gave.

Knows: patterns, rules, checks, messages; outcomes by pattern and rule. Never does: read or run them.
Standard: ISO/IEC 19757-3, SVRL. Start reading: `RuleSet`, then `RuleOutcome`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lxml import etree

from gateway.model import Severity
from gateway.xoev.schematron.contexts import Context
from gateway.xoev.schematron.xpath import Expression

ALL: str = "#ALL"
"""The phase in which every pattern is active."""


@dataclass(frozen=True, slots=True)
class XPathValue:
    """A part of a message that depends on the node: its value, or (`name`) the name of the node it selects."""

    expression: Expression
    name: bool = False


@dataclass(frozen=True, slots=True)
class RuleMessage:
    """What a check says where it is broken, in one language: texts and values in order."""

    language: str
    parts: tuple[str | XPathValue, ...]


@dataclass(frozen=True, slots=True)
class Let:
    """A variable: `name` without `$`."""

    name: str
    value: Expression


@dataclass(frozen=True, slots=True)
class Check:
    """An `assert` (broken where its test does not hold) or a `report` (where it does)."""

    id: str
    line: int
    test: Expression
    report: bool
    severity: Severity
    role: str
    flag: str
    messages: tuple[RuleMessage, ...]
    diagnostics: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SchematronRule:
    """Checks for the nodes that `context` matches; of the rules of a pattern only the first that matches is asked."""

    id: str
    line: int
    context: Context
    lets: tuple[Let, ...]
    checks: tuple[Check, ...]
    role: str = ""


@dataclass(frozen=True, slots=True)
class RulePattern:
    """Rules in order."""

    id: str
    lets: tuple[Let, ...]
    rules: tuple[SchematronRule, ...]


@dataclass(frozen=True, slots=True)
class Phase:
    """Which patterns are active, by id, and variables of the phase."""

    lets: tuple[Let, ...]
    active: frozenset[str]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """A whole Schematron schema, every expression compiled. `sha256` is over the file it was read from."""

    title: str
    sha256: str
    namespaces: Mapping[str, str]
    lets: tuple[Let, ...]
    patterns: tuple[RulePattern, ...] = field(repr=False)
    phases: Mapping[str, Phase] = field(default_factory=dict, repr=False)
    default_phase: str = ALL

    @property
    def says_values(self) -> bool:
        """Whether a message repeats what the document holds."""
        return any(not value.name for value in self._values())

    @property
    def timed(self) -> bool:
        """Whether something asks for the present moment, so that the same document may be judged otherwise later."""
        lets = [*self.lets, *(let for phase in self.phases.values() for let in phase.lets)]
        rules = [rule for pattern in self.patterns for rule in pattern.rules]
        lets += [let for pattern in self.patterns for let in pattern.lets] + [
            let for rule in rules for let in rule.lets
        ]
        expressions = [let.value for let in lets] + [rule.context.evaluated for rule in rules]
        expressions += [check.test for rule in rules for check in rule.checks]
        return any(expression.timed for expression in [*expressions, *(value.expression for value in self._values())])

    def _values(self) -> Iterator[XPathValue]:
        messages = (m for p in self.patterns for r in p.rules for c in r.checks for m in c.messages)
        return (part for message in messages for part in message.parts if isinstance(part, XPathValue))


class RuleBroken(StrEnum):
    """Why the rules were not all asked."""

    BUDGET = "budget"
    EVALUATION = "evaluation"


@dataclass(frozen=True, slots=True)
class Failed:
    """A check that a node breaks. `element` is the node or the element that holds it, `line` where it stands.

    `trouble` says that the check could not be evaluated at this node; then the texts of the check do not apply.
    """

    check: Check
    element: etree._Element = field(repr=False)
    location: str
    line: int
    texts: Mapping[str, str] = field(repr=False)
    trouble: bool = False


@dataclass(frozen=True, slots=True)
class Asked:
    """A rule that matched `count` nodes, and what they broke."""

    rule: SchematronRule
    count: int
    failed: tuple[Failed, ...]


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """What asking a rule set of one document gave: for each active pattern the rules that matched.

    `broken` says why not all was asked, `stopped_at` at which rule or check; `cut` that more failures were left out.
    """

    rules: RuleSet
    phase: str
    patterns: tuple[tuple[RulePattern, tuple[Asked, ...]], ...] = field(repr=False)
    broken: RuleBroken | None = None
    stopped_at: str = ""
    cut: bool = False

    @property
    def failed(self) -> tuple[Failed, ...]:
        """Every failure in the order of patterns and rules."""
        return tuple(failure for _, asked in self.patterns for rule in asked for failure in rule.failed)
