"""Drops findings of a record that only follow from another finding.

Knows: which rules say that a value is not there as it should be. Never does: judge a value. Standard: house rule, one
cause is one finding. Start reading: `own`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from gateway.model import Finding
from gateway.xoev.mapping.model import STAR, Rule, pointer

_ABSENT: Final = frozenset({"missing", "wrong_type"})
_CHOICES: Final = frozenset({"exactly_one", "at_least_one"})
_OF_ALL: Final = frozenset({"sum", "missing"})
"""Rules about a value as a whole: dropped where a part of it is at fault."""


def own(findings: Sequence[Finding], known: Sequence[Finding], rules: Sequence[Rule] = ()) -> list[Finding]:
    """Those of `findings` that have a cause of their own, whatever is `known` (which may hold them too).

    Dropped are: all inside a value that is missing or of the wrong type; lists and limits of one of the wrong type;
    `missing` and `sum` of a value with such a part; and `missing` of one of several values to choose from (by `rules`)
    where the choice itself is a known finding.
    """
    absent = {finding.pointer for finding in known if finding.rule in _ABSENT}
    mistyped = {finding.pointer for finding in known if finding.rule == "wrong_type"}
    unmade = {finding.pointer for finding in known if finding.rule in _CHOICES}
    choices = {pointer(source) for rule in rules if rule.kind.value in _CHOICES for source in rule.of}
    parts = {above for path in absent for above in _above(path)}
    return [
        finding
        for finding in findings
        if not (
            (finding.pointer in mistyped and finding.rule != "wrong_type")
            or not absent.isdisjoint(_above(finding.pointer))
            or (finding.rule in _OF_ALL and finding.pointer in parts)
            or (
                finding.rule == "missing"
                and _general(finding.pointer) in choices
                and _parent(finding.pointer) in unmade
            )
        )
    ]


def _above(path: str) -> Iterator[str]:
    while path := _parent(path):
        yield path


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _general(path: str) -> str:
    return "/".join(STAR if token.isdigit() else token for token in path.split("/"))
