"""The sender's side of the Submission API: announce, upload, submit; in v2 and, with its differences, v1.

Knows: what may be announced, the limits, the state machine up to `submitted`. Never does: look into sealed parts.
Standard: Submission API 1.1.3 and v2. Start reading: `create`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from gateway.fitconnect import names
from gateway.sandbox.fitconnect import arrival, events, records, requests, sealed, tokens
from gateway.sandbox.fitconnect.parts import Arrival
from gateway.sandbox.fitconnect.problems import Problem
from gateway.sandbox.fitconnect.records import Submission, Upload
from gateway.sandbox.fitconnect.requests import Json, identifier
from gateway.sandbox.fitconnect.sandbox import Sandbox

SEND: Final = (names.SCOPE_SEND, names.SCOPE_SEND_V1)
_SERVICE: Final = re.compile(names.SERVICE_PATTERN)
_REGION: Final = re.compile(names.REGION_PATTERN)
_MAX_PART: Final = 14_000_000  # characters of a sealed document or metadata


def api_of(request: Request) -> str:
    """`v1` or `v2`, by the address."""
    return "v1" if request.scope["path"].startswith("/submission-api/v1/") else "v2"


async def create(request: Request) -> Response:
    """`POST /submissions`: announce. 201 with the ids; writes create-submission."""
    client = tokens.require(request, *SEND)
    sandbox: Sandbox = request.app.state.sandbox
    api = api_of(request)
    body = await requests.json_object(request)
    destination_id = identifier(body.get("destinationId"), "destinationId")
    announced = _announced(body.get("announcedAttachments"))
    service = _service(body, "serviceType" if api == "v1" else "publicService")
    region = _region(body.get("region"))
    callback = callback_of(body.get("callback"))
    destination = sandbox.store.destinations.get(destination_id)
    if destination is None:
        raise Problem(404, names.DESTINATION_NOT_FOUND, "Destination not found")
    if destination.status != names.STATUS_ACTIVE:
        raise Problem(422, names.DESTINATION_STATE_INVALID, "Destination is not active")
    case_id = _case(sandbox, body.get("caseId"), client.client_id, destination_id)
    submission = Submission(
        id=sandbox.ids.uuid(),
        case_id=case_id,
        destination_id=destination_id,
        client_id=client.client_id,
        service=service,
        announced=announced,
        created_at=sandbox.clock.now().timestamp(),
        region=region,
        callback=callback,
    )
    async with sandbox.lock(case_id):
        event = await events.issue(sandbox, submission, names.CREATE_SUBMISSION)
        sandbox.store.put(submission, event, commits="sandbox.announce")
    answer = {"submissionId": submission.id, "caseId": case_id, "destinationId": destination_id}
    return Json(answer, 201)


async def upload(request: Request) -> Response:
    """`PUT /submissions/{id}/attachments/{attachment}`: streamed, 204."""
    sandbox, submission = _opened(request)
    attachment_id = identifier(request.path_params["attachment_id"], "attachmentId")
    requests.require_type(request, names.JOSE)
    _require_announced(submission)
    if attachment_id not in submission.announced:
        raise Problem(422, "attachment-not-announced", "The attachment was not announced")
    requests.announced_length(request, names.MAX_ATTACHMENT_BYTES)
    parts = sandbox.store.parts
    arriving = parts.arrival(submission.id)
    try:
        part = await _receive(request, arriving, api_of(request))
        async with sandbox.lock(submission.case_id):
            now = _still(sandbox, submission)
            others = now.size - (now.uploads[attachment_id].size if attachment_id in now.uploads else 0)
            if others + part.size > names.MAX_TOTAL_BYTES:
                raise requests.too_large(names.MAX_TOTAL_BYTES)
            parts.keep(now.id, attachment_id, arriving)
            sandbox.store.put(replace(now, uploads={**now.uploads, attachment_id: part}), commits="sandbox.upload")
    finally:
        arriving.discard()
    return Response(status_code=204)


async def submit(request: Request) -> Response:
    """`PUT /submissions/{id}`: document and metadata; 200 (v1: 202). Writes submit-submission and hands over."""
    sandbox, submission = _opened(request)
    body = await requests.json_object(request, limit=2 * _MAX_PART + 1000)
    _require_announced(submission)
    api = api_of(request)
    metadata = _part(body, "encryptedMetadata", api)
    data = _part(body, "encryptedData", api) if api == "v2" or "encryptedData" in body else None
    async with sandbox.lock(submission.case_id):
        now = _still(sandbox, submission)
        missing = [i for i in now.announced if i not in now.uploads]
        if missing:
            raise Problem(422, "attachments-missing", "Announced attachments are missing", missing=missing)
        sandbox.store.parts.put(now.id, "metadata", metadata[0], commits="sandbox.metadata")
        if data:
            sandbox.store.parts.put(now.id, "data", data[0], commits="sandbox.data")
        after = replace(
            now,
            state=records.SUBMITTED,
            metadata=metadata[1],
            data=data[1] if data else None,
            submitted_at=sandbox.clock.now().timestamp(),
            submit_count=now.submit_count + 1,
        )
        event = await events.issue(sandbox, after, names.SUBMIT_SUBMISSION, {"authenticationTags": after.tags})
        sandbox.store.put(event, after, commits="sandbox.submit")
    arrival.announce(sandbox, after)
    return Json(reduced(after, api), 202 if api == "v1" else 200)


def reduced(submission: Submission, api: str) -> dict[str, Any]:
    """A submission without its content, in the words of an API version."""
    service = "serviceType" if api == "v1" else "publicService"
    return {
        "destinationId": submission.destination_id,
        "submissionId": submission.id,
        "caseId": submission.case_id,
        "attachments": list(submission.announced),
        service: dict(submission.service),
    } | ({"region": submission.region} if submission.region else {})


def callback_of(value: object) -> Mapping[str, str] | None:
    """A callback to store; 400 unless its address is https (or http on loopback) and it has a secret."""
    if value is None:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("url"), str) or not isinstance(value.get("secret"), str):
        raise _invalid("callback")
    try:
        parts = urlsplit(value["url"])
        loopback = parts.hostname in {"127.0.0.1", "::1", "localhost"}
    except ValueError:
        raise _invalid("callback") from None
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and loopback)):
        raise _invalid("callback")
    if not value["secret"]:
        raise _invalid("callback")
    return {"url": value["url"], "secret": value["secret"]}


async def _receive(request: Request, target: Arrival, api: str) -> Upload:
    reader = sealed.Reader()
    async for chunk in request.stream():
        reader.feed(chunk)
        if reader.size > names.MAX_ATTACHMENT_BYTES:
            raise requests.too_large(names.MAX_ATTACHMENT_BYTES)
        target.write(chunk)
    target.close()
    return reader.finish(api=api, cty_required=False)


def _opened(request: Request) -> tuple[Sandbox, Submission]:
    """The submission of the address, if this client announced it."""
    client = tokens.require(request, *SEND)
    sandbox: Sandbox = request.app.state.sandbox
    submission = sandbox.store.submissions.get(identifier(request.path_params["submission_id"], "submissionId"))
    if submission is None or submission.client_id != client.client_id:
        raise _gone()
    return sandbox, submission


def _still(sandbox: Sandbox, submission: Submission) -> Submission:
    now = sandbox.current(submission)
    if now is None:
        raise _gone()
    _require_announced(now)
    return now


def _require_announced(submission: Submission) -> None:
    if submission.state != records.ANNOUNCED:
        raise Problem(
            409, "submission-state-invalid", f"The submission is {submission.state} already and takes nothing more"
        )


def _gone() -> Problem:
    return Problem(404, names.SUBMISSION_NOT_FOUND, "Submission not found")


def _invalid(name: str) -> Problem:
    return Problem(400, "constraint-violation", f"{name} is missing or invalid", parameter=name)


def _part(body: Mapping[str, Any], name: str, api: str) -> tuple[bytes, Upload]:
    value = body.get(name)
    if value is None:
        raise _invalid(name)
    if isinstance(value, str) and len(value) > _MAX_PART:
        raise requests.too_large(_MAX_PART)
    return sealed.read(value, name, api=api)


def _announced(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise _invalid("announcedAttachments")
    ids = tuple(identifier(entry, "announcedAttachments") for entry in value)
    if len(set(ids)) != len(ids):
        raise _invalid("announcedAttachments")
    if len(ids) > names.MAX_ATTACHMENTS:
        raise Problem(422, "too-many-attachments", f"At most {names.MAX_ATTACHMENTS} attachments")
    return ids


def _service(body: Mapping[str, Any], member: str) -> Mapping[str, Any]:
    value = body.get(member)
    if not isinstance(value, dict) or not isinstance(value.get("name"), str):
        raise _invalid(member)
    key = value.get("identifier")
    least, most = names.SERVICE_LENGTH
    if not isinstance(key, str) or not least <= len(key) <= most or not _SERVICE.fullmatch(key):
        raise _invalid(f"{member}.identifier")
    if not isinstance(value.get("description", ""), str):
        raise _invalid(f"{member}.description")
    return {name: value[name] for name in ("name", "identifier", "description") if name in value}


def _region(value: object) -> str | None:
    if value is not None and (not isinstance(value, str) or not _REGION.fullmatch(value)):
        raise _invalid("region")
    return value


def _case(sandbox: Sandbox, value: object, client_id: str, destination_id: str) -> str:
    """The case to continue, or a new one."""
    if value is None:
        return sandbox.ids.uuid()
    case_id = identifier(value, "caseId")
    if not any(s.client_id == client_id and s.destination_id == destination_id for s in sandbox.store.of_case(case_id)):
        raise Problem(404, "case-not-found", "Case not found")
    return case_id
