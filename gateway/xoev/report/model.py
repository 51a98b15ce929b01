"""A validation report as a value.

Knows: stages, their results, the recommendation. Never does: judge. Standard: the validator's `AcceptRecommendation`.
Start reading: `Report`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from gateway.model import Finding, Severity, instant
from gateway.xoev.schematron import RuleOutcome


class Stage(StrEnum):
    """The stages, in the order in which they are asked."""

    WELL_FORMED = "well_formed"
    SCHEMA = "schema"
    RULES = "rules"
    CODE_LISTS = "code_lists"
    CHARACTERS = "characters"
    SERVICE = "service"


class StageState(StrEnum):
    """How a stage ended: without an error, with one, with nothing to ask, or not at all for an earlier one failed."""

    PASSED = "passed"
    FAILED = "failed"
    NOT_ASKED = "not_asked"
    NOT_REACHED = "not_reached"


_DECISIVE: Final = frozenset({Stage.SCHEMA, Stage.RULES})
"""Only these can recommend a document; sound letters and codes alone say nothing of its content."""


class Recommendation(StrEnum):
    """What to do with the document; `undefined` where neither a schema nor rules were asked."""

    ACCEPTABLE = "acceptable"
    REJECT = "reject"
    UNDEFINED = "undefined"


@dataclass(frozen=True, slots=True)
class Noted:
    """A finding of a stage and the line of the document where it stands; 0 where no line can be named."""

    finding: Finding
    line: int = 0


@dataclass(frozen=True, slots=True)
class StageResult:
    """The result of a stage. `asked` names the schema, rule sets and lists that it used."""

    stage: Stage
    state: StageState
    noted: tuple[Noted, ...] = ()
    asked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Report:
    """The whole report. Holds no content of the document: its digest, its places and what rules say about them."""

    sha256: str
    size: int
    checked_at: datetime
    root: str
    namespace: str
    stages: tuple[StageResult, ...]
    outcomes: tuple[RuleOutcome, ...] = field(default=(), repr=False)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Every finding of every stage, in order."""
        return tuple(noted.finding for result in self.stages for noted in result.noted)

    @property
    def recommendation(self) -> Recommendation:
        """Reject with an error anywhere, accept where a schema or rules were asked and hold."""
        if any(finding.severity is Severity.ERROR for finding in self.findings):
            return Recommendation.REJECT
        asked = any(result.state is StageState.PASSED for result in self.stages if result.stage in _DECISIVE)
        return Recommendation.ACCEPTABLE if asked else Recommendation.UNDEFINED

    def result(self, stage: Stage) -> StageResult:
        """The result of a stage."""
        return next(result for result in self.stages if result.stage is stage)

    def as_json(self) -> dict[str, Any]:
        """The report for a program: recommendation, digest, stages and findings."""
        return {
            "recommendation": self.recommendation.value,
            "sha256": self.sha256,
            "checked_at": instant(self.checked_at),
            "root": self.root,
            "namespace": self.namespace,
            "stages": [
                {
                    "stage": result.stage.value,
                    "state": result.state.value,
                    "asked": list(result.asked),
                    "findings": len(result.noted),
                }
                for result in self.stages
            ],
            "findings": [
                {**noted.finding.as_json(), "stage": result.stage.value, "line": noted.line}
                for result in self.stages
                for noted in result.noted
            ],
        }
