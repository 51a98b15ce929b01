"""The catalogue sandbox as a web server: its addresses, its readiness line, its life.

Knows: which endpoint stands where. Never does: listen on anything but what it is told; loopback by default.
Standard: fixed interfaces §1 (readiness line). Start reading: `serve`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from starlette.routing import Mount
from starlette.types import ASGIApp

from gateway.httpserver.opening import listen
from gateway.outbound.client import Policy
from gateway.sandbox.catalogue import admin, data_hub, leistungen, pages, pushes, search, statistics
from gateway.sandbox.catalogue.sandbox import CLIENT, CatalogueSandbox
from gateway.sandbox.serving import application, base_url, fetched, served

_POLICY: Final = Policy(connect_s=3, user_agent="catalogue-sandbox")
_FILE_MOST = 64 << 20


def app(sandbox: CatalogueSandbox) -> ASGIApp:
    """The whole sandbox as an ASGI application, faults included."""
    endpoints = (*search.ROUTES, *data_hub.ROUTES, *leistungen.ROUTES, *pushes.ROUTES, *statistics.ROUTES)
    return application(sandbox, [*endpoints, *pages.ROUTES, Mount(sandbox.admin_path, routes=list(admin.ROUTES))])


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
        sandbox = CatalogueSandbox(
            base_url(host, listener),
            pages_of,
            fetch=partial(fetched, policy=_POLICY, call="sandbox.pull", limit=_FILE_MOST),
        )
        async with served(app(sandbox), listener, stop) as answers:
            if answers:
                on_ready(readiness(sandbox))
