"""Rules of a service (`rules.sch`) or a standard: read, run on documents, reported at pointers into the record.

Knows: which element came from which place of the record. Never does: let a rule repeat values or ask for the day; what
depends on the day of receipt stands in the mapping. Standard: ISO/IEC 19757-3. Start reading: `read`, then `asked`.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from lxml import etree

from gateway.errors.sentences import Sentences
from gateway.model import Finding
from gateway.xoev import schematron
from gateway.xoev.report import rules_stage
from gateway.xoev.schema.compiled_xsd import Schema
from gateway.xoev.schematron import Budget, RuleSet

_NO_MOMENT: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""A placeholder for rules that `read` accepted, which never ask for the moment."""

STEPS: Final = 500_000
"""Steps for the rules of one document while a portal waits."""

_SENTENCES: Final = {
    "rules_values": (
        "Meldungen eines Dienstes wiederholen keine Werte; bitte value-of weglassen.",
        "Messages of a service repeat no values; leave value-of out.",
    ),
    "rules_time": (
        "Regeln eines Dienstes fragen nicht nach dem Tag; dafür gibt es not_before und not_after in mapping.toml.",
        "Rules of a service do not ask for the day; there are not_before and not_after in mapping.toml for that.",
    ),
    "rules_never": (
        "Diese Regel passt auf kein Dokument des Dienstes; bitte Namensraum und Kennungen in context prüfen.",
        "This rule matches no document of the service; check namespace and ids in context.",
    ),
    "rules_languages": (
        "Zu dieser Prüfung fehlt der Satz auf Deutsch oder Englisch (diagnostic mit xml:lang).",
        "This check lacks its sentence in German or English (a diagnostic with xml:lang).",
    ),
}


def read(source: bytes, schema: Schema) -> tuple[RuleSet | None, tuple[Finding, ...]]:
    """Read the rules of a service.

    Args:
        source: the file `rules.sch`.
        schema: the schema of the service's documents.

    Returns:
        the rules and no findings, or None and every fault with pointers `/<line>`.
    """
    rules, faults = schematron.read(source)
    if rules is None:
        return None, faults
    findings = [_fault("", "rules_values")] if rules.says_values else []
    findings += [_fault("", "rules_time")] if rules.timed else []
    names = schema.root.tags()
    for rule in (rule for pattern in rules.patterns for rule in pattern.rules):
        if not any(needed <= names for needed in rule.context.needed):
            findings.append(_fault(f"/{rule.line}", "rules_never"))
        findings += [
            _fault(f"/{check.line}", "rules_languages")
            for check in rule.checks
            if not {"de", "en"} <= {message.language for message in check.messages}
        ]
    return (None if findings else rules), tuple(findings)


def asked(
    rules: RuleSet, root: etree._Element, pointers: Mapping[etree._Element, str], at: datetime = _NO_MOMENT
) -> list[Finding]:
    """What a document breaks of its service's, or its standard's, rules.

    Args:
        rules: from `read`, or those of a standard.
        root: a valid document.
        pointers: element -> where in the create body its content came from.
        at: the moment of the check with time zone, for rules of a standard that ask for the day.

    Returns:
        findings with pointers into the create body, each once.
    """
    outcome = schematron.run(rules, root, at, budget=Budget(STEPS))
    findings = [rules_stage.finding(failed, _origin(failed.element, pointers)) for failed in outcome.failed]
    findings += [noted.finding for noted in rules_stage.unfinished(outcome)]
    return list(dict.fromkeys(findings))


def _origin(element: etree._Element, pointers: Mapping[etree._Element, str]) -> str:
    ancestors = (element, *element.iterancestors())
    return next((pointers[ancestor] for ancestor in ancestors if ancestor in pointers), "/record")


_fault: Final = Sentences(_SENTENCES).finding
