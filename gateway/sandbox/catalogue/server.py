"""The catalogue sandbox as a web server: its addresses, its readiness line, its life.

Knows: which endpoint stands where. Never does: listen on anything but what it is told; loopback by default.
Standard: fixed interfaces §1 (readiness line). Start reading: `serve`.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import ASGIApp

from gateway.errors import GatewayError
from gateway.httpserver.opening import listen
from gateway.outbound.client import Policy, exchange, http_client
from gateway.sandbox.catalogue import admin, data_hub, leistungen, pages, pushes, search, statistics
from gateway.sandbox.catalogue.sandbox import CLIENT, CatalogueSandbox
from gateway.sandbox.faults import OrderedFaults
from gateway.sandbox.http_input import AdminRefused, answer_refused
from gateway.sandbox.serving import base_url, served

_FILE_MOST = 64 << 20


def app(sandbox: CatalogueSandbox) -> ASGIApp:
    """The whole sandbox as an ASGI application, faults included."""
    handlers: dict[Any, Any] = {AdminRefused: answer_refused, ClientDisconnect: _client_left}
    endpoints = (*search.ROUTES, *data_hub.ROUTES, *leistungen.ROUTES, *pushes.ROUTES, *statistics.ROUTES)
    inner = Starlette(
        routes=[*endpoints, *pages.ROUTES, Mount(sandbox.admin_path, routes=list(admin.ROUTES))],
        exception_handlers=handlers,
    )
    inner.state.sandbox = sandbox
    return OrderedFaults(inner, sandbox.faults, _refusal)


def readiness(sandbox: CatalogueSandbox) -> dict[str, Any]:
    """The readiness line."""
    base = sandbox.base_url
    return {
        "pvog": f"{base}/suchdienst/api",
        "datahub": f"{base}/datahub/api",
        "fim_portal": f"{base}/fim",
        "collector": base + pushes.PUSH_PATH,
        "collector_token_url": base + pushes.TOKEN_PATH,
        "collector_client": {"client_id": CLIENT, "client_secret": sandbox.secret},
        "sdg": {"address": f"{base}/sdg/v1/", "key": statistics.KEY},
        "transactions": {"address": f"{base}/statistics/v1/transactions", "token": statistics.BEARER},
        "pages": f"{base}/pages",
        "admin": base + sandbox.admin_path,
        "pid": os.getpid(),
    }


async def serve(
    *,
    port: int,
    pages_of: Mapping[str, Mapping[str, str]],
    host: str = "127.0.0.1",
    on_ready: Callable[[dict[str, Any]], None],
    stop: asyncio.Event,
) -> None:
    """Serve until `stop` is set; ends within 10 s then.

    Args:
        port: TCP port; 0 lets the system choose.
        pages_of: titles of the service pages, by service and language.
        host: address to listen on.
        on_ready: gets the readiness line once requests are answered.
        stop: set it to end.

    Raises `AddressTaken`.
    """
    with listen(host, port) as listener:
        sandbox = CatalogueSandbox(base_url(host, listener), pages_of, fetch=_fetched)
        async with served(app(sandbox), listener, stop) as answers:
            if answers:
                on_ready(readiness(sandbox))


async def _fetched(address: str) -> bytes | None:
    """A file of an editorial system that the operator names; None where it does not answer."""
    try:
        named = ("loopback", urlsplit(address).hostname or "loopback")
        policy = Policy(allow_private=named, connect_s=3, read_s=30, user_agent="catalogue-sandbox")
        async with http_client(policy) as client:
            answer = await exchange(client, "GET", address, limit=_FILE_MOST, call="sandbox.pull")
    except (GatewayError, OSError, ValueError):
        return None
    return answer.body if answer.status == 200 else None


def _refusal(status: int) -> bytes:
    return json.dumps({"title": "Fault on demand", "status": status}).encode()


async def _client_left(_: Request, __: Exception) -> Response:
    return Response(status_code=400)
