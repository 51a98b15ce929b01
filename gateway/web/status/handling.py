"""What every address of status pages has in common: its handler, the reader's language, errors as pages.

Knows: which page an error is. Never does: know what a page shows. Standard: RFC 9110 §12.5.4.
Start reading: `for_people`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog
from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import BadInput, GatewayError, NotFound, TooManyRequests
from gateway.web.dependencies import dependencies_of
from gateway.web.pages.languages import shipped
from gateway.web.pages.page import page
from gateway.web.status.published import StatusDependencies

log = structlog.get_logger()

Handler = Callable[[Request], Awaitable[Response]]
Answering = Callable[[Request, StatusDependencies], Awaitable[Response]]
StatusRoute = tuple[str, tuple[str, ...], Handler]


def with_status(status: StatusDependencies, answering: Answering) -> Handler:
    """The handler that answers from `status`."""

    async def handler(request: Request) -> Response:
        return await answering(request, status)

    return handler


def for_people(status: StatusDependencies, answering: Answering) -> Handler:
    """As `with_status`; errors are pages."""

    async def handler(request: Request) -> Response:
        try:
            return await answering(request, status)
        except GatewayError as error:
            kind = _kind(error)
            if kind == "away":
                log.warning("web.failed", code=error.code, request_id=request.scope["request_id"])
            answer = page(
                request,
                "status/problem.html",
                municipality=asked_town(request, status),
                language=wanted(request),
                status=error.status,
                values={"kind": kind},
            )
            if error.retry:
                answer.headers["Retry-After"] = str(max(1, round(error.retry_after or 1)))
            return answer

    return handler


def wanted(request: Request) -> str:
    """The language that the address asks for; empty where it asks for none."""
    return request.query_params.get("lang", "")


def language_of(request: Request) -> str:
    """The reader's language."""
    return shipped().pick(wanted(request), request.headers.get("accept-language"))


def other_languages(language: str) -> list[str]:
    """Those that the page is there in besides."""
    return sorted(shipped().known - {language})


def asked_town(request: Request, status: StatusDependencies) -> str:
    """The name of the municipality whose address was asked; of the first one where it is nobody's."""
    issuer = dependencies_of(request).provider.issuer_of(request.headers.get("host"))
    names = status.publication.names
    return names.get(issuer.municipality) or next(iter(names.values()), "")


def _kind(error: GatewayError) -> str:
    if isinstance(error, NotFound):
        return "absent"
    if isinstance(error, TooManyRequests):
        return "busy"
    return "refused" if isinstance(error, BadInput) else "away"
