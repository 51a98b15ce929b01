"""Answers in JSON, and addresses of ours in them.

Knows: how JSON is written, under which path a caller reaches us. Never does: choose what is answered.
Standard: RFC 8259. Start reading: `reply`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from gateway.web.dependencies import dependencies_of


def reply(
    value: object, status: int = 200, *, headers: Mapping[str, str] | None = None, media_type: str = ""
) -> Response:
    """A JSON answer; it is about a person or a client and stays out of caches."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(
        text.encode(), status, headers=headers and dict(headers), media_type=media_type or "application/json"
    )


def reference(request: Request, path: str) -> str:
    """`path` of ours as the caller reaches it: under the path of the public address that its host name means.

    A proxy that takes that path off before us passes on what we send back as it is.
    """
    issuer = dependencies_of(request).provider.issuer_of(request.headers.get("host"))
    return f"{urlsplit(issuer.url).path}{path}"
