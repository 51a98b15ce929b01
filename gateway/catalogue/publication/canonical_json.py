"""Canonical JSON: the same value gives the same bytes, whoever writes it.

Knows: the order of members by UTF-16 code units, the one spelling of strings and whole numbers. Never does: write
fractions; what is signed here counts in whole numbers. Standard: RFC 8785. Start reading: `canonical`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

LARGEST: Final = 2**53 - 1
"""Beyond it two readers of JSON may see two numbers (RFC 8785 §3.2.2.3, RFC 7493 §2.2)."""
_STRINGS: Final = json.JSONEncoder(ensure_ascii=False)


def canonical(value: object) -> bytes:
    """The bytes. ValueError for what has no canonical form here: fractions, large numbers, unpaired surrogates."""
    return "".join(_parts(value)).encode()


def _parts(value: object) -> list[str]:
    if value is None or isinstance(value, bool):
        return [{None: "null", True: "true", False: "false"}[value]]
    if isinstance(value, str):
        return [_STRINGS.encode(value)]
    if isinstance(value, int):
        if abs(value) > LARGEST:
            raise ValueError(value)
        return [str(value)]
    if isinstance(value, Mapping):
        return ["{", *_joined([_member(name, value[name]) for name in sorted(value, key=_order)]), "}"]
    if isinstance(value, list | tuple):
        return ["[", *_joined([_parts(item) for item in value]), "]"]
    raise ValueError(type(value).__name__)


def _member(name: object, value: object) -> list[str]:
    if not isinstance(name, str):
        raise ValueError(type(name).__name__)  # noqa: TRY004 - one kind of error for every value without a form
    return [_STRINGS.encode(name), ":", *_parts(value)]


def _joined(pieces: list[list[str]]) -> list[str]:
    joined: list[str] = []
    for piece in pieces:
        joined += [",", *piece] if joined else piece
    return joined


def _order(name: object) -> bytes:
    """Names as UTF-16 code units (§3.2.3). ValueError for an unpaired surrogate."""
    return str(name).encode("utf-16-be")
