"""The way of a submission: what follows what, and what a failure changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from gateway.errors import (
    CounterpartAway,
    CounterpartBusy,
    CounterpartRefused,
    IllegalTransition,
    KeyUnfit,
    SignerAway,
)
from gateway.fitconnect.events import meaning
from gateway.fitconnect.limits import LIMITS
from gateway.model import Event, EventMeaning, Part, State, Submission
from gateway.ports.channel import Announced, ChannelLimits, Sealed
from gateway.submission import journey
from gateway.submission.journey import Step, StepKind
from gateway.submission.states import BEFORE_SUBMITTED, TERMINAL, TRANSITIONS, diagram, transition

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
DESTINATION = "879ee109-a690-4db8-ab32-424284184d7d"
SERVICE_URL = "https://delivery.example/submission-api"
PARTS = tuple(Part(name, uuid4(), 1000, "t" * 22) for name in ("metadata", "data", str(uuid4()), str(uuid4())))


def submission(state: State = State.RECEIVED, **fields) -> Submission:
    if state is not State.RECEIVED:
        fields.setdefault("parts", PARTS)
    return Submission(UUID(int=1), "150900546546", "portal", "hausnummer", state, 0, NOW, NOW, "fitconnect", **fields)


def event(kind: str, issuer: str = DESTINATION, *, verified: bool = True) -> Event:
    meant = meaning(kind, issuer, DESTINATION, verified=verified)
    return Event(kind, issuer, verified, NOW, jti=str(uuid4()), token="a.b.c", meaning=meant)


def ready(state: State, **fields) -> Submission:
    values = {"destination_id": DESTINATION, "remote_id": "r", "case_id": "c", "announced_at": NOW, **fields}
    return submission(state, **values)


def test_the_whole_way_passes_every_state_in_order():
    it, seen = submission(), []
    result = Sealed(PARTS, DESTINATION, {})
    while step := journey.next_step(it, NOW, LIMITS):
        seen.append(step.intent)
        if step.kind is StepKind.SEAL:
            change = journey.sealed(it, result, NOW)
        elif step.kind is StepKind.ANNOUNCE:
            change = journey.announced(it, Announced("remote", "case"), NOW)
        elif step.kind is StepKind.UPLOAD:
            change = journey.uploaded(it, step, NOW)
        elif step.kind is StepKind.SUBMIT:
            change = journey.submitted(it, NOW, LIMITS)
        else:
            change = journey.observed(
                it, (event("submit-submission", SERVICE_URL), event("accept-submission")), NOW, LIMITS
            )
        it = change.submission
    assert seen == ["seal", "announce", f"upload:{PARTS[2].name}:{PARTS[3].name}", "submit", "read_events"]
    assert it.state is State.ACCEPTED
    assert [e.type for e in it.events] == ["submit-submission", "accept-submission"]
    assert set(change.discard) == {part.blob for part in PARTS}


def test_a_submission_without_attachments_is_submitted_right_after_its_announcement():
    it = ready(State.ANNOUNCED, parts=PARTS[:2])
    assert journey.next_step(it, NOW, LIMITS).kind is StepKind.SUBMIT
    assert journey.submitted(it, NOW, LIMITS).submission.state is State.SUBMITTED


def test_after_a_submit_whose_answer_was_lost_the_event_log_is_asked_first():
    it = journey.begin(ready(State.UPLOADED), Step(StepKind.SUBMIT)).submission
    assert journey.next_step(it, NOW, LIMITS).kind is StepKind.READ_EVENTS
    late = NOW + timedelta(hours=30)
    assert journey.next_step(it, late, LIMITS).kind is StepKind.READ_EVENTS, "also when the announcement is old"


def test_an_event_log_that_knows_the_submission_spares_the_second_submit():
    it = journey.begin(ready(State.UPLOADED), Step(StepKind.SUBMIT)).submission
    after = journey.observed(it, (event("submit-submission", SERVICE_URL),), NOW, LIMITS)
    assert after.submission.state is State.SUBMITTED
    assert after.wake_at


def test_an_event_log_that_does_not_know_it_leads_to_another_submit():
    it = journey.begin(ready(State.UPLOADED), Step(StepKind.SUBMIT)).submission
    after = journey.observed(it, (event("create-submission", SERVICE_URL),), NOW, LIMITS).submission
    assert after.state is State.UPLOADED
    assert journey.next_step(after, NOW, LIMITS).kind is StepKind.SUBMIT


def test_an_unverified_submit_event_proves_nothing():
    it = journey.begin(ready(State.UPLOADED), Step(StepKind.SUBMIT)).submission
    after = journey.observed(it, (event("submit-submission", SERVICE_URL, verified=False),), NOW, LIMITS).submission
    assert after.state is State.UPLOADED


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ((event("accept-submission"),), State.ACCEPTED),
        ((event("reject-submission"),), State.REJECTED),
        ((event("reject-submission", SERVICE_URL),), State.EXPIRED),
        ((event("delete-submission", SERVICE_URL),), State.EXPIRED),
        ((event("accept-submission"), event("delete-submission", SERVICE_URL)), State.ACCEPTED),
        ((event("accept-submission", DESTINATION.upper()),), State.ACCEPTED),
    ],
)
def test_verified_events_decide_the_end(events, state):
    assert journey.observed(ready(State.SUBMITTED, submitted_at=NOW), events, NOW, LIMITS).submission.state is state


@pytest.mark.parametrize("meaning", EventMeaning)
def test_a_channel_may_have_words_of_its_own(meaning):
    """What decides is the meaning that the channel gives its event."""
    ends = {
        EventMeaning.ACCEPTED: State.ACCEPTED,
        EventMeaning.REJECTED: State.REJECTED,
        EventMeaning.WITHDRAWN: State.EXPIRED,
    }
    said = Event("quittung", "anyone", True, NOW, jti="1", token="a.b.c", meaning=meaning)
    change = journey.observed(ready(State.SUBMITTED, submitted_at=NOW), (said,), NOW, ChannelLimits())
    assert change.submission.state is ends.get(meaning, State.SUBMITTED)
    doubtful = journey.begin(ready(State.UPLOADED), Step(StepKind.SUBMIT)).submission
    known = journey.observed(doubtful, (said,), NOW, ChannelLimits()).submission.state is State.SUBMITTED
    assert known == (meaning is EventMeaning.SUBMITTED)


def test_a_channel_has_times_of_its_own():
    it, year = ready(State.UPLOADED), NOW + timedelta(days=365)
    assert journey.next_step(it, year, ChannelLimits()).kind is StepKind.SUBMIT, "no announcement is forgotten"
    hour = ChannelLimits(announcement_lasts=timedelta(hours=3), answer_due=timedelta(days=5))
    assert journey.next_step(it, NOW + timedelta(hours=2, minutes=1), hour).kind is StepKind.ANNOUNCE
    assert journey.submitted(it, NOW, hour).submission.deadline == NOW + timedelta(days=5)
    assert journey.submitted(it, NOW, ChannelLimits()).submission.deadline is None
    assert journey.submitted(it, NOW, LIMITS).submission.deadline == NOW + timedelta(days=14)


@pytest.mark.parametrize(
    "events",
    [
        (event("accept-submission", verified=False),),
        (event("accept-submission", SERVICE_URL),),
        (event("reject-submission", verified=False),),
        (event("submit-submission", SERVICE_URL),),
    ],
)
def test_nothing_else_ends_a_submission(events):
    change = journey.observed(ready(State.SUBMITTED, submitted_at=NOW), events, NOW, LIMITS)
    assert change.submission.state is State.SUBMITTED
    assert change.wake_at > NOW


def test_a_rejection_names_its_reason_in_two_languages():
    after = journey.observed(ready(State.SUBMITTED), (event("reject-submission"),), NOW, LIMITS).submission
    assert after.reason.code == "rejected_by_authority"
    assert "Behörde" in after.reason.de
    assert "authority" in after.reason.en


def test_every_event_is_kept_as_evidence_once():
    first = event("submit-submission", SERVICE_URL)
    once = journey.observed(ready(State.SUBMITTED, submitted_at=NOW), (first,), NOW, LIMITS)
    assert [e.body["token"] for e in once.evidence] == ["a.b.c"]
    assert journey.observed(once.submission, (first,), NOW, LIMITS) is None


def test_polls_grow_apart_and_never_stop():
    it = ready(State.SUBMITTED, submitted_at=NOW)
    gaps = [(journey.poll_at(it, NOW + timedelta(seconds=s)) - NOW).total_seconds() - s for s in (0, 10, 3600, 10**6)]
    assert gaps == [journey.POLL_AT_FIRST_S, 5.0, journey.POLL_AT_MOST_S, journey.POLL_AT_MOST_S]


def test_an_old_announcement_is_made_anew_with_every_upload():
    done = tuple(replace(part, uploaded=True) for part in PARTS)
    it = ready(State.UPLOADED, parts=done)
    late = NOW + timedelta(hours=23, minutes=30)
    assert journey.next_step(it, NOW + timedelta(hours=22), LIMITS).kind is StepKind.SUBMIT
    assert journey.next_step(it, late, LIMITS).kind is StepKind.ANNOUNCE
    again = journey.announced(it, Announced("other", "case"), late).submission
    assert again.state is State.ANNOUNCED
    assert journey.next_step(again, late, LIMITS).kind is StepKind.UPLOAD


def test_a_passing_fault_is_tried_again_later_and_later():
    it, waits = ready(State.SEALED), []
    for _ in range(12):
        change = journey.failed(it, Step(StepKind.ANNOUNCE), CounterpartAway(host="x"), NOW, 0.5)
        waits.append((change.wake_at - NOW).total_seconds())
        it = change.submission
        assert it.state is State.SEALED
    assert waits == sorted(waits)
    assert waits[0] == 0.5
    assert waits[-1] == 3600.0


def test_retry_after_is_obeyed():
    error = CounterpartBusy(host="x", http_status=429, retry_after=77.0)
    change = journey.failed(ready(State.SEALED), Step(StepKind.ANNOUNCE), error, NOW, 0.0)
    assert change.wake_at == NOW + timedelta(seconds=77)
    assert journey.next_step(change.submission, NOW + timedelta(seconds=76), LIMITS) is None
    assert journey.next_step(change.submission, NOW + timedelta(seconds=78), LIMITS).kind is StepKind.ANNOUNCE


def test_a_signer_that_does_not_sign_is_asked_for_a_minute_then_a_person_is():
    it, waited = submission(), 0.0
    for _ in range(journey.SIGNER_ATTEMPTS):
        change = journey.failed(it, Step(StepKind.SEAL), SignerAway(cause="timeout"), NOW, 0.5)
        waited += (change.wake_at - NOW).total_seconds()
        it = change.submission
        assert it.state is State.RECEIVED
    assert 30 < waited < 120
    change = journey.failed(it, Step(StepKind.SEAL), SignerAway(cause="timeout"), NOW, 0.5)
    assert (change.submission.state, change.submission.reason.code) == (State.HELD, "signer_away")
    assert "timeout" in change.submission.reason.de


def test_what_cannot_pass_by_itself_is_held_for_a_person_with_cause():
    change = journey.failed(submission(), Step(StepKind.SEAL), KeyUnfit(rule="x5c"), NOW, 0.0)
    assert change.submission.state is State.HELD
    assert change.submission.held_from is State.RECEIVED
    assert change.submission.reason.code == "key_unfit"
    assert change.wake_at is None
    assert [entry.kind for entry in change.evidence] == ["held"]


def test_a_conflict_on_submit_asks_the_event_log():
    it = journey.begin(ready(State.UPLOADED), Step(StepKind.SUBMIT)).submission
    error = CounterpartRefused(host="x", http_status=409, problem="")
    after = journey.failed(it, Step(StepKind.SUBMIT), error, NOW, 0.0).submission
    assert journey.next_step(after, NOW, LIMITS) is None, "not at once"
    assert journey.next_step(after, NOW + timedelta(minutes=1), LIMITS).kind is StepKind.READ_EVENTS


def test_a_conflict_that_the_event_log_does_not_explain_is_held_in_the_end():
    error = CounterpartRefused(host="x", http_status=409, problem="")
    it, rounds = ready(State.UPLOADED), 0
    while it.state is State.UPLOADED:
        rounds += 1
        it = journey.begin(replace(it, next_at=None), Step(StepKind.SUBMIT)).submission
        it = journey.failed(it, Step(StepKind.SUBMIT), error, NOW, 0.0).submission
        if it.state is State.UPLOADED:
            it = journey.observed(it, (event("create-submission", SERVICE_URL),), NOW, LIMITS).submission
    assert it.state is State.HELD
    assert rounds == journey.DOUBTS + 1


def test_a_forgotten_announcement_is_made_anew_but_not_for_ever():
    error = CounterpartRefused(host="x", http_status=404, problem="submission-not-found")
    it = ready(State.ANNOUNCED)
    for _ in range(journey.DOUBTS):
        it = journey.failed(it, Step(StepKind.UPLOAD, (PARTS[2],)), error, NOW, 0.0).submission
        assert it.state is State.SEALED
        it = journey.announced(it, Announced("again", "case"), NOW).submission
    assert journey.failed(it, Step(StepKind.UPLOAD, (PARTS[2],)), error, NOW, 0.0).submission.state is State.HELD


def test_a_submitted_one_is_never_held_however_the_log_fails():
    error = CounterpartRefused(host="x", http_status=403, problem="")
    change = journey.failed(ready(State.SUBMITTED), Step(StepKind.READ_EVENTS), error, NOW, 0.0)
    assert change.submission.state is State.SUBMITTED
    assert change.wake_at


@pytest.mark.parametrize("state", sorted(TERMINAL | {State.HELD}))
def test_nothing_is_done_for_one_that_rests(state):
    assert journey.next_step(submission(state), NOW, LIMITS) is None


def test_the_table_refuses_what_it_does_not_list():
    with pytest.raises(IllegalTransition):
        transition(State.ACCEPTED, State.SUBMITTED)
    with pytest.raises(IllegalTransition):
        transition(State.SUBMITTED, State.CANCELLED)
    assert transition(State.HELD, State.SEALED) is State.SEALED


def test_every_state_is_reachable_and_only_states_before_submitted_can_be_cancelled():
    reached = {State.RECEIVED}
    for _ in State:
        reached |= {following for state in reached for following in TRANSITIONS[state]}
    assert reached == set(State)
    assert {s for s, f in TRANSITIONS.items() if State.CANCELLED in f} == BEFORE_SUBMITTED
    assert all(f"{state} --> {following}" in diagram() for state in State for following in TRANSITIONS[state])
