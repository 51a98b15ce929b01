"""What people read: German labels from the form schema, English ones from the service's texts.

Knows: labels and code names by element id. Never does: translate. Standard: XDatenfelder `bezeichnungAusgabe`.
Start reading: `Texts`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.xoev.fim import Field, FormSchema, Group


@dataclass(frozen=True, slots=True)
class Texts:
    """Labels and names of codes; English falls back to German where the service gives none."""

    form: FormSchema
    labels: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def label(self, element: Group | Field | FormSchema) -> tuple[str, str]:
        """The label in German and English."""
        return element.label, self.labels.get(element.id, element.label)

    def code(self, element: Field, code: str) -> tuple[str, str]:
        """The name of a code in German and English; the code itself where the list does not name it."""
        german = next((entry.name for entry in element.codes if entry.code == code), code)
        return german, self.codes.get(element.id, {}).get(code, german)
