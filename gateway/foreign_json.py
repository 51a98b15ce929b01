"""JSON that somebody else wrote, read into values that can be stored.

Knows: what JSON may hold that neither UTF-8 nor PostgreSQL can (NUL, lone surrogates, numbers without bound, endless
nesting). Never does: judge what is said; a member that cannot be kept is changed, never a reason to lose the rest: an
authority's rightly signed answer counts, whatever stands beside it. Standard: RFC 8259, RFC 7493 §2.
Start reading: `read`.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn

DEEPEST: Final = 64
"""Arrays and objects inside each other."""
_LONGEST_WHOLE: Final = 18
"""Digits of a whole number that every place can hold (64 bits)."""
_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_REPLACEMENT: Final = "\ufffd"


class Unreadable(ValueError):
    """The bytes are no JSON in UTF-8, name a member twice where that is forbidden, or nest too deeply."""


def storable(text: str) -> str:
    """The text with U+FFFD for each character that no UTF-8 and no text column can hold: NUL, lone surrogates."""
    return _UNSTORABLE.sub(_REPLACEMENT, text)


def read(data: bytes, *, unique: bool = False) -> Any:  # noqa: ANN401 - any JSON value
    """The value, with texts made storable; numbers that 64 bits cannot hold are None.

    Args:
        data: the bytes as received; how many there may be is the caller's bound. A byte order mark is taken off.
        unique: whether a member that is named twice makes the whole unreadable; else the last one counts.

    Raises:
        Unreadable: with nothing of the content in it.
    """
    decoder = _UNIQUE if unique else _PLAIN
    try:
        value = decoder.decode(data.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise Unreadable from None
    escaped = b"\\u" in data  # only an escape can bring NUL or a lone surrogate
    try:
        return _storable(value, DEEPEST, texts=escaped)
    except RecursionError:
        raise Unreadable from None


def _storable(value: Any, room: int, *, texts: bool) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        return storable(value) if texts else value
    if isinstance(value, dict | list):
        if not room:
            raise Unreadable
        if isinstance(value, list):
            return [_storable(each, room - 1, texts=texts) for each in value]
        return {
            storable(name) if texts else name: _storable(each, room - 1, texts=texts) for name, each in value.items()
        }
    return value


def _whole(digits: str) -> int | None:
    return int(digits) if len(digits.lstrip("-")) <= _LONGEST_WHOLE else None


def _real(digits: str) -> float | None:
    value = float(digits)
    return value if abs(value) != float("inf") else None


def _refuse(_: str) -> NoReturn:
    raise ValueError


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


_PLAIN: Final = json.JSONDecoder(parse_int=_whole, parse_float=_real, parse_constant=_refuse)
_UNIQUE: Final = json.JSONDecoder(
    parse_int=_whole, parse_float=_real, parse_constant=_refuse, object_pairs_hook=_named_once
)
