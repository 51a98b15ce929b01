"""What happens by itself: FIT-Connect's deadlines, counted on the sandbox's clock.

Knows: a day for the incomplete, 14 days until the delivery service rejects, 7 days of grace for content, 730
for events. Never does: send the reminder mails of day 3 and 9. Standard: Submission API v2. Start reading: `enforce`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from gateway.fitconnect import names
from gateway.sandbox.fitconnect import arrival, events, records
from gateway.sandbox.fitconnect.problems import event_problem
from gateway.sandbox.fitconnect.records import Submission
from gateway.sandbox.fitconnect.sandbox import Sandbox

_DAY_S: Final = 86_400


async def enforce(sandbox: Sandbox) -> None:
    """Apply every deadline that has passed, once; in the order in which they would have passed."""
    now = sandbox.clock.now().timestamp()
    for submission in list(sandbox.store.submissions.values()):
        async with sandbox.lock(submission.case_id):
            current = sandbox.current(submission)
            if current is not None:
                await _one(sandbox, current, now)
    for case_id, log in list(sandbox.store.events.items()):
        if log and now - log[-1].at >= names.DAYS_EVENTS_KEPT * _DAY_S:
            for submission in sandbox.store.of_case(case_id):
                sandbox.store.drop(submission.id)


async def _one(sandbox: Sandbox, submission: Submission, now: float) -> None:
    if submission.state == records.ANNOUNCED:
        if now - submission.created_at >= names.DAYS_INCOMPLETE * _DAY_S:
            sandbox.store.drop(submission.id)
        return
    since = submission.submitted_at or submission.created_at
    if submission.state in records.PICKUP and now - since >= names.DAYS_REJECTED * _DAY_S:
        submission = await _expire(sandbox, submission, since + names.DAYS_REJECTED * _DAY_S)
    if submission.closed_at is None or submission.erased:
        return
    if now - submission.closed_at >= names.DAYS_DELETED_AFTER_ACCEPT * _DAY_S:
        event = await events.issue(sandbox, submission, names.DELETE_SUBMISSION)
        sandbox.store.parts.erase(submission.id)  # first, and once more after a kill: the event is told once
        sandbox.store.put(event, replace(submission, erased=True), commits="sandbox.expire")


async def _expire(sandbox: Sandbox, submission: Submission, at: float) -> Submission:
    problem = event_problem(names.TECHNICAL_ERROR, "other", "Not picked up within 14 days")
    event = await events.issue(sandbox, submission, names.REJECT_SUBMISSION, {"problems": [problem]})
    after = replace(submission, state=records.REJECTED, closed_at=at, closed_by=records.DELIVERY)
    sandbox.store.put(event, after, commits="sandbox.expire")
    arrival.closed(sandbox, after)
    return after
