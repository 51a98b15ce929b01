"""What every endpoint does with a request first: read within limits, check the media type, page, parse ids.

Knows: 400, 413 and 415. Never does: decide what the content means. Standard: RFC 9110, RFC 8259; paging of the
Submission API (limit 1..500, default 100, offset from 0). Start reading: `json_object`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.fitconnect import names
from gateway.sandbox.fitconnect import absence
from gateway.sandbox.fitconnect.problems import Problem

JSON_LIMIT: Final = 1_000_000  # bytes of an ordinary JSON body
NO_CACHE: Final = {"Cache-Control": "no-cache"}
_UUID: Final = re.compile(names.UUID_PATTERN)
_encode: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class Json(Response):
    """A JSON answer without spaces; `media_type` may be another one."""

    media_type = names.JSON

    def render(self, content: Any) -> bytes:  # noqa: ANN401 - any JSON
        """The bytes of the answer."""
        return _encode(content).encode("utf-8")


def media_type(request: Request) -> str:
    """The request's media type, without parameters, lower case."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def require_type(request: Request, *allowed: str) -> None:
    """415 unless the body is one of `allowed`."""
    if media_type(request) not in allowed:
        raise Problem(415, "unsupported-media-type", "Unsupported Media Type", f"Send {' or '.join(allowed)}.")


def announced_length(request: Request, limit: int) -> None:
    """413 where `Content-Length` alone passes the limit: nothing is read then."""
    length = request.headers.get("content-length", "0")
    if not length.isdigit():
        raise Problem(400, "bad-request", "Content-Length is no number")
    if int(length) > limit:
        raise too_large(limit)


def too_large(limit: int) -> Problem:
    """The refusal of a body that passes its limit."""
    return Problem(413, "payload-too-large", "Payload Too Large", f"At most {limit} bytes.")


async def body(request: Request, limit: int = JSON_LIMIT) -> bytes:
    """The whole body, at most `limit` bytes; reading stops there (413)."""
    announced_length(request, limit)
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > limit:
            raise too_large(limit)
    return bytes(data)


async def json_object(request: Request, *allowed: str, limit: int = JSON_LIMIT) -> dict[str, Any]:
    """The body as JSON object of one of the media types `allowed` (default `application/json`).

    A member that is `null` is absent.
    """
    require_type(request, *(allowed or (names.JSON,)))
    return _object(await body(request, limit), absence.present)


async def merge_patch(request: Request, *others: str) -> tuple[dict[str, Any], frozenset[str]]:
    """The members that a merge patch sets and those that it removes; `others` are media types without removal."""
    require_type(request, names.MERGE_PATCH, *others)
    raw = await body(request)
    members = _object(raw, absence.present)
    if media_type(request) != names.MERGE_PATCH:
        return members, frozenset()
    return members, frozenset(name for name, value in _object(raw, None).items() if value is None)


def _object(raw: bytes, hook: Callable[[dict[str, Any]], dict[str, Any]] | None) -> dict[str, Any]:
    try:
        parsed = absence.read(raw, hook)
    except ValueError:
        raise Problem(400, "invalid-json", "The body is no JSON document") from None
    if not isinstance(parsed, dict):
        raise Problem(400, "invalid-json", "The body is no JSON object")
    return parsed


def identifier(text: object, name: str) -> str:
    """A UUID in lower case; 400 for anything else."""
    if not isinstance(text, str) or not _UUID.fullmatch(text):
        raise Problem(400, "invalid-parameter", f"{name} is no UUID", parameter=name)
    return text.lower()


def page(request: Request, items: Sequence[Any], name: str) -> dict[str, Any]:
    """The asked-for part of a list: `{count, offset, totalCount, <name>}`."""
    limit = _number(request, "limit", names.PAGE_DEFAULT, 1, names.PAGE_MAX)
    offset = _number(request, "offset", 0, 0, 1 << 31)
    part = list(items[offset : offset + limit])
    return {"count": len(part), "offset": offset, "totalCount": len(items), name: part}


def _number(request: Request, name: str, default: int, least: int, most: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not re.fullmatch(r"[0-9]{1,10}", text, re.ASCII) or not least <= int(text) <= most:
        raise Problem(400, "invalid-parameter", f"{name} is no number from {least} to {most}", parameter=name)
    return int(text)
