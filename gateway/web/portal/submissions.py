"""Submissions: create, validate, read, list, cancel, correct.

Knows: fixed interfaces §3. Never does: judge a record (`intake`), query (`store`).
Start reading: `create`.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import MissingIdempotencyKey, RecordInvalid
from gateway.input.patterns import REFERENCE
from gateway.intake import withdrawal
from gateway.intake.body import Application
from gateway.model import Client, Severity, State
from gateway.ports.store import Filter, View
from gateway.web.dependencies import dependencies_of
from gateway.web.http import body
from gateway.web.http.answer import reference, reply
from gateway.web.http.metrics import of as metrics_of
from gateway.web.portal.admission import admission, require_capacity, reserved_storage
from gateway.web.portal.caller import READ, WRITE, caller, visible
from gateway.web.portal.query import Query, path_uuid

KEY: Final = re.compile(r"[\x20-\x7e]{1,255}")
_SERVICE: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_REFERENCE_FORM: Final = ("1 bis 64 Zeichen aus A–Z, a–z, 0–9 und . _ : / -", "1 to 64 of A–Z, a–z, 0–9 and . _ : / -")
_SERVICE_FORM: Final = (
    "die id eines Dienstes aus GET /api/v1/services (a–z, 0–9 und -)",
    "the id of a service of GET /api/v1/services (a–z, 0–9 and -)",
)
_LIST: Final = ("state", "service", "municipality", "reference", "created_after", "cursor", "limit")


async def create(request: Request) -> Response:
    """Take over an application: 201 once everything is on disk; the same key and body get the same answer again."""
    client = caller(request, WRITE).client
    Query.of(request, ()).done()
    key = _key(request)
    dependencies = dependencies_of(request)
    await require_capacity(dependencies)
    application = await _application(request)
    async with admission(dependencies, client) as admitted:
        view = await dependencies.intake.create(client, application, key, admit=admitted.admit)
        admitted.keep_if_new(view)
    return _made(request, view)


async def cancel(request: Request) -> Response:
    """Take an application back that was not submitted yet; repeated, the same answer."""
    client = caller(request, WRITE).client
    dependencies, view = dependencies_of(request), await _own(request, client)
    await withdrawal.withdraw(dependencies.store, dependencies.clock, view.submission.id)
    return reply((await _own(request, client)).as_json())


async def correct(request: Request) -> Response:
    """Take over a new version of an application; the old one is cancelled if it was not submitted yet.

    Attachments may name the uploads of the old one as long as its files are kept; they are copied.
    """
    client = caller(request, WRITE).client
    dependencies, key, old = dependencies_of(request), _key(request), await _own(request, client)
    await require_capacity(dependencies)
    application = await _application(request)
    with reserved_storage(dependencies, withdrawal.taken_again(old, application)):
        async with admission(dependencies, client) as admitted:
            view = await withdrawal.correct(dependencies.intake, client, old, application, key, admitted.admit)
            admitted.keep_if_new(view)
    return _made(request, view)


async def _application(request: Request) -> Application:
    return Application.of(await body.read_object(request, dependencies_of(request).limits))


def _key(request: Request) -> str:
    keys = request.headers.getlist("idempotency-key")
    if len(keys) != 1 or not KEY.fullmatch(keys[0]):
        raise MissingIdempotencyKey
    return keys[0]


def _made(request: Request, view: View) -> Response:
    metrics_of(request).taken(view.submission.service, view.submission.municipality)
    request.scope["submission_id"] = str(view.submission.id)
    location = reference(request, f"/api/v1/submissions/{view.submission.id}")
    return reply({**view.as_json(), "receipt": view.receipt}, 201, headers={"Location": location})


async def _own(request: Request, client: Client) -> View:
    """The submission of the caller's that the address names."""
    Query.of(request, ()).done()
    submission_id = path_uuid(request, "submission_id")
    return await dependencies_of(request).store.view(submission_id, visible(request, client))


async def validate(request: Request) -> Response:
    """Check an application without taking anything over."""
    client = caller(request, WRITE).client
    Query.of(request, ()).done()
    application = await _application(request)
    try:
        findings = await dependencies_of(request).intake.validate(client, application)
    except RecordInvalid as error:
        findings = error.findings
    valid = not any(finding.severity is Severity.ERROR for finding in findings)
    return reply({"valid": valid, "findings": [finding.as_json() for finding in findings]})


async def read(request: Request) -> Response:
    """One submission of the caller's."""
    client = caller(request, READ).client
    return reply((await _own(request, client)).as_json())


async def listing(request: Request) -> Response:
    """The caller's submissions, newest first, a page at a time."""
    client = caller(request, READ).client
    query = Query.of(request, _LIST, repeatable=("state",))
    filters = Filter(
        states=query.many("state", tuple(State)),
        service=query.matching("service", _SERVICE, _SERVICE_FORM),
        municipality=query.municipality(client),
        reference=query.matching("reference", REFERENCE, _REFERENCE_FORM),
        created_after=query.instant("created_after"),
        cursor=query.cursor("cursor"),
        limit=query.number("limit", default=50, least=1, most=200),
    )
    query.done()
    views, following = await dependencies_of(request).store.list_views(filters, visible(request, client))
    return reply({"items": [view.as_json() for view in views], "next": following})
