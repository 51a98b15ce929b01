"""The checks of a municipality's catalogue entries, for `gateway check`: how many are sound, each fault of a file.

Knows: that notices are for `gateway catalogue check`. Never does: read a file, judge an entry (`catalogue` does).
Standard: fixed interfaces §1 (`check`). Start reading: `entries`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gateway.catalogue.registry import TownEntries
from gateway.model import Finding, Severity
from gateway.operators.checks import Affair, CheckLine, Checks


def entries(checks: Checks, slug: str, town: TownEntries) -> list[CheckLine]:
    """The entries of a municipality: a line for all, one for each fault; nothing where it has neither."""
    faults = _faults(town.findings)
    if not (town.entries or faults):
        return []
    number, notices = len(town.entries), len(town.findings) - len(faults)
    seen = checks.text(f"Einträge: {number}", f"entries: {number}")
    if notices:
        seen += checks.text(
            f", Hinweise: {notices} (gateway catalogue check)", f", notices: {notices} (gateway catalogue check)"
        )
    remedy = checks.text("Einträge mit Fehlern bleiben, wie sie waren.", "Entries with faults stay as they were.")
    overall = CheckLine(f"catalogue {slug}", not faults, seen, remedy if faults else "", Affair.SETTINGS)
    return [overall, *map(checks.misfit, faults)]


def entries_without_file(checks: Checks, findings: Iterable[Finding]) -> list[CheckLine]:
    """Municipalities that have entries, and no file any more."""
    return [checks.misfit(finding) for finding in _faults(findings)]


def _faults(findings: Iterable[Finding]) -> Sequence[Finding]:
    return [finding for finding in findings if finding.severity is Severity.ERROR]
