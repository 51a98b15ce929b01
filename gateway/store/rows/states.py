"""States of submissions in SQL, made from the table of states.

Knows: how a set of states is written in a statement. Never does: say which state belongs to which set
(`submission.states` does). Standard: fixed interfaces §3 (states). Start reading: `sql`.

They are written as literals: a partial index serves a prepared statement only where its condition is no parameter.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final, LiteralString

from gateway.model import State
from gateway.submission.states import RESTING


def sql(states: AbstractSet[State]) -> LiteralString:
    """The list in brackets, always in the same order."""
    return "(" + ", ".join(f"'{state.value}'" for state in State if state in states) + ")"


OPEN: Final = "state NOT IN " + sql(RESTING)
"""The condition of the index `submissions_open_idx`."""
