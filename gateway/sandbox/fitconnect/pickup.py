"""The subscriber's side of the Submission API, and the event log that sender and subscriber read.

Knows: what may be picked up (submitted or forwarded, of one's own destinations). Never does: mark something as read;
it stays listed until it is accepted or rejected. Standard: Submission API 1.1.3 and v2.
Start reading: `listing`, then `post_event`.
"""

from __future__ import annotations

from typing import Any, Final

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from gateway.fitconnect import names
from gateway.sandbox.fitconnect import arrival, events, records, requests, submissions, tokens
from gateway.sandbox.fitconnect.problems import Problem
from gateway.sandbox.fitconnect.records import ApiClient, Submission
from gateway.sandbox.fitconnect.requests import Json, identifier, page
from gateway.sandbox.fitconnect.sandbox import Sandbox

SUBSCRIBE: Final = (names.SCOPE_SUBSCRIBE,)
_EITHER: Final = (*submissions.SEND, *SUBSCRIBE)


async def listing(request: Request) -> Response:
    """`GET /submissions`: what waits for this client, oldest first."""
    client = tokens.require(request, *SUBSCRIBE)
    sandbox: Sandbox = request.app.state.sandbox
    destination_id = request.query_params.get("destinationId")
    if destination_id is not None:
        destination_id = identifier(destination_id, "destinationId")
        destination = sandbox.store.destinations.get(destination_id)
        if destination is None or destination.owner != client.client_id:
            raise _foreign()
    waiting = [
        {"destinationId": s.destination_id, "submissionId": s.id, "caseId": s.case_id}
        for s in sandbox.store.submissions.values()
        if s.state in records.PICKUP and destination_id in {None, s.destination_id} and _owned(sandbox, client, s)
    ]
    return Json(page(request, waiting, "submissions"))


async def fetch(request: Request) -> Response:
    """`GET /submissions/{id}`: sealed metadata and document."""
    sandbox, submission = _waiting(request)
    answer: dict[str, Any] = submissions.reduced(submission, submissions.api_of(request))
    for name, member in (("metadata", "encryptedMetadata"), ("data", "encryptedData")):
        if (part := sandbox.store.parts.open(submission.id, name)) is not None:
            with part:
                answer[member] = part.read().decode("ascii")
    if submission.callback:
        answer["callback"] = {"url": submission.callback["url"]}
    return Json(answer)


async def fetch_attachment(request: Request) -> Response:
    """`GET /submissions/{id}/attachments/{attachment}`: the sealed attachment, streamed."""
    sandbox, submission = _waiting(request)
    attachment_id = identifier(request.path_params["attachment_id"], "attachmentId")
    file = sandbox.store.parts.file(submission.id, attachment_id) if attachment_id in submission.announced else None
    if file is None:
        raise Problem(404, "attachment-not-found", "Attachment not found")
    return FileResponse(file, media_type=names.JOSE)


async def case_events(request: Request) -> Response:
    """`GET /cases/{id}/events`."""
    client = tokens.require(request, *_EITHER)
    sandbox: Sandbox = request.app.state.sandbox
    case_id = identifier(request.path_params["case_id"], "caseId")
    of_case = sandbox.store.of_case(case_id)
    if not of_case:
        raise Problem(404, "case-not-found", "Case not found")
    if not any(_party(sandbox, client, s) for s in of_case):
        raise _foreign()
    return Json(page(request, [e.token for e in sandbox.store.events.get(case_id, [])], "eventLog"))


async def submission_events(request: Request) -> Response:
    """`GET /submissions/{id}/events`."""
    client = tokens.require(request, *_EITHER)
    sandbox: Sandbox = request.app.state.sandbox
    submission = sandbox.store.submissions.get(identifier(request.path_params["submission_id"], "submissionId"))
    if submission is None:
        raise Problem(404, names.SUBMISSION_NOT_FOUND, "Submission not found")
    if not _party(sandbox, client, submission):
        raise _foreign()
    return Json(page(request, [e.token for e in sandbox.store.event_log(submission)], "eventLog"))


async def post_event(request: Request) -> Response:
    """`POST /cases/{id}/events`: a SET signed by the destination; 204."""
    client = tokens.require(request, *SUBSCRIBE)
    sandbox: Sandbox = request.app.state.sandbox
    case_id = identifier(request.path_params["case_id"], "caseId")
    requests.require_type(request, names.JOSE)
    raw = await requests.body(request, names.SET_PAYLOAD_MAX_BYTES * 2)
    try:
        token = raw.decode("ascii").strip()
    except UnicodeDecodeError:
        raise Problem(400, "invalid-set", "The body is no compact JWS") from None
    api = submissions.api_of(request)
    submission = await events.accept_set(sandbox, case_id, token, client_id=client.client_id, api=api)
    arrival.closed(sandbox, submission)
    return Response(status_code=204)


async def cases(request: Request) -> Response:
    """`GET /cases`: the cases this client is a party of."""
    client = tokens.require(request, *_EITHER)
    sandbox: Sandbox = request.app.state.sandbox
    cases = {s.case_id: s for s in sandbox.store.submissions.values() if _party(sandbox, client, s)}
    return Json(page(request, [_case(sandbox, case_id) for case_id in cases], "cases"))


async def case(request: Request) -> Response:
    """`GET /cases/{id}`."""
    client = tokens.require(request, *_EITHER)
    sandbox: Sandbox = request.app.state.sandbox
    case_id = identifier(request.path_params["case_id"], "caseId")
    if not any(_party(sandbox, client, s) for s in sandbox.store.of_case(case_id)):
        raise Problem(404, "case-not-found", "Case not found")
    return Json(_case(sandbox, case_id))


def _case(sandbox: Sandbox, case_id: str) -> dict[str, Any]:
    of_case = sandbox.store.of_case(case_id)
    return {
        "caseId": case_id,
        "destinationId": of_case[0].destination_id,
        "submissions": [{"submissionId": s.id} for s in of_case],
    }


def _waiting(request: Request) -> tuple[Sandbox, Submission]:
    client = tokens.require(request, *SUBSCRIBE)
    sandbox: Sandbox = request.app.state.sandbox
    submission = sandbox.store.submissions.get(identifier(request.path_params["submission_id"], "submissionId"))
    if submission is not None and not _owned(sandbox, client, submission):
        raise _foreign()
    if submission is None or submission.state not in records.PICKUP:
        raise Problem(404, names.SUBMISSION_NOT_FOUND, "Submission not found or not in state submitted")
    return sandbox, submission


def _owned(sandbox: Sandbox, client: ApiClient, submission: Submission) -> bool:
    return sandbox.store.destinations[submission.destination_id].owner == client.client_id


def _party(sandbox: Sandbox, client: ApiClient, submission: Submission) -> bool:
    return submission.client_id == client.client_id or _owned(sandbox, client, submission)


def _foreign() -> Problem:
    return Problem(403, "forbidden", "Forbidden", "The client is not connected to this destination.")
