"""Every error as a problem document.

Knows: RFC 9457, the fixed shape of interfaces §3, the caller's language. Never does: invent an error; they come from
`gateway/errors`, the framework's own are translated into them. Start reading: `problem`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Coroutine, Mapping
from typing import Any, Final

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from gateway.errors import (
    BadInput,
    Forbidden,
    GatewayError,
    InternalError,
    LengthMismatch,
    MethodNotAllowed,
    NotFound,
    TusVersionUnknown,
    Unauthorised,
)
from gateway.model import Finding

MEDIA_TYPE: Final = "application/problem+json"
TYPE_BASE: Final = "urn:ozg-gateway:problem:"
"""`type` is a name, not an address: `docs/reference/errors.md` describes each by the code behind it."""
SPOKEN: Final = frozenset({"de", "en"})
"""The languages that errors are told in."""
FINDINGS_MOST: Final = 500
"""Findings in one answer; more would help nobody."""

_RANGE: Final = re.compile(r"\s*([A-Za-z]{1,8}|\*)(?:-[A-Za-z0-9-]{1,32})?\s*(?:;\s*q=([01](?:\.[0-9]{0,3})?))?\s*")

log = structlog.get_logger()


def language(header: str | None, known: Collection[str] = SPOKEN) -> str:
    """The one of `known` by `Accept-Language` (RFC 9110 §12.5.4); German where the caller does not care."""
    best, weight = "de", 0.0
    for part in (header or "")[:200].split(","):
        language_range = _RANGE.fullmatch(part)
        if not language_range:
            continue
        name, quality = language_range[1].lower(), float(language_range[2] or 1)
        if name in known and quality > weight:
            best, weight = name, quality
    return best


def problem(error: GatewayError, request: Request, *, headers: Mapping[str, str] | None = None) -> Response:
    """The problem document of an error, in the caller's language.

    `instance` is the id of the request, as in the log; nothing of the caller's input comes back but pointers.
    """
    chosen = language(request.headers.get("accept-language"))
    body = document(error, chosen, str(request.scope.get("request_id", "")))
    fields = {"Content-Language": chosen, "Vary": "Accept-Language", "Cache-Control": "no-store", **(headers or {})}
    if error.retry_after is not None:
        fields["Retry-After"] = str(max(1, round(error.retry_after)))
    elif error.retry and error.status == 503:
        fields["Retry-After"] = "1"
    if isinstance(error, TusVersionUnknown):
        fields["Tus-Version"] = str(error.params["version"])
    if isinstance(error, Unauthorised):
        reason = ', error="invalid_token"' if "authorization" in request.headers else ""
        fields.setdefault("WWW-Authenticate", f'Bearer realm="api"{reason}')
    if isinstance(error, Forbidden):
        scope = error.params.get("scope", "")
        fields.setdefault("WWW-Authenticate", f'Bearer realm="api", error="insufficient_scope", scope="{scope}"')
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Response(text.encode(), error.status, headers=fields, media_type=MEDIA_TYPE)


def document(error: GatewayError, chosen: str, request_id: str) -> dict[str, Any]:
    """The members of the problem, in `de` or `en`. Errors of our own say outside only that they are ours."""
    shown: GatewayError = InternalError() if isinstance(error, InternalError) else error
    return {
        "type": f"{TYPE_BASE}{shown.code}",
        "title": title(type(shown), chosen),
        "status": error.status,
        "detail": shown.sentence(chosen),
        "instance": f"urn:ozg-gateway:request:{request_id}",
        "code": shown.code,
        "blame": shown.blame.value,
        "retry": shown.retry,
        "findings": [finding.as_json() for finding in shown.findings[:FINDINGS_MOST]],
    }


def title(kind: type[GatewayError], chosen: str) -> str:
    """The same for every occurrence (RFC 9457 §3.1.4): the error's title, or its first sentence without parameters."""
    if kind.titles:
        return kind.titles[0] if chosen == "de" else kind.titles[1]
    text = kind.de if chosen == "de" else kind.en
    first = re.split(r"(?<=[a-zäöüß)])[.;:] ", text, maxsplit=1)[0]
    return re.sub(r"\s*\([^)]*\{[^)]*\)|\s*\{[a-z_]+\}", "", first).rstrip(".:; ")


def parameter(pointer: str, rule: str, de: str, en: str) -> Finding:
    """A finding about a header, query or path parameter: `pointer` is `#header/Name`, `#query/name` or `#path/name`."""
    return Finding(f"#{pointer}", rule, de, en)


async def on_gateway_error(request: Request, error: Exception) -> Response:
    """The answer to an error of the tree."""
    assert isinstance(error, GatewayError)
    if not isinstance(error, BadInput):
        log.warning("web.failed", code=error.code, request_id=request.scope.get("request_id"))
    return problem(error, request)


async def on_http_exception(request: Request, error: Exception) -> Response:
    """The answer to what the framework refuses by itself: no such address, no such method."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        return problem(MethodNotAllowed(), request, headers={"Allow": ", ".join(sorted(_methods(request)))})
    return problem(NotFound() if error.status_code == 404 else BadInput(), request)


def _methods(request: Request) -> set[str]:
    """Every method of this address (RFC 9110 §10.2.1); the framework names those of the first route only."""
    matching = (route for route in request.app.routes if route.path_regex.match(request.scope["path"]))
    return {method for route in matching for method in route.methods}


async def on_disconnect(request: Request, _error: Exception) -> Response:
    """The caller went away while sending: nothing was kept; the answer reaches nobody but the log."""
    return problem(LengthMismatch(), request)


HANDLERS: Final[Mapping[int | type[Exception], Callable[[Request, Any], Coroutine[Any, Any, Response]]]] = {
    GatewayError: on_gateway_error,
    HTTPException: on_http_exception,
    ClientDisconnect: on_disconnect,
}
