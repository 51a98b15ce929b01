"""The way of a submission, pure: `next_step` says what to do, `apply` and `fail` say what it changed.

Rule 1: whoever carries out asks again after each commit; nothing is remembered but the row.
Rule 2: an intent is committed before a call outside, its result after; an intent without a result means "perhaps done".
Never does: I/O, clocks (now is an argument), randomness (jitter is an argument). Standard: architecture §3.
Start reading: `next_step`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from gateway.errors import CounterpartRefused, GatewayError, SignerAway, StepFailed
from gateway.model import Event, EventMeaning, Part, Reason, State, Submission, instant
from gateway.ports.channel import Announced, ChannelLimits, Sealed
from gateway.ports.store import Change, EvidenceEntry, JournalEntry
from gateway.submission import refused_events, uncounted_events
from gateway.submission.states import BEFORE_SUBMITTED, ENDS, RESTING, transition

ANNOUNCEMENT_MARGIN = timedelta(hours=1)
GIVE_UP_AFTER = timedelta(days=3)
BACKOFF_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
SIGNER_ATTEMPTS = 6
"""How often an external signer is asked again (about a minute) before a person is."""
STEP_ATTEMPTS = 6
"""How often a step that failed by an unexpected error is tried again (about a minute) before a person is asked."""
UPLOAD_TOGETHER = 1 << 20
"""Bytes of sealed attachments that one step may upload; a larger one has a step of its own."""
DOUBTS = 3
"""How often in a row the counterpart may contradict what we know (404, 409) before a person is asked."""
POLL_AT_FIRST_S = 0.2
POLL_AT_MOST_S = 300.0
POLL_GROWTH = 0.5


class StepKind(StrEnum):
    """What can be done for a submission."""

    SEAL = "seal"
    ANNOUNCE = "announce"
    UPLOAD = "upload"
    SUBMIT = "submit"
    READ_EVENTS = "read_events"


CHANGES_OUTSIDE = frozenset({StepKind.ANNOUNCE, StepKind.UPLOAD, StepKind.SUBMIT})


@dataclass(frozen=True, slots=True)
class Step:
    """One thing to do; `parts` are those to upload."""

    kind: StepKind
    parts: tuple[Part, ...] = ()

    @property
    def intent(self) -> str:
        """The name under which it is journalled."""
        return ":".join((self.kind.value, *(part.name for part in self.parts)))


def next_step(submission: Submission, now: datetime, limits: ChannelLimits) -> Step | None:
    """What to do next; None when nothing is (terminal, held for a person, or not before `next_at`).

    `limits` are those of its channel.
    """
    if submission.state in RESTING or (submission.next_at and submission.next_at > now):
        return None
    if submission.state is State.RECEIVED:
        return Step(StepKind.SEAL)
    if submission.state is State.SEALED or is_stale(submission, now, limits):
        return Step(StepKind.ANNOUNCE)
    if submission.state is State.ANNOUNCED and (waiting := _waiting(submission)):
        return Step(StepKind.UPLOAD, _together(waiting))
    if submission.state in {State.ANNOUNCED, State.UPLOADED}:
        doubtful = submission.intent == StepKind.SUBMIT.value
        return Step(StepKind.READ_EVENTS if doubtful else StepKind.SUBMIT)
    return Step(StepKind.READ_EVENTS)


def is_stale(submission: Submission, now: datetime, limits: ChannelLimits) -> bool:
    """Whether the announcement is so old (less a margin) that the counterpart may have forgotten it.

    Where a submit may have gone through already, the event log is asked first, however old the announcement.
    """
    since, lasts = submission.announced_at, limits.announcement_lasts
    if submission.state not in {State.ANNOUNCED, State.UPLOADED} or since is None or lasts is None:
        return False
    doubtful = submission.intent == StepKind.SUBMIT.value
    return not doubtful and now > since + lasts - ANNOUNCEMENT_MARGIN


def begin(submission: Submission, step: Step) -> Change:
    """The intent, to be committed before the call outside."""
    return Change(replace(submission, intent=step.intent), (JournalEntry(step.intent, "intent"),))


def sealed(submission: Submission, result: Sealed, now: datetime) -> Change:
    """Every part is sealed and stored."""
    tags = {part.name: part.tag for part in result.parts}
    after = _moved(
        submission,
        State.SEALED,
        now,
        parts=result.parts,
        destination_id=result.destination_id,
        address=result.address,
        remote_id=None,
        announced_at=None,
    )
    evidence = EvidenceEntry("sealed", {"destination_id": result.destination_id, "tags": tags, **result.facts})
    change = _done(after, StepKind.SEAL.value, (evidence,), discard=tuple(p.blob for p in submission.parts))
    return replace(change, blobs=result.blobs)


def announced(submission: Submission, result: Announced, now: datetime) -> Change:
    """The delivery service has given the submission its id."""
    if submission.state is not State.SEALED:  # announced anew: the earlier announcement is forgotten by the service
        submission = replace(submission, state=transition(submission.state, State.SEALED))
    after = _moved(
        submission,
        State.ANNOUNCED,
        now,
        remote_id=result.remote_id,
        case_id=result.case_id,
        announced_at=now,
        parts=tuple(replace(part, uploaded=False) for part in submission.parts),
    )
    body = {"remote_id": result.remote_id, "case_id": result.case_id}
    change = _done(after, StepKind.ANNOUNCE.value, (EvidenceEntry("announced", body),))
    # an announcement made anew is no success yet: what was tried in vain still counts
    return replace(change, submission=replace(change.submission, attempts=submission.attempts))


def uploaded(submission: Submission, step: Step, now: datetime) -> Change:
    """The attachments of a step are there; with the last one the submission is uploaded."""
    names = {part.name for part in step.parts}
    parts = tuple(replace(part, uploaded=True) if part.name in names else part for part in submission.parts)
    after = replace(submission, parts=parts)
    state = submission.state if _waiting(after) else State.UPLOADED
    return _done(_moved(after, state, now), step.intent, ())


def submitted(submission: Submission, now: datetime, limits: ChannelLimits) -> Change:
    """The final request was confirmed, or the event log shows that an earlier one was."""
    if submission.state is State.ANNOUNCED:  # a submission without attachments passes through both at once
        submission = replace(submission, state=transition(submission.state, State.UPLOADED))
    deadline = now + limits.answer_due if limits.answer_due else None
    after = _moved(submission, State.SUBMITTED, now, submitted_at=now, deadline=deadline)
    change = _done(after, StepKind.SUBMIT.value, (EvidenceEntry("submitted", {"remote_id": submission.remote_id}),))
    return replace(change, wake_at=now + timedelta(seconds=POLL_AT_FIRST_S))


def observed(submission: Submission, events: tuple[Event, ...], now: datetime, limits: ChannelLimits) -> Change | None:
    """The event log was read. None if it told nothing new about a submission that already was submitted."""
    fresh = refused_events.fresh(submission.events, events, now)
    before = submission
    submission = replace(submission, events=(*submission.events, *fresh))
    evidence = tuple(_kept(event) for event in fresh)
    if before.state in BEFORE_SUBMITTED:
        # unless an event proves it, the doubtful request did not go through: do it again
        if not any(event.verified and event.meaning is EventMeaning.SUBMITTED for event in submission.events):
            return Change(replace(submission, intent=None), (JournalEntry("read_events", "result"),), evidence)
        change = submitted(submission, now, limits)
        submission, evidence = change.submission, evidence + change.evidence
    following, reason = _verdict(submission)
    if following:
        after = _moved(submission, following, now, reason=reason)
        done = _done(after, StepKind.READ_EVENTS.value, evidence, discard=tuple(p.blob for p in after.parts))
        spent = tuple(replace(part, uploaded=True) for part in after.parts)
        return replace(done, submission=replace(done.submission, parts=spent, deadline=None))
    if not fresh and before.state is submission.state:
        return None
    submission = replace(submission, reason=uncounted_events.reason(submission.events))
    return replace(_done(submission, StepKind.READ_EVENTS.value, evidence), wake_at=poll_at(submission, now))


def poll_at(submission: Submission, now: datetime) -> datetime:
    """When to read the event log again: gaps grow with the time since the submission went out, to 5 minutes."""
    since = (now - (submission.submitted_at or now)).total_seconds()
    return now + timedelta(seconds=min(max(since * POLL_GROWTH, POLL_AT_FIRST_S), POLL_AT_MOST_S))


def failed(submission: Submission, step: Step, error: GatewayError, now: datetime, jitter: float) -> Change:
    """A step failed: try again later, ask the event log first, announce anew, or hold for a person.

    `jitter` is in [0, 1). The error's parameters are identifiers and hosts, never personal data.
    """
    journal = (JournalEntry(step.intent, "error", {"code": error.code, "sentence": error.sentence("en")}),)
    refused = _status(error)
    if step.kind is StepKind.SUBMIT and refused == 409 and submission.attempts < DOUBTS:
        later = _backed_off(submission, error, now, jitter)  # perhaps our own earlier request: the event log knows
        return Change(later, journal, wake_at=later.next_at)
    if step.kind in {StepKind.UPLOAD, StepKind.SUBMIT} and refused == 404 and submission.attempts < DOUBTS:
        later = _backed_off(submission, error, now, jitter)
        again = replace(later, state=transition(submission.state, State.SEALED), intent=None)
        return Change(again, journal, wake_at=again.next_at)
    if step.kind is StepKind.READ_EVENTS and submission.state is State.SUBMITTED:
        later = _backed_off(submission, error, now, jitter)
        return Change(later, journal, wake_at=later.next_at)
    if error.retry and not _too_long(submission, error, now):
        # a submit that may have gone through stays in doubt
        keeps = submission.intent if step.kind in {StepKind.SUBMIT, StepKind.READ_EVENTS} else None
        later = replace(_backed_off(submission, error, now, jitter), intent=keeps)
        return Change(later, journal, wake_at=later.next_at)
    reason = Reason(error.code, error.sentence("de"), error.sentence("en"))
    held = _moved(submission, State.HELD, now, reason=reason, held_from=submission.state)
    return Change(held, journal, (EvidenceEntry("held", reason.as_json()),))


def _too_long(submission: Submission, error: GatewayError, now: datetime) -> bool:
    """A counterpart is waited for over days; where it is at our side, a minute shows that a person is needed."""
    if isinstance(error, SignerAway):
        return submission.attempts >= SIGNER_ATTEMPTS
    if isinstance(error, StepFailed):
        return submission.attempts >= STEP_ATTEMPTS
    return now - submission.created_at > GIVE_UP_AFTER and submission.attempts >= len(BACKOFF_S)


def _waiting(submission: Submission) -> tuple[Part, ...]:
    return tuple(part for part in submission.parts if part.is_attachment and not part.uploaded)


def _together(waiting: tuple[Part, ...]) -> tuple[Part, ...]:
    """The first part that waits, and those after it as long as all are small together."""
    room, count = UPLOAD_TOGETHER - waiting[0].size, 1
    for part in waiting[1:]:
        room -= part.size
        if room < 0:
            break
        count += 1
    return waiting[:count]


def _moved(submission: Submission, state: State, now: datetime, **fields: object) -> Submission:
    following = transition(submission.state, state)
    return replace(submission, state=following, updated_at=now, **fields)  # type: ignore[arg-type]


def _done(
    submission: Submission, name: str, evidence: tuple[EvidenceEntry, ...], discard: tuple[UUID, ...] = ()
) -> Change:
    clean = replace(submission, intent=None, attempts=0, next_at=None)
    return Change(clean, (JournalEntry(name, "result"),), evidence, discard=discard)


def _verdict(submission: Submission) -> tuple[State | None, Reason | None]:
    ends = (ENDS[event.meaning] for event in submission.events if event.verified and event.meaning in ENDS)
    first = next(ends, None)
    return first, _WHY.get(first) if first else None


_WHY = {
    State.REJECTED: Reason(
        "rejected_by_authority",
        "Die Behörde hat die Einreichung technisch zurückgewiesen; die Ereignisse nennen die Gründe.",
        "The authority rejected the submission for technical reasons; the events name them.",
    ),
    State.EXPIRED: Reason(
        "not_picked_up",
        "Die Behörde hat die Einreichung nicht fristgerecht abgeholt; der Zustelldienst hat sie beendet.",
        "The authority did not pick the submission up in time; the delivery service ended it.",
    ),
}


def _kept(event: Event) -> EvidenceEntry:
    body = {
        "type": event.type,
        "issuer": event.issuer,
        "verified": event.verified,
        "at": instant(event.at),
        "token": event.token,
        "key": event.key,
    }
    refused = {} if event.verified else {"problems": [dict(problem) for problem in event.problems]}
    return EvidenceEntry("event", body | refused)


def _status(error: GatewayError) -> int | None:
    if not isinstance(error, CounterpartRefused):
        return None
    status = error.params.get("http_status")
    return status if isinstance(status, int) else None


def _wait(submission: Submission, error: GatewayError, jitter: float) -> float:
    planned = BACKOFF_S[min(submission.attempts, len(BACKOFF_S) - 1)] * (0.75 + jitter / 2)
    return max(planned, error.retry_after or 0.0)


def _backed_off(submission: Submission, error: GatewayError, now: datetime, jitter: float) -> Submission:
    next_at = now + timedelta(seconds=_wait(submission, error, jitter))
    return replace(submission, attempts=submission.attempts + 1, next_at=next_at, updated_at=now)
