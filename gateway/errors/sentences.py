"""Findings made of a table: rule -> German and English sentence.

Knows: how a room's sentences are filled. Never does: know a rule. Standard: house rule (both sentences beside their
rule). Start reading: `Sentences.finding`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.model import Finding, Severity


@dataclass(frozen=True, slots=True)
class Sentences:
    """The sentences of a room; `{…}` in them stands for a limit or a name, never for a value that somebody entered."""

    table: Mapping[str, tuple[str, str]]

    def said(self, rule: str, /, *params: object, **named: object) -> tuple[str, str]:
        """Both sentences of a rule, filled; a pair is what to fill in in German and in English."""
        german, english = (
            sentence.format(
                *(_spoken(value, language) for value in params),
                **{name: _spoken(value, language) for name, value in named.items()},
            )
            for language, sentence in enumerate(self.table[rule])
        )
        return german, english

    def finding(
        self, place: str, rule: str, /, *params: object, severity: Severity = Severity.ERROR, **named: object
    ) -> Finding:
        """The rule as a finding at a place; further arguments as in `said`."""
        return Finding(place, rule, *self.said(rule, *params, **named), severity)


def _spoken(value: object, language: int) -> object:
    return value[language] if isinstance(value, tuple) else value
