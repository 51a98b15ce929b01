"""What a person decides about a submission, pure: resume what is held, cancel what has not been submitted.

Knows: which states allow it and what it leaves behind. Never does: I/O, clocks, deciding who may.
Standard: architecture §3 (what needs a person goes to the failure basket). Start reading: `resumed`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from gateway.errors import StateConflict
from gateway.model import State, Submission
from gateway.ports.store import Change, EvidenceEntry, JournalEntry
from gateway.submission.journey import StepKind
from gateway.submission.states import WAITING, transition


def resumed(submission: Submission, now: datetime, by: str) -> Change:
    """Back to where it was held, with all its attempts anew. `by` names the interface, never a person.

    An intent that may have gone through is kept, so that the event log is asked first. Raises `StateConflict`.
    """
    if submission.state is not State.HELD or submission.held_from is None:
        raise StateConflict(state=submission.state.value)
    after = replace(
        submission,
        state=transition(submission.state, submission.held_from),
        held_from=None,
        reason=None,
        attempts=0,
        next_at=None,
        updated_at=now,
    )
    return Change(after, (JournalEntry("resume", "result"),), (EvidenceEntry("resumed", {"by": by}),), wake_at=now)


def cancelled(submission: Submission, now: datetime, by: str) -> Change:
    """The end, before anything was submitted. `by` as in `resumed`.

    Raises `StateConflict` where it was submitted, perhaps was (its last request has no answer yet), or ended already.
    """
    where = submission.held_from if submission.state is State.HELD else submission.state
    doubtful = submission.intent == StepKind.SUBMIT.value
    if where not in WAITING or doubtful:
        raise StateConflict(state=submission.state.value)
    after = replace(
        submission,
        state=transition(submission.state, State.CANCELLED),
        held_from=None,
        intent=None,
        next_at=None,
        deadline=None,
        parts=(),
        updated_at=now,
    )
    gone = tuple(part.blob for part in submission.parts)
    evidence = (EvidenceEntry("cancelled", {"by": by, "from": submission.state.value}),)
    return Change(after, (JournalEntry("cancel", "result"),), evidence, discard=gone)
