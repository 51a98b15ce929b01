"""A sandbox behind a socket: loopback, an end in time.

Knows: where it is reached, a connection that a fault resets. Never does: know what is served.
Standard: RFC 9112. Start reading: `served`.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

from starlette.types import ASGIApp

from gateway.httpserver.limits import WireLimits
from gateway.httpserver.opening import in_url
from gateway.httpserver.protocol import BoundedProtocol
from gateway.httpserver.server import serve as httpserver
from gateway.sandbox.faults import CUT

_GRACE_S: Final = 5
_LINGER_OFF: Final = struct.pack("ii", 1, 0)


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
