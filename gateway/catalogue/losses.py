"""What an export may lose against the one before it, and who allowed more.

Knows: services that nobody withdrew, the share of objects. Never does: I/O. Standard: PVOG (what an index does not
name is deleted); catalogue reference §6.2 (shrink guard). Start reading: `Losses`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from gateway.errors import CatalogueExportShrinks
from gateway.errors.sentences import Sentences
from gateway.model import Finding

_NAMED: Final = 20


@dataclass(frozen=True, slots=True)
class AllowedLoss:
    """A person who allows a loss, and why; both stand in the history."""

    by: str
    reason: str


@dataclass(slots=True)
class Losses:
    """Gathers losses; each question raises `CatalogueExportShrinks` unless a person allowed the loss."""

    percent: float
    allowed: AllowedLoss | None
    _found: list[Finding] = field(default_factory=list)
    _number: int = 0

    def service(self, municipality: str, service: str) -> None:
        """A service that the last export held, that this one does not, and that nobody withdrew."""
        self._number += 1
        if self._number <= _NAMED:
            self._found.append(_finding(f"{municipality}/{service}", "service_lost"))

    def of_services(self) -> None:
        """Whether services may be lost that nobody withdrew."""
        if self._number and self.allowed is None:
            more = self._number - len(self._found)
            self._found += [_finding("catalogue", "more_lost", more)] if more else []
            raise CatalogueExportShrinks(findings=tuple(self._found))

    def of_ids(self, moved: Sequence[tuple[str, str]]) -> None:
        """Whether services may lose the ids by which everybody knows them."""
        if moved and self.allowed is None:
            findings = [_finding(f"{town}/{service}", "id_moved") for town, service in moved[:_NAMED]]
            findings += [_finding("catalogue", "more_moved", len(moved) - _NAMED)] if len(moved) > _NAMED else []
            raise CatalogueExportShrinks(findings=tuple(findings))

    def of_objects(self, gone: int, before: int) -> None:
        """Whether so many of the objects before may be gone."""
        if self.allowed is None and gone * 100 > self.percent * before:
            fault = _finding("catalogue/shrink_percent", "objects_lost", gone, before, f"{self.percent:g}")
            raise CatalogueExportShrinks(findings=(fault,))


_finding: Final = Sentences(
    {
        "service_lost": (
            (
                "Dieser Dienst stand im letzten Export und fehlt jetzt, ohne zurückgezogen zu sein (life_cycle = "
                '"withdrawn"); bitte Eintrag, Schlüssel, Adresse und Dateien prüfen.'
            ),
            (
                "This service stood in the last export and is missing now without being withdrawn (life_cycle = "
                '"withdrawn"); check entry, key, address and files.'
            ),
        ),
        "id_moved": (
            "Dieser Dienst bekäme eine neue Kennung und die alte würde gelöscht; bitte agency_id der Kommune prüfen.",
            "This service would get a new id and the old one be deleted; check agency_id of the municipality.",
        ),
        "more_moved": ("Weitere {0} Dienste bekämen eine neue Kennung.", "{0} more services would get a new id."),
        "more_lost": ("Es fehlen {0} weitere Dienste.", "{0} more services are missing."),
        "objects_lost": (
            "{0} von {1} Objekten entfielen, mehr als {2} %; bitte prüfen, ob das gewollt ist.",
            "{0} of {1} objects would be gone, more than {2} %; check whether that is meant.",
        ),
    }
).finding
