"""JSON of others, read into values that can be stored: one reader for all that comes from outside.

Knows: bounds on size, depth and numbers; which characters neither UTF-8 nor PostgreSQL can hold. Never does: judge what
the members say, I/O. Standard: RFC 8259 (UTF-8; NaN and infinities are no JSON), RFC 7493 (I-JSON).
Start reading: `decode`.

By default the reader is tolerant, since a counterpart's answer counts although some member of it is odd: a character
that cannot be stored becomes U+FFFD, a number out of range null. `strict` refuses both. Verbatim bytes stay with the
caller: what is signed is kept as it came.
"""

from __future__ import annotations

import json
import math
import re
from functools import cache
from typing import Any, Final, NoReturn

MOST_BYTES: Final = 8_000_000
"""The longest text that is read; no answer of a counterpart is taken that is longer."""
DEEPEST: Final = 64
"""Levels of arrays and objects; the deepest message of a counterpart has less than ten."""
_INT64: Final = range(-(1 << 63), 1 << 63)
_INT64_CHARS: Final = 20
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")


def decode(raw: bytes, *, most: int = MOST_BYTES, unique: bool = False, strict: bool = False) -> Any:  # noqa: ANN401 - JSON is any value
    """The value that JSON in UTF-8 spells. `ValueError` for anything else, whatever is wrong with it.

    `unique` refuses an object that names a member twice (else the last one counts).
    """
    if len(raw) > most:
        raise ValueError("size")
    text = raw.decode("utf-8" if strict else "utf-8-sig")
    try:
        value = _decoder(unique, strict).decode(text)
    except RecursionError:
        raise ValueError("depth") from None
    escaped = "\\u" in text  # only an escape can spell what UTF-8 does not hold, and JSON no bare NUL
    if escaped or text.count("[") + text.count("{") > DEEPEST:
        value = _bounded(value, DEEPEST, strict=strict)
    return value


def storable(text: str) -> str:
    """The text with U+FFFD for each character that cannot be stored: NUL and unpaired surrogates."""
    return _UNSTORABLE.sub("\ufffd", text)


def _bounded(value: Any, room: int, *, strict: bool) -> Any:  # noqa: ANN401 - JSON is any value
    if isinstance(value, str):
        return _text(value, strict=strict)
    if isinstance(value, list | dict) and room <= 0:
        raise ValueError("depth")
    if isinstance(value, list):
        return [_bounded(each, room - 1, strict=strict) for each in value]
    if isinstance(value, dict):
        return {_text(name, strict=strict): _bounded(each, room - 1, strict=strict) for name, each in value.items()}
    return value


def _text(text: str, *, strict: bool) -> str:
    if strict and _UNSTORABLE.search(text):
        raise ValueError("text")
    return storable(text)


@cache
def _decoder(unique: bool, strict: bool) -> json.JSONDecoder:
    def out_of_range() -> int | None:
        if strict:
            raise ValueError("number")
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
        parse_int=whole,
        parse_float=broken,
        parse_constant=_constant,
    )


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("twice")
    return members


def _constant(_: str) -> NoReturn:
    raise ValueError("constant")
