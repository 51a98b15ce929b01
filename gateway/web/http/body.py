"""Bodies: read with their limits, parsed strictly.

Knows: RFC 8259 made strict (UTF-8, no doubled keys, no NaN, no lone surrogates, bounded depth and numbers), limits that
hold while reading. Never does: know what a body means. Start reading: `read_object`.
"""

from __future__ import annotations

import asyncio
import codecs
import json
import math
import re
from collections.abc import AsyncIterator
from typing import Any, Final

from starlette.requests import Request

from gateway.errors import BodyTooLarge, InvalidJson, LengthMismatch, RecordInvalid, TooDeep, WrongMediaType
from gateway.model import Finding
from gateway.web.dependencies import BodyLimits

IN_A_THREAD_FROM: Final = 64_000
"""Size in bytes from which a body is parsed outside the event loop."""
DRAINED_BYTES: Final = 64_000_000
"""Up to this announced size a refused body is read off, so that the caller sees the answer; beyond, we hang up."""
_DIGITS_MOST: Final = 40

# A string literal in one possessive match: linear also for hostile input; an unclosed one ends with the text.
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_ONE_KIND: Final = bytes.maketrans(b"{}", b"[]")
_LONG_NUMBER: Final = re.compile(rb"[0-9]{%d}" % (_DIGITS_MOST + 1))
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]", re.ASCII)
_LONE: Final = re.compile("[\ud800-\udfff]")


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
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _invalid(raw[: error.start].decode("utf-8")) from None
    _bounded(raw, limits)
    try:
        value = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise InvalidJson(line=error.lineno, column=error.colno) from None
    except (ValueError, RecursionError):
        raise InvalidJson(line=1, column=1) from None
    if not isinstance(value, dict):
        raise RecordInvalid(findings=(_whole("type", "Erwartet wird ein JSON-Objekt.", "A JSON object is expected."),))
    if _SURROGATE.search(raw) and _LONE.search(json.dumps(value, ensure_ascii=False)):
        raise InvalidJson(line=1, column=1)
    return value


def _bounded(raw: bytes, limits: BodyLimits) -> None:
    """Refuse what would cost too much to parse, before parsing: depth, number of values, length of numbers."""
    if raw.count(b'"') > 8 * limits.values:  # two strings a value, and room for escaped quotes
        raise _too_many(limits)
    bare = _STRING.sub(b"", raw)
    if bare.count(b",") + bare.count(b"[") + bare.count(b"{") > limits.values:
        raise _too_many(limits)
    brackets = bare.translate(_ONE_KIND, _NOT_BRACKETS)
    for _ in range(limits.depth):
        if not brackets:
            break
        brackets = brackets.replace(b"[]", b"")  # takes away exactly the innermost level
    if b"[]" in brackets or brackets.count(b"[") > limits.depth:
        raise TooDeep(limit=limits.depth)
    if _LONG_NUMBER.search(bare):
        raise RecordInvalid(findings=(_whole("number_range", _NUMBER_DE, _NUMBER_EN),))


_NUMBER_DE: Final = "Eine Zahl liegt außerhalb des darstellbaren Bereichs."
_NUMBER_EN: Final = "A number is out of range."


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise RecordInvalid(
            findings=(
                _whole(
                    "doubled_key",
                    "Ein Objekt nennt denselben Schlüssel mehrmals.",
                    "An object names the same key more than once.",
                ),
            )
        )
    return made


def _float(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise RecordInvalid(findings=(_whole("number_range", _NUMBER_DE, _NUMBER_EN),))
    return value


def _constant(_name: str) -> float:
    raise InvalidJson(line=1, column=1)  # NaN and Infinity are no JSON


_DECODER: Final = json.JSONDecoder(object_pairs_hook=_object, parse_float=_float, parse_constant=_constant)


def _too_many(limits: BodyLimits) -> RecordInvalid:
    most = limits.values
    return RecordInvalid(findings=(_whole("too_many_values", f"Höchstens {most} Werte.", f"At most {most} values."),))


def _whole(rule: str, de: str, en: str) -> Finding:
    return Finding("", rule, de, en)


def _invalid(before: str) -> InvalidJson:
    lines = before.split("\n")
    return InvalidJson(line=len(lines), column=len(lines[-1]) + 1)
