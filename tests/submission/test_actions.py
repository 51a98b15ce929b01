"""What a person may decide: resume what is held, cancel what has not been submitted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from gateway.errors import StateConflict
from gateway.fitconnect.limits import LIMITS
from gateway.model import Part, Reason, State, Submission
from gateway.submission import journey
from gateway.submission.actions import cancelled, resumed
from gateway.submission.journey import StepKind

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=4)


def submission(state: State, **fields) -> Submission:
    return Submission(UUID(int=1), "150900546546", "portal", "hausnummer", state, 0, NOW, NOW, "fitconnect", **fields)


def held(at: State, **fields) -> Submission:
    reason = Reason("key_unfit", "d", "e")
    return submission(State.HELD, held_from=at, reason=reason, attempts=10, next_at=LATER, **fields)


@pytest.mark.parametrize("at", [State.RECEIVED, State.SEALED, State.ANNOUNCED, State.UPLOADED])
def test_what_was_held_goes_on_where_it_was_at_once_and_with_new_attempts(at):
    change = resumed(held(at), NOW, "operator")
    assert change.submission.state is at
    assert (change.submission.attempts, change.submission.reason, change.submission.next_at) == (0, None, None)
    assert change.wake_at == NOW
    assert journey.next_step(change.submission, NOW, LIMITS)
    assert [(e.kind, e.body) for e in change.evidence] == [("resumed", {"by": "operator"})]


def test_a_submit_that_may_have_gone_through_is_asked_for_first():
    change = resumed(held(State.UPLOADED, intent="submit"), NOW, "operator")
    assert journey.next_step(change.submission, NOW, LIMITS).kind is StepKind.READ_EVENTS


@pytest.mark.parametrize("state", [s for s in State if s is not State.HELD])
def test_only_what_is_held_can_be_resumed(state):
    with pytest.raises(StateConflict):
        resumed(submission(state), NOW, "operator")


@pytest.mark.parametrize("state", [State.RECEIVED, State.SEALED, State.ANNOUNCED, State.UPLOADED])
def test_before_it_is_submitted_it_can_be_cancelled_held_or_not(state):
    parts = (Part("data", uuid4(), 10, "t"),)
    for it in (submission(state, parts=parts), held(state, parts=parts)):
        change = cancelled(it, NOW, "operator")
        assert change.submission.state is State.CANCELLED
        assert journey.next_step(change.submission, LATER, LIMITS) is None
        assert change.discard == (parts[0].blob,), "sealed parts are not needed any more"
        assert change.evidence[0].kind == "cancelled"


@pytest.mark.parametrize(
    "it",
    [
        *(submission(s) for s in (State.SUBMITTED, State.DELIVERED, State.ACCEPTED, State.REJECTED, State.CANCELLED)),
        submission(State.UPLOADED, intent="submit"),
        held(State.UPLOADED, intent="submit"),
    ],
    ids=lambda it: f"{it.state}-{it.intent}",
)
def test_what_was_or_may_have_been_submitted_cannot_be_cancelled(it):
    with pytest.raises(StateConflict):
        cancelled(it, NOW, "operator")
