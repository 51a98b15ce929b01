"""Resumable uploads: the same uploads as by PUT, sent in as many requests as the line allows.

Knows: tus 1.0 core with creation, checksum, termination and expiration. Never does: hold a body.
Standard: tus 1.0.0. Start reading: `create`, then `append`.
"""

from __future__ import annotations

import binascii
import hashlib
import re
from collections.abc import AsyncIterator, Mapping
from email.utils import format_datetime
from typing import Final
from uuid import UUID

import pybase64
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import (
    BodyTooLarge,
    ChecksumMismatch,
    ChecksumUnknown,
    InvalidParameter,
    NotFound,
    TusVersionUnknown,
    WrongMediaType,
)
from gateway.login.tokens import Principal
from gateway.ports.blobs import Resumable, ResumableUploads
from gateway.web.dependencies import dependencies_of
from gateway.web.http import body
from gateway.web.http.answer import reference
from gateway.web.http.problems import parameter
from gateway.web.http.wire import TUS_VERSION as VERSION
from gateway.web.portal.admission import require_capacity, reserved_storage
from gateway.web.portal.caller import WRITE, caller
from gateway.web.portal.query import Query, path_uuid
from gateway.web.portal.uploads import MEDIA_TYPE, municipality_of

OFFSET: Final = "application/offset+octet-stream"
DIGESTS: Final = ("sha1", "sha256")
_NUMBER: Final = re.compile(r"[0-9]{1,18}")


async def options(request: Request) -> Response:
    """What this server speaks."""
    return _answer(
        {
            "Tus-Version": VERSION,
            "Tus-Extension": "creation,checksum,termination,expiration",
            "Tus-Max-Size": str(dependencies_of(request).limits.upload_bytes),
            "Tus-Checksum-Algorithm": ",".join(DIGESTS),
        }
    )


async def create(request: Request) -> Response:
    """Begin an upload of `Upload-Length` bytes; of `Upload-Metadata` only the media type, `filetype`, is understood."""
    principal = _caller(request)
    dependencies = dependencies_of(request)
    length = _number(request, "Upload-Length")
    # its pieces, and then the whole beside them
    await require_capacity(dependencies, 2 * min(length, dependencies.limits.upload_bytes))
    if length > dependencies.limits.upload_bytes:
        raise BodyTooLarge(limit=dependencies.limits.upload_bytes)
    metadata = ",".join(request.headers.getlist("upload-metadata")).strip()
    filetype = _metadata(metadata).get("filetype", "").partition(";")[0].strip().lower()
    kind = filetype or "application/octet-stream"
    if not MEDIA_TYPE.fullmatch(kind) or len(kind) > 127:
        raise WrongMediaType(allowed="type/subtype")
    town = municipality_of(principal, dependencies)
    upload = await _store(request).begin(principal.client.id, town, kind, length, metadata)
    return _answer({"Location": reference(request, f"/api/v1/tus/{upload.upload}"), **_progress(upload)}, 201)


async def head(request: Request) -> Response:
    """How far the upload has come, and what its client said of it at the beginning."""
    client = _caller(request).client
    upload = await _store(request).find(client.id, _named(request))
    fields = {"Upload-Length": str(upload.length), **_progress(upload)}
    return _answer(fields | ({"Upload-Metadata": upload.metadata} if upload.metadata else {}), 200)


async def append(request: Request) -> Response:
    """Take the bytes behind `Upload-Offset`; with `Upload-Checksum` all of them count or none."""
    client = _caller(request).client
    if body.media_type(request) != OFFSET:
        raise WrongMediaType(allowed=OFFSET)
    body.plain(request)
    name, offset = _named(request), _number(request, "Upload-Offset")
    checksum = request.headers.get("upload-checksum")
    chunks = body.chunks(request, dependencies_of(request).limits.upload_bytes)
    checked = chunks if checksum is None else _checked(chunks, *_checksum(checksum))
    dependencies = dependencies_of(request)
    with reserved_storage(dependencies, min(body.content_length(request) or 0, dependencies.limits.upload_bytes)):
        upload = await _store(request).append(client.id, name, offset, checked, whole=checksum is not None)
    return _answer(_progress(upload))


async def terminate(request: Request) -> Response:
    """Give the upload up; its bytes are gone."""
    client = _caller(request).client
    await _store(request).end(client.id, _named(request))
    return _answer({})


def _answer(fields: Mapping[str, str], status: int = 204) -> Response:
    return Response(status_code=status, headers={**fields, "Cache-Control": "no-store"})


def _progress(upload: Resumable) -> dict[str, str]:
    return {"Upload-Offset": str(upload.offset), "Upload-Expires": format_datetime(upload.expires_at, usegmt=True)}


def _store(request: Request) -> ResumableUploads:
    uploads = dependencies_of(request).resumable
    if uploads is None:  # an app made without them
        raise NotFound
    return uploads


def _caller(request: Request) -> Principal:
    """Who calls, in the version spoken here and without query parameters."""
    principal = caller(request, WRITE)
    if request.headers.get("tus-resumable") != VERSION:
        raise TusVersionUnknown(version=VERSION)
    Query.of(request, ()).done()
    return principal


def _named(request: Request) -> UUID:
    return path_uuid(request, "upload")


def _number(request: Request, name: str) -> int:
    value = request.headers.get(name, "")
    if not _NUMBER.fullmatch(value):
        raise _refused(name, "Erwartet wird eine Anzahl von Bytes.", "A number of bytes is expected.")
    return int(value)


def _metadata(text: str) -> dict[str, str]:
    """Keys and values as text, whatever bytes a client put there (tus 1.0, creation). Raises `InvalidParameter`."""
    entries: dict[str, str] = {}
    for pair in text.split(","):
        key, _, value = pair.strip().partition(" ")
        try:
            entries[key] = pybase64.b64decode(value, validate=True).decode(errors="replace")
        except (binascii.Error, ValueError):
            de = "Erwartet: Name Base64 (mit Füllzeichen =), mehrere durch Komma getrennt."
            en = "Expected: key base64 (padded with =), several separated by commas."
            raise _refused("Upload-Metadata", de, en) from None
    return entries


def _checksum(value: str) -> tuple[str, bytes]:
    kind, _, digest = value.partition(" ")
    try:
        expected = pybase64.b64decode(digest, validate=True)
    except (binascii.Error, ValueError):
        expected = b""
    if kind not in DIGESTS:
        raise ChecksumUnknown(allowed=", ".join(DIGESTS))
    if not expected:
        raise _refused("Upload-Checksum", "Erwartet: sha256 <Base64>.", "Expected: sha256 <base64>.")
    return kind, expected


async def _checked(chunks: AsyncIterator[bytes], kind: str, expected: bytes) -> AsyncIterator[bytes]:
    digest = hashlib.new(kind, usedforsecurity=False)
    async for chunk in chunks:
        digest.update(chunk)
        yield chunk
    if digest.digest() != expected:
        raise ChecksumMismatch


def _refused(name: str, de: str, en: str) -> InvalidParameter:
    return InvalidParameter(findings=(parameter(f"header/{name}", "syntax", de, en),))
