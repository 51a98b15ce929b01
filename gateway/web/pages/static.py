"""Style, fonts and the one script of the pages, from us alone.

Knows: the files of `web/static` and their digest, the logos of municipalities. Never does: serve anything else.
Standards: RFC 9111, RFC 8246. Start reading: `file`.

The digest over all of them stands in their address, so that relative addresses inside a style sheet stay true and a
browser may keep each file for good.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import NotFound
from gateway.web.dependencies import dependencies_of

FOLDER: Final = Path(__file__).parents[1] / "static"
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".woff2": "font/woff2",
    ".md": "text/markdown; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
}
_FOR_GOOD: Final = "public, max-age=31536000, immutable"
_ASK_AGAIN: Final = "no-cache"


async def file(request: Request) -> Response:
    """One of the files. Under the digest of another version it is served, but not kept."""
    path = known().get(request.path_params["path"])
    if path is None:
        raise NotFound
    current = request.path_params["version"] == version()
    headers = {"Cache-Control": _FOR_GOOD if current else _ASK_AGAIN}
    packed = TYPES[path.suffix].startswith("text/")
    if packed:
        headers["Vary"] = "Accept-Encoding"
    if packed and _takes_gzip(request.headers.get("accept-encoding", "")):
        content = await asyncio.to_thread(_gzipped, path)
        headers["Content-Encoding"] = "gzip"
    else:
        content = await asyncio.to_thread(path.read_bytes)
    return Response(content, headers=headers, media_type=TYPES[path.suffix])


async def logo(request: Request) -> Response:
    """The municipality's logo that has this digest. Raises `NotFound`."""
    logos = (image.logo for image in dependencies_of(request).appearances.values())
    for image in logos:
        if image is not None and image.digest == request.path_params["digest"]:
            return Response(image.content, headers={"Cache-Control": _FOR_GOOD}, media_type="image/png")
    raise NotFound


def address(name: str) -> str:
    """Where a file is to be had, below the public address."""
    return f"/static/{version()}/{name}"


@cache
def known() -> dict[str, Path]:
    """Every file that is served, by its path below `static`."""
    files = (path for path in sorted(FOLDER.rglob("*")) if path.suffix in TYPES)
    return {path.relative_to(FOLDER).as_posix(): path for path in files}


@cache
def version() -> str:
    """The digest over names and contents of all files, shortened."""
    digest = hashlib.sha256()
    for name, path in known().items():
        digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


@cache
def _gzipped(path: Path) -> bytes:
    return gzip.compress(path.read_bytes(), mtime=0)


def _takes_gzip(header: str) -> bool:
    """Whether `Accept-Encoding` names gzip without refusing it (RFC 9110 §12.5.3)."""
    for part in header.lower().split(","):
        name, _, quality = part.partition(";")
        if name.strip() == "gzip":
            return quality.replace(" ", "").rstrip("0.") != "q="
    return False
