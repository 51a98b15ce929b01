"""Answers that may be kept, and are not sent again where the caller has them.

Knows: entity tags over the content, `If-None-Match`. Never does: make the content. Standards: RFC 9110 §8.8.3, §13.1.2,
RFC 9111. Start reading: `tagged`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

_TAGS: Final = re.compile(r'(?:W/)?("[^"]*")')


def tagged(
    request: Request, content: bytes, tag: str, *, media_type: str, headers: Mapping[str, str] | None = None
) -> Response:
    """The content under its tag; 304 without it where the caller names that tag."""
    fields = {"ETag": tag, **(headers or {})}
    if _named(request.headers.getlist("if-none-match"), tag):
        return Response(status_code=304, headers=fields)
    return Response(content, headers=fields, media_type=media_type)


def tag_of(content: bytes) -> str:
    """The strong tag of these bytes."""
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _named(values: list[str], tag: str) -> bool:
    """Whether `If-None-Match` names the tag, by weak comparison, or any."""
    header = ",".join(values)[:8000]
    return header.strip() == "*" or tag in _TAGS.findall(header)
