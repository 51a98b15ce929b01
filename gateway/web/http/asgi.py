"""The middleware around every request: its id, one log line, figures, security headers, an answer whatever happens.

Knows: ASGI. Never does: look into bodies, log an address's query or values. Standards: ASGI 3, W3C CSP 3, RFC 9111.
Start reading: `RequestMiddleware`.
"""

from __future__ import annotations

import re
import time
import traceback
from collections.abc import Callable
from typing import Any, Final

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.errors import InternalError
from gateway.web.http.body import DRAINED_BYTES
from gateway.web.http.metrics import Metrics
from gateway.web.http.problems import problem

_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_QUIET: Final = frozenset({"/health", "/metrics"})
_HEADERS: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "no-referrer"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
    ("Cache-Control", "no-store"),
)

log = structlog.get_logger()


class RequestMiddleware:
    """Wraps the app. `new_id` makes the id of a request that brings none."""

    def __init__(self, app: ASGIApp, metrics: Metrics, new_id: Callable[[], str]) -> None:
        self._app = app
        self._metrics = metrics
        self._new_id = new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = headers.get("x-request-id", "")
        scope["request_id"] = request_id if _ID.fullmatch(request_id) else self._new_id()
        answer = _Answer(scope, send, hang_up=_too_long_to_drain(headers))
        began = time.perf_counter()
        try:
            await self._app(scope, receive, answer.send)
        except Exception as error:  # noqa: BLE001 - the last line: no request stays without answer, no value in the log
            log.error(  # noqa: TRY400 - a traceback's message could hold values
                "web.crashed", request_id=scope["request_id"], **_whereabouts(error)
            )
            if not answer.status:
                await problem(InternalError(), Request(scope))(scope, receive, answer.send)
        finally:
            self._note(scope, answer.status, time.perf_counter() - began)

    def _note(self, scope: Scope, status: int, seconds: float) -> None:
        route = getattr(scope.get("route"), "path", "unmatched")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._metrics.answered(method, route, status, seconds)
        if route in _QUIET and status < 400:
            return
        ids = {name: scope[name] for name in ("client_id", "submission_id") if name in scope}
        log.info(
            "web.answered",
            method=method,
            route=route,
            status=status,
            ms=round(seconds * 1000, 1),
            request_id=scope["request_id"],
            **ids,
        )


class _Answer:
    """Adds the headers that every answer has, and remembers its status (0: none was begun)."""

    def __init__(self, scope: Scope, send: Send, *, hang_up: bool) -> None:
        self.status = 0
        self._request_id: str = scope["request_id"]
        self._secure = scope["scheme"] == "https"
        self._send = send
        self._hang_up = hang_up

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS:
                headers.setdefault(name, value)
            headers["X-Request-Id"] = self._request_id
            if self._secure:
                headers["Strict-Transport-Security"] = "max-age=31536000"
            if self._hang_up and self.status >= 400:
                headers["Connection"] = "close"
        await self._send(message)


def _too_long_to_drain(headers: Headers) -> bool:
    text = headers.get("content-length", "0")
    return len(text) > 18 or (text.isdigit() and int(text) > DRAINED_BYTES)


def _whereabouts(error: BaseException) -> dict[str, Any]:
    """Where an unexpected exception came from, without its message: that could hold values."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    return {
        "error": type(error).__name__,
        "at": [f"{frame.filename.rsplit('/', 2)[-1]}:{frame.lineno} {frame.name}" for frame in frames],
    }
