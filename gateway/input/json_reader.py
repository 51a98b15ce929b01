"""JSON from outside, read into values: one reader for portals, counterparts and their signed headers.

Knows: bounds on size, depth, number of values and numbers; which characters neither UTF-8 nor PostgreSQL can hold.
Never does: judge what the members say, I/O. Standard: RFC 8259 (UTF-8; NaN and infinities are no JSON), RFC 7493.
Start reading: `decode`, for what a portal sends `parse`.

By default the reader is tolerant, since a counterpart's answer counts although some member of it is odd: a character
that cannot be stored becomes U+FFFD, a number out of range null. `strict` refuses both. Verbatim bytes stay with the
caller: what is signed is kept as it came.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from dataclasses import dataclass
from functools import cache
from typing import Any, Final, NoReturn

MOST_BYTES: Final = 8_000_000
"""The longest text that is read; no answer of a counterpart is taken that is longer."""
_INT64: Final = range(-(1 << 63), 1 << 63)
_INT64_CHARS: Final = 20
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
# A string literal in one possessive match: linear also for hostile input; an unclosed one ends with the text.
_STRING: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_ONE_KIND: Final = bytes.maketrans(b"{}", b"[]")


@dataclass(frozen=True, slots=True)
class JsonBounds:
    """What a text may cost: levels of arrays and objects, values, digits of a whole number (None: 64 bits)."""

    depth: int = 64
    values: int | None = None
    digits: int | None = None


FOREIGN: Final = JsonBounds()
"""For a counterpart; the deepest message of one has less than ten levels."""


class JsonRefusedError(ValueError):
    """Why a text is refused: `size`, `utf8`, `syntax`, `constant`, `depth`, `values`, `number`, `twice` or `text`."""

    def __init__(self, rule: str, line: int = 1, column: int = 1) -> None:
        super().__init__(rule)
        self.rule, self.line, self.column = rule, line, column


def decode(raw: bytes, *, most: int = MOST_BYTES, unique: bool = False, strict: bool = False) -> Any:  # noqa: ANN401 - JSON is any value
    """The value that JSON in UTF-8 spells, fit to be stored. `ValueError` for anything else, whatever is wrong with it.

    `unique` refuses an object that names a member twice (else the last one counts).
    """
    if len(raw) > most:
        raise JsonRefusedError("size")
    value = parse(raw if strict else raw.removeprefix(codecs.BOM_UTF8), unique=unique, strict=strict)
    # only an escape can spell what UTF-8 does not hold, and JSON no bare NUL
    return _stored(value, strict=strict) if b"\\u" in raw else value


def parse(raw: bytes, bounds: JsonBounds = FOREIGN, *, unique: bool, strict: bool) -> Any:  # noqa: ANN401 - JSON is any value
    """The value that JSON in UTF-8 spells, its texts as they are. Raises `JsonRefusedError`. Time is linear."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        lines = raw[: error.start].decode("utf-8").split("\n")
        raise JsonRefusedError("utf8", len(lines), len(lines[-1]) + 1) from None
    _bounded(raw, bounds)
    try:
        return _decoder(unique, strict, bounds.digits is None).decode(text)
    except json.JSONDecodeError as error:
        raise JsonRefusedError("syntax", error.lineno, error.colno) from None
    except RecursionError:
        raise JsonRefusedError("depth") from None


def storable(text: str) -> str:
    """The text with U+FFFD for each character that cannot be stored: NUL and unpaired surrogates."""
    return _UNSTORABLE.sub("\ufffd", text)


def _bounded(raw: bytes, bounds: JsonBounds) -> None:
    """Refuse what would cost too much to parse, before parsing."""
    values, shallow = bounds.values, raw.count(b"[") + raw.count(b"{") <= bounds.depth
    if shallow and values is None and bounds.digits is None:
        return
    if values is not None and raw.count(b'"') > 8 * values:  # two strings a value, and room for escaped quotes
        raise JsonRefusedError("values")
    bare = _STRING.sub(b"", raw)
    if values is not None and bare.count(b",") + bare.count(b"[") + bare.count(b"{") > values:
        raise JsonRefusedError("values")
    brackets = b"" if shallow else bare.translate(_ONE_KIND, _NOT_BRACKETS)
    for _ in range(bounds.depth):
        if not brackets:
            break
        brackets = brackets.replace(b"[]", b"")  # takes away exactly the innermost level
    if b"[]" in brackets or brackets.count(b"[") > bounds.depth:
        raise JsonRefusedError("depth")
    if bounds.digits is not None and re.search(rb"[0-9]{%d}" % (bounds.digits + 1), bare):
        raise JsonRefusedError("number")


def _stored(value: Any, *, strict: bool) -> Any:  # noqa: ANN401 - JSON is any value
    if isinstance(value, str):
        if strict and _UNSTORABLE.search(value):
            raise JsonRefusedError("text")
        return storable(value)
    if isinstance(value, list):
        return [_stored(entry, strict=strict) for entry in value]
    if isinstance(value, dict):
        return {_stored(name, strict=strict): _stored(member, strict=strict) for name, member in value.items()}
    return value


@cache
def _decoder(unique: bool, strict: bool, int64: bool) -> json.JSONDecoder:
    def out_of_range() -> int | None:
        if strict:
            raise JsonRefusedError("number")
        return None

    def whole(spelling: str) -> int | None:
        if len(spelling) <= _INT64_CHARS and (number := int(spelling)) in _INT64:
            return number
        return out_of_range()

    def broken(spelling: str) -> float | None:
        number = float(spelling)
        return number if math.isfinite(number) else out_of_range()

    return json.JSONDecoder(
        object_pairs_hook=_once if unique else None,
        parse_int=whole if int64 else None,
        parse_float=broken,
        parse_constant=_constant,
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JsonRefusedError("twice")
    return members


def _constant(_: str) -> NoReturn:
    raise JsonRefusedError("constant")
