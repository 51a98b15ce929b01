"""Callbacks: a POST that says that there is something to fetch, authenticated by HMAC-SHA-512.

Knows: the two headers and the payload. Never does: repeat a callback or let one fail a submission.
Standard: Submission API v2; HMAC over `<timestamp>.<body>`, hexadecimal. Start reading: `authentication`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import logging
from collections.abc import Mapping

from gateway.errors import GatewayError
from gateway.fitconnect import names
from gateway.outbound.client import Policy, exchange, http_client
from gateway.sandbox.fitconnect.records import Submission
from gateway.sandbox.fitconnect.sandbox import Sandbox

log = logging.getLogger(__name__)

_KEPT = 500


def authentication(secret: str, timestamp: int, body: bytes) -> str:
    """The value of `callback-authentication`: hex HMAC-SHA-512 over timestamp (Unix seconds), dot and raw body."""
    return hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha512).hexdigest()


def payload(kind: str, submission: Submission) -> bytes:
    """The body of a callback for one submission; `kind` is the callback's URI."""
    entry = {"destinationId": submission.destination_id, "submissionId": submission.id, "caseId": submission.case_id}
    body = {"type": kind, "submissionIds": [submission.id], "submissions": [entry]}
    return json.dumps(body, separators=(",", ":")).encode()


async def send(sandbox: Sandbox, callback: Mapping[str, str] | None, kind: str, submission: Submission) -> bool:
    """Send one callback, if one is wanted; True where it was answered with 2xx."""
    if not callback:
        return False
    body = payload(kind, submission)
    timestamp = sandbox.clock.seconds()
    headers = {
        "content-type": names.JSON,
        names.CALLBACK_TIMESTAMP: str(timestamp),
        names.CALLBACK_AUTHENTICATION: authentication(callback["secret"], timestamp, body),
    }
    try:
        status = await (sandbox.post or _post)(callback["url"], body, headers)
    except (GatewayError, OSError) as error:
        log.info("callback failed: %s", type(error).__name__)
        status = 0
    sandbox.callback_log.append({"type": kind, "submission_id": submission.id, "status": status})
    del sandbox.callback_log[:-_KEPT]
    return 200 <= status < 300


async def _post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    policy = Policy(allow_private=("loopback",), connect_s=5, read_s=10, user_agent="fit-connect-sandbox")
    async with http_client(policy) as client:
        answer = await exchange(client, "POST", url, headers=headers, content=body, call="sandbox.callback")
    return answer.status
