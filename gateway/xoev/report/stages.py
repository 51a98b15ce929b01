"""Judging a document: stage by stage, as far as each can be judged.

Knows: which stage needs which; a broken schema leaves codes and characters to be looked at, but no rules.
Never does: I/O, clocks. Standard: of this project, after the KoSIT validator's scenarios. Start reading: `validate`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final

from lxml import etree

from gateway.model import Finding, Severity
from gateway.xoev import schematron
from gateway.xoev.latin.datatypes import Datatype
from gateway.xoev.report import character_stage, rules_stage, schema_stage
from gateway.xoev.report.model import Noted, Report, Stage, StageResult, StageState
from gateway.xoev.schematron import Budget, RuleOutcome, RuleSet
from gateway.xoev.xml import strict_xml

ServiceRules = Callable[[etree._Element], Iterable[Finding]]  # noqa: SLF001 - lxml names its element so
CodeCheck = Callable[[etree._Element, date], Iterable[Finding | Noted]]  # noqa: SLF001 - as above
_ORDER: Final = tuple(Stage)
_NOTHING: Final = {
    stage: StageResult(stage, StageState.PASSED if stage is Stage.WELL_FORMED else StageState.NOT_ASKED)
    for stage in Stage
}
"""Results of stages that were asked nothing and found nothing."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """What a document is asked. What is None or empty is not asked.

    `schema` with the name it goes by, `rules` with theirs, `phase` of the rules, `codes` the check of codes on a day
    (`code_stage.looked_up`), `letters` the datatype of DIN 91379, `service` rules of the service, `values` whether
    messages of rules may repeat values, `second` whether the schema's second judge is asked of valid documents too.
    """

    name: str
    schema: schema_stage.Judge | None = field(default=None, repr=False)
    schema_name: str = ""
    rules: tuple[tuple[str, RuleSet], ...] = field(default=(), repr=False)
    phase: str | None = None
    codes: CodeCheck | None = field(default=None, repr=False)
    letters: Datatype | None = Datatype.EVERYTHING
    service: ServiceRules | None = field(default=None, repr=False)
    values: bool = False
    second: bool = False


def validate(
    data: bytes,
    scenario: Scenario,
    at: datetime,
    *,
    limits: strict_xml.XmlLimits = strict_xml.DEFAULT_LIMITS,
    budget: Budget | None = None,
) -> Report:
    """Judge a document.

    Args:
        data: the document as received.
        scenario: what it is asked.
        at: the moment of the check with time zone; its day is the one on which codes have to be valid.
        limits: how much XML is read.
        budget: what all rules together may use up; None for `schematron.budget.STEPS`.

    Returns:
        the report; never an exception for any bytes.
    """
    return _Judging(data, scenario, at, budget or Budget()).report(limits)


class _Judging:
    """One document on its way through the stages."""

    def __init__(self, data: bytes, scenario: Scenario, at: datetime, budget: Budget) -> None:
        self.data = data
        self.scenario = scenario
        self.at = at
        self.budget = budget
        self.results: list[StageResult] = []
        self.outcomes: list[RuleOutcome] = []

    def report(self, limits: strict_xml.XmlLimits) -> Report:
        parsed = strict_xml.parse(self.data, limits)
        root = parsed.root
        faults = [Noted(Finding("/", fault.rule, fault.de, fault.en), fault.line) for fault in parsed.faults]
        self.note(Stage.WELL_FORMED, faults, ())
        if root is None:
            self.results += [StageResult(stage, StageState.NOT_REACHED) for stage in _ORDER[1:]]
            return self.made("", "")
        valid = self.schema(root)
        if valid:
            self.rules(root)
        else:
            self.results.append(self.unreached(Stage.RULES, asked=bool(self.scenario.rules)))
        self.codes(root)
        self.characters(root)
        if valid:
            self.service(root)
        else:
            self.results.append(self.unreached(Stage.SERVICE, asked=self.scenario.service is not None))
        name = etree.QName(root)
        return self.made(name.localname, name.namespace or "")

    def schema(self, root: etree._Element) -> bool:
        judge = self.scenario.schema
        asked = () if judge is None else (self.scenario.schema_name or self.scenario.name,)
        noted = () if judge is None else schema_stage.broken(judge, root, always=self.scenario.second)
        self.note(Stage.SCHEMA, noted, asked)
        return self.results[-1].state is not StageState.FAILED

    def rules(self, root: etree._Element) -> None:
        noted: list[Noted] = []
        for _, rules in self.scenario.rules:
            phase = self.scenario.phase if self.scenario.phase in rules.phases else None
            outcome = schematron.run(rules, root, self.at, phase=phase, budget=self.budget, values=self.scenario.values)
            self.outcomes.append(outcome)
            noted += rules_stage.noted(outcome)
        self.note(Stage.RULES, noted, tuple(name for name, _ in self.scenario.rules))

    def codes(self, root: etree._Element) -> None:
        ask = self.scenario.codes
        noted = [] if ask is None else [_noted(finding) for finding in ask(root, self.at.date())]
        self.note(Stage.CODE_LISTS, noted, () if ask is None else ("listURI",))

    def characters(self, root: etree._Element) -> None:
        letters = self.scenario.letters
        noted = [] if letters is None else list(character_stage.noted(root, self.data.decode(), letters))
        self.note(Stage.CHARACTERS, noted, () if letters is None else (f"DIN 91379 {letters.value}",))

    def service(self, root: etree._Element) -> None:
        ask = self.scenario.service
        noted = [] if ask is None else [_noted(finding) for finding in ask(root)]
        self.note(Stage.SERVICE, noted, () if ask is None else (self.scenario.name,))

    def note(self, stage: Stage, noted: Iterable[Noted], asked: tuple[str, ...]) -> None:
        entries = tuple(noted)
        if not entries and not asked:
            self.results.append(_NOTHING[stage])
            return
        failed = entries and any(entry.finding.severity is Severity.ERROR for entry in entries)
        self.results.append(StageResult(stage, StageState.FAILED if failed else StageState.PASSED, entries, asked))

    @staticmethod
    def unreached(stage: Stage, *, asked: bool) -> StageResult:
        return StageResult(stage, StageState.NOT_REACHED if asked else StageState.NOT_ASKED)

    def made(self, root: str, namespace: str) -> Report:
        digest = hashlib.sha256(self.data).hexdigest()
        return Report(digest, len(self.data), self.at, root, namespace, tuple(self.results), tuple(self.outcomes))


def _noted(finding: Finding | Noted) -> Noted:
    return finding if isinstance(finding, Noted) else Noted(finding)
