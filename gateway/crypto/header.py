"""Protected headers of JWE and JWS, read strictly and written in one form.

Knows: RFC 7515 §4, RFC 7516 §4: a JSON object in UTF-8 whose member names are unique. Never does: judge what the
members say; that is `jwe`'s and `jws`'s affair. Start reading: `read`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NoReturn

from gateway.crypto import base64url


def read(segment: bytes) -> Mapping[str, Any]:
    """The header that a base64url segment holds.

    ValueError or RecursionError where it is no canonical base64url, no UTF-8, no JSON object, or names a member twice
    at any depth, or holds NaN, infinities or unpaired surrogates.
    """
    text = base64url.decode(segment).decode("utf-8")
    parsed = _DECODER.decode(text)
    if not isinstance(parsed, dict):
        raise ValueError  # noqa: TRY004 - at this border every fault of the input is one kind of error
    _ENCODER.encode(parsed).encode("utf-8")  # unpaired surrogates end here
    return MappingProxyType(parsed)


def write(header: Mapping[str, Any]) -> bytes:
    """The base64url segment of `header`: JSON without spaces, members in the given order."""
    return base64url.encode(_ENCODER.encode(dict(header)).encode("utf-8"))


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError
    return members


def _refuse(_: str) -> NoReturn:
    raise ValueError


_DECODER = json.JSONDecoder(object_pairs_hook=_unique, parse_constant=_refuse)
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
