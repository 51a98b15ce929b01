"""Uploads: the bytes of an attachment, streamed to the store as they arrive.

Knows: the header fields of an upload and their limits. Never does: hold a body, encrypt (the store does from the first
byte). Standards: RFC 9110 §9.3.4, RFC 9530 (Repr-Digest). Start reading: `put`.
"""

from __future__ import annotations

import re
from typing import Final

import pybase64
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import BodyTooLarge, InvalidParameter, LengthRequired, WrongMediaType
from gateway.login.tokens import Principal
from gateway.model import instant
from gateway.ports.blobs import IncomingUpload
from gateway.web.dependencies import WebDependencies, dependencies_of
from gateway.web.http import body
from gateway.web.http.answer import reply
from gateway.web.http.problems import parameter
from gateway.web.portal.admission import require_capacity, reserved_storage
from gateway.web.portal.caller import WRITE, caller
from gateway.web.portal.query import Query, no_uuid, uuid_of

_WORD: Final = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"
MEDIA_TYPE: Final = re.compile(rf"{_WORD}/{_WORD}")
_DIGEST: Final = re.compile(r"([a-z*][a-z0-9_.*-]{0,63})=:([A-Za-z0-9+/]*={0,2}):")
_MEDIA_TYPE_MOST: Final = 127


async def put(request: Request) -> Response:
    """Take one upload: 201, or 200 where the same bytes stood there already."""
    principal = caller(request, WRITE)
    Query.of(request, ()).done()
    dependencies = dependencies_of(request)
    length = body.content_length(request)
    await require_capacity(dependencies, min(length or 0, dependencies.limits.upload_bytes))
    upload = uuid_of(request.path_params["upload"])
    if upload is None:
        raise InvalidParameter(findings=(no_uuid("upload"),))
    if length is None:
        raise LengthRequired
    if length > dependencies.limits.upload_bytes:
        raise BodyTooLarge(limit=dependencies.limits.upload_bytes)
    kind = body.media_type(request)
    if not MEDIA_TYPE.fullmatch(kind) or len(kind) > _MEDIA_TYPE_MOST:
        raise WrongMediaType(allowed="type/subtype")
    body.plain(request)
    incoming = IncomingUpload(
        client=principal.client.id,
        municipality=municipality_of(principal, dependencies),
        upload=upload,
        media_type=kind,
        length=length,
        sha256=repr_digest(request.headers.getlist("repr-digest")),
    )
    with reserved_storage(dependencies, length):
        stored = await dependencies.store.receive_upload(
            incoming, body.chunks(request, dependencies.limits.upload_bytes)
        )
    return reply(
        {
            "upload": str(stored.upload),
            "size": stored.size,
            "sha256": stored.sha256,
            "expires_at": instant(stored.expires_at),
        },
        201 if stored.created else 200,
    )


def municipality_of(principal: Principal, dependencies: WebDependencies) -> str:
    """Under whose key the upload rests: the municipality that made the token, else the first that the client serves."""
    served = dependencies.served(principal.client)
    return principal.municipality if principal.municipality in served else min(served, default=principal.municipality)


def repr_digest(fields: list[str]) -> str | None:
    """The SHA-256 of a `Repr-Digest` field in lower-case hex; None where none is given.

    Other algorithms are passed over (RFC 9530 §3). Raises `InvalidParameter` where the field does not parse, names an
    algorithm twice, or the value is no SHA-256.
    """
    digests: dict[str, bytes] = {}
    for member in ",".join(fields).split(",") if fields else ():
        parsed = _DIGEST.fullmatch(member.strip(" \t"))
        if not parsed or parsed[1] in digests:
            raise _unreadable()
        try:
            digests[parsed[1]] = pybase64.b64decode(parsed[2], validate=True)
        except ValueError:
            raise _unreadable() from None
    digest = digests.get("sha-256")
    if digest is not None and len(digest) != 32:
        raise _unreadable()
    return digest.hex() if digest is not None else None


def _unreadable() -> InvalidParameter:
    de = "Erwartet wird sha-256=:<Base64 des SHA-256>: (RFC 9530)."
    en = "Expected is sha-256=:<base64 of the SHA-256>: (RFC 9530)."
    return InvalidParameter(findings=(parameter("header/Repr-Digest", "syntax", de, en),))
