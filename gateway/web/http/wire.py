"""Before the app: answers to bytes that are no HTTP, and what tus 1.0 asks of every answer.

Knows: our protocol's refusals, ASGI. Never does: read bodies, judge who calls.
Standards: RFC 9112 §2.2, RFC 9457, tus 1.0 (X-HTTP-Method-Override, Tus-Resumable). Start reading: `HttpProtocol`.
"""

from __future__ import annotations

import json
from typing import Final
from uuid import uuid4

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.errors import GatewayError
from gateway.httpserver.protocol import BoundedProtocol
from gateway.web.http.problems import MEDIA_TYPE, document

TUS: Final = "/api/v1/tus"
TUS_VERSION: Final = "1.0.0"
_OVERRIDES: Final = frozenset({"PATCH", "DELETE", "HEAD"})


class HttpProtocol(BoundedProtocol):
    """Our protocol; what cannot become a request is answered with a problem, as everything else is."""

    def refusal(self, error: GatewayError) -> tuple[str, bytes]:
        """A problem in German: a language was not asked for yet."""
        return MEDIA_TYPE, json.dumps(document(error, "de", uuid4().hex), ensure_ascii=False).encode()


class TusWire:
    """Wraps the app: under the addresses of tus a POST may name another method, and each answer the version spoken."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on."""
        if scope["type"] != "http" or not f"{scope['path']}/".startswith(f"{TUS}/"):
            await self._app(scope, receive, send)
            return
        method = Headers(scope=scope).get("x-http-method-override", "").upper()
        if scope["method"] == "POST" and method in _OVERRIDES:
            scope["method"] = method

        async def versioned(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault("Tus-Resumable", TUS_VERSION)
            await send(message)

        await self._app(scope, receive, versioned)
