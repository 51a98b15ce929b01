"""The accepted export for whoever collects it: the index and the files that it names.

Knows: media types, validators. Never does: make or choose an export. Standards: PVOG (index by plain file names), RFC
9110 §8.8, §13. Start reading: `file`.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue.served import INDEX
from gateway.errors import NotFound
from gateway.web.dependencies import dependencies_of

_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,100}")
_INDEX: Final = {"Cache-Control": "public, no-cache", "Content-Type": "text/plain; charset=utf-8"}
_FILE: Final = {"Cache-Control": "public, max-age=86400", "Content-Type": "application/xml"}


async def file(request: Request) -> Response:
    """A file of the export that was accepted last, or of the one before: whoever has that index may still need it."""
    name = request.path_params["name"]
    exports = dependencies_of(request).exports
    served = await exports.file(name) if exports is not None and _NAME.fullmatch(name) else None
    if served is None:
        raise NotFound
    headers = {**(_INDEX if name == INDEX else _FILE), "ETag": f'"{served.sha256}"'}
    if _has(request, served.sha256):
        return Response(status_code=304, headers=headers)
    return Response(served.content, headers=headers)


def _has(request: Request, sha256: str) -> bool:
    header = ",".join(request.headers.getlist("if-none-match"))
    tags = {tag.strip().removeprefix("W/") for tag in header.split(",")}
    return bool(tags & {"*", f'"{sha256}"'})


ROUTES: Final = (("/catalogue/xzufi/{name}", file),)
