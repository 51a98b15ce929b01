"""What a person decides is done in one way, and every word of it is known to whoever reads the evidence."""

from __future__ import annotations

from types import SimpleNamespace
from uuid import uuid4

import pytest

from gateway.errors import DatabaseAway, StateConflict, VersionGone
from gateway.evidence.cover import _WHAT
from gateway.model import State
from gateway.operators.audit import CHANGES, Decision, Interface, Undone, decide
from tests.submission.test_actions import NOW, held

CLOCK = SimpleNamespace(now=lambda: NOW)


class Store:
    """Holds one row; `fault` is what a commit meets."""

    def __init__(self, fault: Exception | None = None) -> None:
        self.row = held(State.SEALED)
        self.fault = fault
        self.changes = []

    async def load(self, _):
        return self.row

    async def commit(self, version, change):
        if self.fault is not None:
            raise self.fault
        assert version == self.row.version
        self.changes.append(change)
        return change.submission


@pytest.mark.parametrize(
    ("decision", "state"), [(Decision.RESUME, "sealed"), (Decision.CANCEL, "cancelled"), (None, "held")]
)
async def test_a_decision_is_carried_out_and_a_preview_changes_nothing(decision, state):
    store = Store()
    assert await decide(store, CLOCK, uuid4(), decision, Interface.COMMAND_LINE) == state
    assert len(store.changes) == (decision is not None)


@pytest.mark.parametrize(
    ("fault", "state"),
    [(VersionGone(), Undone.CHANGED), (StateConflict(), Undone.CHANGED), (KeyError("Müßiggang"), Undone.UNREADABLE)],
)
async def test_a_row_that_was_not_changed_says_why(fault, state):
    assert await decide(Store(fault), CLOCK, uuid4(), Decision.RESUME, Interface.COMMAND_LINE) == state


async def test_a_database_that_is_away_ends_the_command():
    with pytest.raises(DatabaseAway):
        await decide(Store(DatabaseAway()), CLOCK, uuid4(), Decision.RESUME, Interface.COMMAND_LINE)


@pytest.mark.parametrize("decision", Decision)
def test_evidence_names_the_hand_and_its_cover_says_the_decision_in_german(decision):
    (entry,) = CHANGES[decision](held(State.SEALED), NOW, Interface.COMMAND_LINE.value).evidence
    assert entry.body["by"] == "operator, command line"
    assert entry.kind in _WHAT
