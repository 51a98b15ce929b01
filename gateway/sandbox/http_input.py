"""Bodies of requests, read within bounds.

Knows: how much is read, JSON of the admin API, its refusals. Never does: decide what the content means.
Standard: RFC 9110, RFC 8259, RFC 9457. Start reading: `body`.
"""

from __future__ import annotations

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class AdminRefused(Exception):
    """A refusal of the admin API, or of a body that is too large; `parameter` is the member that is wrong."""

    def __init__(self, status: int, title: str, **more: object) -> None:
        self.status = status
        self.title = title
        self.more = more
        super().__init__(title)


async def answer_refused(_: Request, error: Exception) -> Response:
    """Starlette's handler."""
    assert isinstance(error, AdminRefused)
    content = {"title": error.title, "status": error.status, **error.more}
    return JSONResponse(content, error.status, media_type="application/problem+json")


async def body(request: Request, most: int) -> bytes:
    """The whole body; reading stops at `most` bytes. Raises `AdminRefused`."""
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > most:
            raise AdminRefused(413, f"At most {most} bytes")
    return bytes(data)


async def json_object(request: Request, most: int = 1 << 20) -> dict[str, Any]:
    """The body as a JSON object. Raises `AdminRefused`."""
    try:
        parsed = json.loads(await body(request, most))
    except (ValueError, RecursionError):
        parsed = None
    if not isinstance(parsed, dict):
        raise AdminRefused(400, "The body is no JSON object")
    return parsed
