"""Protected headers of JWE and JWS, read strictly and written in one form.

Knows: RFC 7515 §4, RFC 7516 §4: a JSON object in UTF-8 whose member names are unique. Never does: judge what the
members say; that is `jwe`'s and `jws`'s affair. Start reading: `read`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from gateway.crypto import base64url
from gateway.input import json_reader


def read(segment: bytes) -> Mapping[str, Any]:
    """The header that a base64url segment holds.

    ValueError where it is no canonical base64url, no UTF-8, no JSON object, or names a member twice at any depth, or
    holds what no column can: NaN, infinities, integers beyond 64 bits, NUL, unpaired surrogates.
    """
    parsed = json_reader.decode(base64url.decode(segment), unique=True, strict=True)
    if not isinstance(parsed, dict):
        raise ValueError  # noqa: TRY004 - at this border every fault of the input is one kind of error
    return MappingProxyType(parsed)


def write(header: Mapping[str, Any]) -> bytes:
    """The base64url segment of `header`: JSON without spaces, members in the given order."""
    return base64url.encode(_ENCODER.encode(dict(header)).encode("utf-8"))


_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False)
