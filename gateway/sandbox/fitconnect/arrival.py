"""What follows a submit and an event: callbacks and the automatic subscriber.

Knows: who is told what. Never does: wait for it; a callback that fails changes nothing. Standard: set-payload
1.2.2, Submission API v2 (callbacks). Start reading: `announce`.
"""

from __future__ import annotations

from gateway.fitconnect import names
from gateway.sandbox.fitconnect import callbacks, events, records, subscriber
from gateway.sandbox.fitconnect.records import Submission
from gateway.sandbox.fitconnect.sandbox import Sandbox


def announce(sandbox: Sandbox, submission: Submission) -> None:
    """A submission arrived at its destination."""
    destination = sandbox.store.destinations[submission.destination_id]
    if destination.callback:
        sandbox.spawn(_notify(sandbox, submission))
    if destination.subscriber == records.AUTOMATIC:
        sandbox.spawn(subscriber.handle(sandbox, submission.id, closed))


def closed(sandbox: Sandbox, submission: Submission) -> None:
    """An event of the subscriber, or a deadline, arrived for the sender; by deadline the subscriber is told too."""
    if submission.state in records.CLOSED:
        sandbox.ended.add(submission)
    sandbox.spawn(callbacks.send(sandbox, submission.callback, names.CALLBACK_NEW_EVENTS, submission))
    if submission.closed_by == records.DELIVERY:
        destination = sandbox.store.destinations[submission.destination_id]
        sandbox.spawn(callbacks.send(sandbox, destination.callback, names.CALLBACK_NEW_EVENTS, submission))


def resume(sandbox: Sandbox, destination_id: str | None = None) -> None:
    """Let the automatic subscriber pick up what still waits, after a restart or a change of its mode."""
    for submission in list(sandbox.store.submissions.values()):
        destination = sandbox.store.destinations[submission.destination_id]
        waiting = submission.state in records.PICKUP and destination.subscriber == records.AUTOMATIC
        if waiting and destination_id in {None, destination.id}:
            sandbox.spawn(subscriber.handle(sandbox, submission.id, closed))


async def _notify(sandbox: Sandbox, submission: Submission) -> None:
    destination = sandbox.store.destinations[submission.destination_id]
    sent = await callbacks.send(sandbox, destination.callback, names.CALLBACK_NEW_SUBMISSIONS, submission)
    if not sent:
        return
    async with sandbox.lock(submission.case_id):
        now = sandbox.current(submission)
        if now and now.state in records.PICKUP:
            event = await events.issue(sandbox, now, names.NOTIFY_SUBMISSION, {"notifyType": "callback"})
            sandbox.store.put(event, commits="sandbox.notify")
    await callbacks.send(sandbox, submission.callback, names.CALLBACK_NEW_EVENTS, submission)
