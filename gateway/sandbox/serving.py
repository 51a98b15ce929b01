"""A sandbox behind a socket: its application with faults around it, loopback, an end in time.

Knows: where it is reached, a connection that a fault resets. Never does: know what is served.
Standard: RFC 9112. Start reading: `application`, then `served`.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any, Final
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from gateway.errors import GatewayError
from gateway.httpserver.limits import WireLimits
from gateway.httpserver.opening import in_url
from gateway.httpserver.protocol import BoundedProtocol
from gateway.httpserver.server import serve as httpserver
from gateway.outbound.client import MAX_ANSWER_BYTES, Policy, exchange, http_client
from gateway.sandbox.admin import Administered
from gateway.sandbox.faults import CUT, Fault, OrderedFaults
from gateway.sandbox.http_input import AdminRefused, answer_refused

_GRACE_S: Final = 5
_LINGER_OFF: Final = struct.pack("ii", 1, 0)


async def _client_left(_: Request, __: Exception) -> Response:
    return Response(status_code=400)


def _fault_on_demand(status: int) -> bytes:
    return json.dumps({"title": "Fault on demand", "status": status}).encode()


def application(
    sandbox: Administered,
    routes: Sequence[BaseRoute],
    handlers: Mapping[Any, Any] | None = None,
    *,
    refusal: Callable[[int], bytes] = _fault_on_demand,
    forge: Callable[[Fault, bytes], bytes] | None = None,
) -> ASGIApp:
    """The whole sandbox as an ASGI application; `refusal` and `forge` as in `OrderedFaults`."""
    common: dict[Any, Any] = {AdminRefused: answer_refused, ClientDisconnect: _client_left}
    inner = Starlette(routes=list(routes), exception_handlers=common | dict(handlers or {}))
    inner.state.sandbox = sandbox
    return OrderedFaults(inner, sandbox.faults, refusal, forge)


async def fetched(address: str, *, policy: Policy, call: str, limit: int = MAX_ANSWER_BYTES) -> bytes | None:
    """What an operator names by address; None where it does not answer. Its own host may be a private one."""
    try:
        named = ("loopback", urlsplit(address).hostname or "loopback")
        async with http_client(replace(policy, allow_private=named)) as client:
            answer = await exchange(client, "GET", address, limit=limit, call=call)
    except (GatewayError, OSError, ValueError):
        return None
    return answer.body if answer.status == 200 else None


@asynccontextmanager
async def served(app: ASGIApp, listener: socket.socket, stop: asyncio.Event) -> AsyncIterator[bool]:
    """Serve inside the block, and stay at its end until `stop` is set; yields whether requests are answered."""
    async with httpserver(app, [listener], _Protocol, grace_s=_GRACE_S) as serving:
        stopping = asyncio.create_task(stop.wait())
        try:
            yield not serving.done()
            await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            await asyncio.gather(stopping, return_exceptions=True)


def base_url(host: str, listener: socket.socket) -> str:
    """Where clients reach the listener, without trailing slash."""
    return f"http://{in_url(host)}:{listener.getsockname()[1]}"


class _Protocol(BoundedProtocol):
    """Lets a fault reset the connection that a request came on; senders find it open for longer."""

    limits = WireLimits(idle_s=30)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {CUT: {"now": self._cut}}

    def _cut(self) -> None:
        with suppress(OSError, AttributeError):
            raw = self.transport.get_extra_info("socket")
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_OFF)
        self.transport.abort()
