"""Bodies: read with their limits, parsed strictly.

Knows: limits that hold while reading, what is said where JSON is refused (no doubled keys, no lone surrogates, bounded
depth and numbers). Never does: know what a body means. Standard: RFC 8259, RFC 7493. Start reading: `read_object`.
"""

from __future__ import annotations

import asyncio
import codecs
import json
import re
from collections.abc import AsyncIterator
from typing import Any, Final

from starlette.requests import Request

from gateway.errors import BodyTooLarge, InvalidJson, LengthMismatch, RecordInvalid, TooDeep, WrongMediaType
from gateway.errors.sentences import Sentences
from gateway.input import json_reader
from gateway.input.json_reader import JsonBounds, JsonRefusedError
from gateway.input.patterns import LONE_SURROGATE
from gateway.web.dependencies import BodyLimits

FORM: Final = "application/x-www-form-urlencoded"
IN_A_THREAD_FROM: Final = 64_000
"""Size in bytes from which a body is parsed outside the event loop."""
DRAINED_BYTES: Final = 64_000_000
"""Up to this announced size a refused body is read off, so that the caller sees the answer; beyond, we hang up."""
_DIGITS_MOST: Final = 40

_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]", re.ASCII)


def content_length(request: Request) -> int | None:
    """`Content-Length` in bytes, None where it is absent; the server has refused anything but one number."""
    text = request.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


def media_type(request: Request) -> str:
    """Type and subtype of the body, lower case, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def plain(request: Request) -> None:
    """Refuse a body in a content coding: sizes and digests are those of the bytes sent. Raises `WrongMediaType`."""
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise WrongMediaType(allowed="Content-Encoding: identity")


async def chunks(request: Request, limit: int) -> AsyncIterator[bytes]:
    """The body piece by piece, at most `limit` bytes and never more than announced.

    Raises `BodyTooLarge` before reading where the announced length passes the limit, else while reading.
    """
    announced = content_length(request)
    if announced is not None and announced > limit:
        raise BodyTooLarge(limit=limit)
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > limit:
            raise BodyTooLarge(limit=limit)
        if announced is not None and received > announced:
            raise LengthMismatch
        if chunk:
            yield chunk
    if announced is not None and received < announced:
        raise LengthMismatch


async def read(request: Request, limit: int) -> bytes:
    """The whole body, at most `limit` bytes. Raises as `chunks`."""
    return b"".join([chunk async for chunk in chunks(request, limit)])


async def form(request: Request, limit: int) -> bytes:
    """The body of a form, as it came. Raises `WrongMediaType`, and as `chunks`."""
    if media_type(request) != FORM:
        raise WrongMediaType(allowed=FORM)
    plain(request)
    return await read(request, limit)


async def read_object(request: Request, limits: BodyLimits) -> dict[str, Any]:
    """The JSON object of the body.

    Raises `WrongMediaType`, `BodyTooLarge`, `LengthMismatch`, `TooDeep`, `InvalidJson` or `RecordInvalid` (doubled
    keys, numbers out of range, too many values, or no object).
    """
    if media_type(request) != "application/json":
        raise WrongMediaType(allowed="application/json")
    plain(request)
    raw = await read(request, limits.body_bytes)
    if len(raw) < IN_A_THREAD_FROM:
        return parse_object(raw, limits)
    return await asyncio.to_thread(parse_object, raw, limits)


def parse_object(raw: bytes, limits: BodyLimits) -> dict[str, Any]:
    """A JSON object from bytes, a byte order mark left out; see `read_object` for what is raised. Time is linear."""
    raw = raw.removeprefix(codecs.BOM_UTF8)
    bounds = JsonBounds(limits.depth, limits.values, _DIGITS_MOST)
    try:
        value = json_reader.parse(raw, bounds, unique=True, strict=True)
    except JsonRefusedError as error:
        if error.rule == "depth":
            raise TooDeep(limit=limits.depth) from None
        if error.rule not in _RULES:
            raise InvalidJson(line=error.line, column=error.column) from None
        raise RecordInvalid(findings=(_fault("", _RULES[error.rule], limits.values),)) from None
    if not isinstance(value, dict):
        raise RecordInvalid(findings=(_fault("", "type"),))
    if _SURROGATE.search(raw) and LONE_SURROGATE.search(json.dumps(value, ensure_ascii=False)):
        raise InvalidJson(line=1, column=1)
    return value


_RULES: Final = {"values": "too_many_values", "number": "number_range", "twice": "doubled_key"}
_SENTENCES: Final = {
    "too_many_values": ("Höchstens {0} Werte.", "At most {0} values."),
    "number_range": ("Eine Zahl liegt außerhalb des darstellbaren Bereichs.", "A number is out of range."),
    "doubled_key": ("Ein Objekt nennt denselben Schlüssel mehrmals.", "An object names the same key more than once."),
    "type": ("Erwartet wird ein JSON-Objekt.", "A JSON object is expected."),
}
_fault: Final = Sentences(_SENTENCES).finding
