"""The addresses of resumable uploads, as a table.

Knows: tus 1.0. Never does: anything; `app` registers it with the framework.
Standard: OpenAPI 3.1. Start reading: `ROUTES`.
"""

from __future__ import annotations

from typing import Final

from gateway.web.http.route import Route
from gateway.web.portal import tus
from gateway.web.portal.caller import WRITE

_TUS: Final = ("Tus-Resumable", "header", "1.0.0")
_ALL: Final = ("/api/v1/tus/", "/api/v1/tus")
_ONE: Final = "/api/v1/tus/{upload}"
ROUTES: Final = (
    *(Route("OPTIONS", path, tus.options, {204: None}) for path in _ALL),
    *(
        Route(
            "POST",
            path,
            tus.create,
            {201: None},
            (412, 413, 415, 507),
            scope=WRITE,
            parameters=(
                _TUS,
                ("Upload-Length", "header", "Exact size in bytes."),
                ("Upload-Metadata", "header", "filetype <base64 of the media type>, and what HEAD shall give back."),
            ),
        )
        for path in _ALL
    ),
    Route("HEAD", _ONE, tus.head, {200: None}, (404, 412), scope=WRITE, parameters=(_TUS,)),
    Route(
        "PATCH",
        _ONE,
        tus.append,
        {204: None},
        (400, 404, 409, 412, 413, 415, 507),
        scope=WRITE,
        takes="bytes",
        parameters=(
            _TUS,
            ("Upload-Offset", "header", "Bytes that have arrived so far."),
            ("Upload-Checksum", "header", "sha256 <base64> (or sha1) of the bytes of this request."),
        ),
    ),
    Route("DELETE", _ONE, tus.terminate, {204: None}, (404, 412), scope=WRITE, parameters=(_TUS,)),
)
