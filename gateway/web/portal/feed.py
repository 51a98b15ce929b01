"""The feed of changes: by long poll and as server-sent events, the same lines in the same order.

Knows: waiting for a change, the syntax of an event stream, heartbeats. Never does: query (`store` does).
Standards: fixed interfaces §3, WHATWG HTML §9.2 (server-sent events). Start reading: `changes`, then `stream`.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Final

import structlog
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway.errors import DatabaseAway, InvalidParameter, TooManyRequests
from gateway.login.tokens import Principal
from gateway.model import instant
from gateway.ports.store import StateChange
from gateway.web.dependencies import dependencies_of
from gateway.web.http.answer import reply
from gateway.web.portal.caller import READ, caller, visible
from gateway.web.portal.query import Query

STREAMS: Final = 8
"""Event streams that one client may have open at one process; each asks the database several times a second."""
_LINES: Final = 200
_RETRY: Final = b"retry: 1000\n\n"
_HEARTBEAT: Final = b": nothing new\n\n"

log = structlog.get_logger()


async def changes(request: Request) -> Response:
    """State changes after a cursor, in order, none skipped; with `wait` the answer waits for the first one."""
    principal = caller(request, READ)
    query = Query.of(request, ("after", "wait", "limit"))
    after = query.cursor("after")
    wait = query.number("wait", default=0, least=0, most=int(dependencies_of(request).limits.wait_s))
    limit = query.number("limit", default=200, least=1, most=1000)
    query.done()
    lines = await _awaited(request, principal, after, wait, limit)
    return reply({"changes": [_line(change) for change in lines], "next": lines[-1].cursor if lines else after})


async def stream(request: Request) -> Response:
    """The same as server-sent events: each event's id is its cursor; `Last-Event-ID` (or `after`) goes on behind it.

    The stream ends with the access token; event sources come back by themselves.
    """
    principal = caller(request, READ)
    query = Query.of(request, ("after",))
    after = query.cursor("after")
    last = query.cursor_field("Last-Event-ID")
    after = last or after
    query.done()
    open_ones: Counter[str] = request.app.state.streams
    if open_ones[principal.client.id] >= STREAMS:
        raise TooManyRequests(retry_after=dependencies_of(request).limits.heartbeat_s)
    open_ones[principal.client.id] += 1  # before anything is awaited: many calls at once are not more than many
    try:
        first = await _awaited(request, principal, after, 0, _LINES)  # a foreign cursor is refused with a problem
    except BaseException as error:
        open_ones[principal.client.id] -= 1
        if last and isinstance(error, InvalidParameter):
            moved = tuple(replace(finding, pointer="#header/Last-Event-ID") for finding in error.findings)
            raise InvalidParameter(findings=moved) from None
        raise
    return _Stream(_events(request, principal, after, first), open_ones, principal.client.id)


class _Stream(StreamingResponse):
    """An event stream; its place is free again however it ends, also before its first byte."""

    def __init__(self, events: AsyncIterator[bytes], open_ones: Counter[str], client: str) -> None:
        super().__init__(events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})
        self._open, self._client = open_ones, client

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._open[self._client] -= 1


async def _events(
    request: Request, principal: Principal, after: str | None, lines: tuple[StateChange, ...]
) -> AsyncIterator[bytes]:
    dependencies = dependencies_of(request)
    try:
        yield _RETRY
        while dependencies.clock.now().timestamp() < principal.expires and not await request.is_disconnected():
            for change in lines:
                yield _event(change)
            after = lines[-1].cursor if lines else after
            lines = await _awaited(request, principal, after, dependencies.limits.heartbeat_s, _LINES)
            if not lines:
                yield _HEARTBEAT
    except DatabaseAway:
        log.warning("web.stream_ended", request_id=request.scope.get("request_id"))


async def _awaited(
    request: Request, principal: Principal, after: str | None, wait: float, limit: int
) -> tuple[StateChange, ...]:
    """The lines behind a cursor; where there are none, those that come within `wait` seconds."""
    dependencies, scope = dependencies_of(request), visible(request, principal.client)
    loop = asyncio.get_running_loop()
    until = loop.time() + wait
    lines = await dependencies.store.changes(after, scope, limit)
    while not lines and loop.time() < until and not await request.is_disconnected():
        await asyncio.sleep(min(dependencies.limits.poll_s, max(0.0, until - loop.time())))
        lines = await dependencies.store.changes(after, scope, limit)
    return lines


def _event(change: StateChange) -> bytes:
    data = json.dumps(_line(change), separators=(",", ":"))
    return f"id: {change.cursor}\nevent: submission.state\ndata: {data}\n\n".encode()


def _line(change: StateChange) -> dict[str, Any]:
    return {
        "cursor": change.cursor,
        "submission_id": str(change.submission_id),
        "state": change.state,
        "at": instant(change.at),
    }
