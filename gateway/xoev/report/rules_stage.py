"""The rules stage: outcomes of Schematron as findings.

Knows: which text of a check is German and which English. Never does: ask rules. Standard: ISO/IEC 19757-3.
Start reading: `noted`.
"""

from __future__ import annotations

from collections.abc import Iterator

from gateway.model import Finding
from gateway.xoev.report.model import Noted
from gateway.xoev.report.sentences import said
from gateway.xoev.schematron import RuleBroken, RuleOutcome
from gateway.xoev.schematron.model import Failed

_STOPPED = {RuleBroken.BUDGET: "rules_too_costly", RuleBroken.EVALUATION: "rules_unusable"}


def noted(outcome: RuleOutcome) -> Iterator[Noted]:
    """A finding for each failure, then what `unfinished` says."""
    for failed in outcome.failed:
        yield Noted(finding(failed, failed.location), failed.line)
    yield from unfinished(outcome)


def unfinished(outcome: RuleOutcome) -> Iterator[Noted]:
    """A finding where failures were left out, and one where the rules were not all asked."""
    if outcome.cut:
        yield Noted(said("/", "rules_cut"))
    if outcome.broken is not None:
        yield Noted(said("/", _STOPPED[outcome.broken], rule=outcome.stopped_at))


def finding(failed: Failed, pointer: str) -> Finding:
    """A failure as a finding at a place; the rule's slug is the id of the check.

    A check in one language says the same in both; one that could not be evaluated is an error whatever its role.
    """
    check = failed.check
    if failed.trouble:
        return said(pointer, "rules_trouble", rule=check.id)
    plain = said(pointer, "rules_broken", rule=check.id)
    any_ = next((text for text in failed.texts.values() if text), "")
    de, en = failed.texts.get("de") or any_ or plain.de, failed.texts.get("en") or any_ or plain.en
    return Finding(pointer, check.id, de, en, check.severity)
