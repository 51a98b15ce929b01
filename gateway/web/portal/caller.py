"""Who calls: the client behind a token, and what it may see.

Knows: RFC 6750, scopes, the count of requests. Never does: read bodies, ask the store.
Standard: RFC 6750 §2.1 and §3. Start reading: `caller`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.errors import Forbidden, NotFound, Unauthorised
from gateway.login.certificates import Presented
from gateway.login.tokens import Principal
from gateway.model import Client, ClientScope, Finding, Scope
from gateway.web.dependencies import dependencies_of
from gateway.web.http.problems import parameter

Handler = Callable[[Request], Awaitable[Response]]
WRITE: Final = ClientScope.WRITE
READ: Final = ClientScope.READ
SERVICES: Final = ClientScope.SERVICES
WEBHOOKS: Final = ClientScope.WEBHOOKS


def caller(request: Request, scope: str) -> Principal:
    """The client whose token the request carries. Raises `Unauthorised`, or `Forbidden` where the scope is missing."""
    principal: Principal = request.scope.get("principal") or _identified(request)
    if scope not in principal.client.scopes:
        raise Forbidden(scope=scope)
    return principal


def _identified(request: Request) -> Principal:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer":
        raise Unauthorised
    provider = dependencies_of(request).provider
    principal = provider.verify(token.strip(), request.headers.get("host"), presented(request))
    request.scope["client_id"] = principal.client.id
    return principal


def presented(request: Request) -> Presented | None:
    """The certificate that came with the request, as the outermost layer found it (`web.certificate`)."""
    certificate: Presented | None = request.scope.get("client_certificate")
    return certificate


def address_of(request: Request) -> str:
    """The caller's address; trusted proxies' own is not it."""
    return request.client.host if request.client else ""


def for_clients(handler: Handler) -> Handler:
    """The handler of an address for clients: who calls is known, and one request counted, before it runs.

    Where nothing is found, the answer names the part of the path. Raises `Unauthorised` and `TooManyRequests`.
    """

    @wraps(handler)
    async def handle(request: Request) -> Response:
        principal = request.scope["principal"] = _identified(request)
        if quotas := dependencies_of(request).quotas:
            await quotas.request(principal.client.id)
        try:
            return await handler(request)
        except NotFound as error:
            raise NotFound(findings=error.findings or tuple(map(_nothing, request.path_params))) from None

    return handle


def _nothing(name: str) -> Finding:
    return parameter(f"path/{name}", "not_found", NotFound.de, NotFound.en)


def visible(request: Request, client: Client) -> Scope:
    """What the client may see: its own submissions in its municipalities."""
    return Scope(client.id, dependencies_of(request).served(client))
