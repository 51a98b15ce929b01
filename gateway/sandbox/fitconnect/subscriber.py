"""The automatic subscriber: picks up, checks, signs its answer with the destination's key and sends it.

Knows: the modes accept, reject, silent and slow. Never does: accept what `checks` refused, whatever its mode.
Standard: set-payload 1.2.2. Start reading: `handle`.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from gateway.crypto.keys import thumbprint
from gateway.errors import GatewayError
from gateway.fitconnect import names
from gateway.sandbox.fitconnect import events, keyring, records
from gateway.sandbox.fitconnect.checks import ReceivedSubmission, Result, examine
from gateway.sandbox.fitconnect.ended import OPENED
from gateway.sandbox.fitconnect.metadata import Rules
from gateway.sandbox.fitconnect.problems import Problem, event_problem
from gateway.sandbox.fitconnect.records import Destination, Submission
from gateway.sandbox.fitconnect.sandbox import Sandbox

_rules: dict[Any, Rules] = {}


async def handle(sandbox: Sandbox, submission_id: str, closed: Callable[[Sandbox, Submission], None]) -> None:
    """Answer one submission. Harmless for one that is answered already; `closed` is told of the answer."""
    async with sandbox.opening:
        submission = _waiting(sandbox, submission_id)
        if submission is None:
            return
        destination = sandbox.store.destinations[submission.destination_id]
        if destination.mode == "silent":
            return
        token = await asyncio.to_thread(_answer, sandbox, _delivery(sandbox, submission, destination), destination)
    if destination.mode == "slow":
        await asyncio.sleep(destination.mode_delay_s)
    if _waiting(sandbox, submission_id) is None:
        return
    try:
        after = await events.accept_set(sandbox, submission.case_id, token, client_id=None, api="v2")
    except Problem as problem:
        if problem.status != 409:
            raise
        return
    closed(sandbox, after)


def opened(sandbox: Sandbox, submission_id: str) -> Mapping[str, Any] | None:
    """What the subscriber decrypted, as the admin API shows it; None where nothing was opened."""
    raw = sandbox.store.parts.get(submission_id, OPENED)
    return json.loads(raw) if raw is not None else None


def _waiting(sandbox: Sandbox, submission_id: str) -> Submission | None:
    submission = sandbox.store.submissions.get(submission_id)
    return submission if submission and submission.state in records.PICKUP else None


def _delivery(sandbox: Sandbox, submission: Submission, destination: Destination) -> ReceivedSubmission:
    key = sandbox.key_of(destination, keyring.ENCRYPTION)
    kids = {key.kid, thumbprint(key.public_jwk)}  # old clients name the key by its thumbprint
    return ReceivedSubmission(
        submission=submission,
        destination=destination,
        event_log=tuple(e.token for e in sandbox.store.event_log(submission)),
        part=lambda name: sandbox.store.parts.open(submission.id, name),
        directory=sandbox.store.directory,
        key_for=lambda kid: key.rsa if kid in kids else None,
        issuer_key=sandbox.keys.keys[keyring.DELIVERY].rsa.public_key(),
        issuer=sandbox.issuer,
        rules=_rules_of(sandbox),
        documents=sandbox.documents,
        now=sandbox.clock.now(),
        signers=sandbox.signers,
    )


def _rules_of(sandbox: Sandbox) -> Rules:
    if sandbox.schemas not in _rules:
        _rules[sandbox.schemas] = Rules(sandbox.schemas)
    return _rules[sandbox.schemas]


def _answer(sandbox: Sandbox, delivery: ReceivedSubmission, destination: Destination) -> str:
    """Runs in a thread: check, keep what was opened, sign."""
    try:
        result = examine(delivery)
    except (OSError, GatewayError, KeyError, TypeError, ValueError):
        result = Result((event_problem(names.TECHNICAL_ERROR, "other", "The submission could not be checked"),))
    _keep(sandbox, delivery.submission.id, result)
    problems = list(result.problems)
    if not problems and destination.mode == "reject":
        problems = [dict(p) for p in destination.mode_problems] or [
            event_problem(names.TECHNICAL_ERROR, "other", "Rejected on request")
        ]
    kind = names.REJECT_SUBMISSION if problems else names.ACCEPT_SUBMISSION
    body = {"problems": problems} if problems else {"authenticationTags": delivery.submission.tags}
    payload = events.payload_of(sandbox, delivery.submission, destination.id, kind, body)
    return events.sign(payload, sandbox.key_of(destination, keyring.SIGNING))


def _keep(sandbox: Sandbox, submission_id: str, result: Result) -> None:
    if result.metadata is None:
        return
    content = {
        "metadata": result.metadata,
        "document": base64.b64encode(result.document or b"").decode(),
        "attachments": list(result.attachments),
    }
    raw = json.dumps(content, ensure_ascii=False).encode()
    sandbox.store.parts.put(submission_id, OPENED, raw, commits="sandbox.opened")
