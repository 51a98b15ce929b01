"""Many applications in one call: NDJSON in, NDJSON out, a line each, in the same order.

Knows: lines, their limits, and that a caller may send everything before it reads an answer (streaming both ways).
Never does: hold a whole batch, give up a batch for one bad line. Standard: fixed interfaces §3, NDJSON.
Start reading: `create`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, Final

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.errors import (
    BatchTooLong,
    BodyTooLarge,
    GatewayError,
    LengthMismatch,
    MissingIdempotencyKey,
    WrongMediaType,
)
from gateway.intake.body import Application
from gateway.model import Client
from gateway.web.dependencies import dependencies_of
from gateway.web.http import body
from gateway.web.http.metrics import of as metrics_of
from gateway.web.http.problems import document, language
from gateway.web.portal.admission import admission, require_capacity
from gateway.web.portal.caller import WRITE, caller
from gateway.web.portal.query import Query
from gateway.web.portal.submissions import KEY

NDJSON: Final = "application/x-ndjson"


class Lines(Response):
    """An answer sent line by line while the request is still being read (which `StreamingResponse` would swallow)."""

    def __init__(self, lines: AsyncIterator[bytes]) -> None:
        super().__init__(media_type=NDJSON)
        del self.headers["content-length"]
        self._lines = lines

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        """Send start, lines and end."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async for line in self._lines:
            await send({"type": "http.response.body", "body": line, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def create(request: Request) -> Response:
    """Take over many applications: each line is a create body with `idempotency_key`; a line answers each.

    A line of the answer is the submission with its receipt, or the problem; both carry the number of the line.
    """
    client = caller(request, WRITE).client
    Query.of(request, ()).done()
    if body.media_type(request) != NDJSON:
        raise WrongMediaType(allowed=NDJSON)
    body.plain(request)
    await require_capacity(dependencies_of(request))
    return Lines(_answers(request, client))


async def _answers(request: Request, client: Client) -> AsyncIterator[bytes]:
    """Answers as they come. Work goes on while the caller sends without reading; the number of lines bounds it."""
    answers: asyncio.Queue[bytes | None] = asyncio.Queue()
    work = asyncio.create_task(_work(request, client, answers))
    try:
        while (line := await answers.get()) is not None:
            yield line
    finally:
        work.cancel()
        with suppress(asyncio.CancelledError):
            await work


async def _work(request: Request, client: Client, answers: asyncio.Queue[bytes | None]) -> None:
    limits, number, count = dependencies_of(request).limits, 0, 0
    try:
        async for number, line in _lines(body.chunks(request, limits.batch_bytes), limits.body_bytes):
            count += 1
            if count > limits.batch_lines:
                answers.put_nowait(_written(number, _problem(request, BatchTooLong(limit=limits.batch_lines))))
                return
            answers.put_nowait(_written(number, await _taken(request, client, line)))
    except (BodyTooLarge, LengthMismatch) as error:
        answers.put_nowait(_written(number + 1, _problem(request, error)))
    except ClientDisconnect:
        pass  # what was taken over stays; the portal repeats with the same keys
    finally:
        answers.put_nowait(None)


async def _taken(request: Request, client: Client, line: bytes | None) -> dict[str, Any]:
    """The answer to one line (None: it was too long to be kept)."""
    dependencies = dependencies_of(request)
    echoed: dict[str, Any] = {}
    try:
        if line is None:
            raise BodyTooLarge(limit=dependencies.limits.body_bytes)
        members = body.parse_object(line, dependencies.limits)
        key = members.pop("idempotency_key", None)
        if not isinstance(key, str) or not KEY.fullmatch(key):
            raise MissingIdempotencyKey
        echoed["idempotency_key"] = key
        async with admission(dependencies, client) as admitted:
            view = await dependencies.intake.create(client, Application.of(members), key, admit=admitted.admit)
            admitted.keep_if_new(view)
    except GatewayError as error:
        return {**_problem(request, error), **echoed}
    metrics_of(request).taken(view.submission.service, view.submission.municipality)
    return {**view.as_json(), "receipt": view.receipt, **echoed}


def _problem(request: Request, error: GatewayError) -> dict[str, Any]:
    chosen = language(request.headers.get("accept-language"))
    return document(error, chosen, str(request.scope.get("request_id", "")))


def _written(number: int, answer: dict[str, Any]) -> bytes:
    return json.dumps({**answer, "line": number}, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


async def _lines(chunks: AsyncIterator[bytes], most: int) -> AsyncIterator[tuple[int, bytes | None]]:
    """The lines that hold anything, with their number in the body, from 1.

    None for one longer than `most` bytes, of which nothing is kept.
    """
    number, held, size = 1, bytearray(), 0  # `size` counts on where nothing is held any more
    async for chunk in chunks:
        *ended, tail = chunk.split(b"\n")
        for piece in ended:
            size += len(piece)
            line = bytes(held) + piece
            held.clear()
            if size > most:
                yield number, None
            elif line.strip():
                yield number, line
            number, size = number + 1, 0
        size += len(tail)
        held += tail if size <= most else b""
        if size > most:
            held.clear()
    if size > most:
        yield number, None
    elif held.strip():
        yield number, bytes(held)
