"""Every HTTP server of ours is made here, with the same limits.

Knows: uvicorn's configuration. Never does: handle signals; open a socket. Start reading: `serve`.
"""

from __future__ import annotations

import asyncio
import resource
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any

import uvicorn

from gateway.httpserver.connections import ConnectionState
from gateway.httpserver.protocol import BoundedProtocol


class Server(uvicorn.Server):
    """uvicorn's server: leaves signals to the command, and a TLS handshake has the time of a head."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.server_state = ConnectionState()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept connections on `sockets`."""
        await self.lifespan.startup()
        config = self.config
        protocol: Any = config.http_protocol_class
        assert issubclass(protocol, BoundedProtocol)
        factory = partial(protocol, config=config, server_state=self.server_state, app_state=self.lifespan.state)
        patience = protocol.limits.head_s if config.ssl else None
        loop = asyncio.get_running_loop()
        self.servers = [
            await loop.create_server(
                factory, sock=listener, ssl=config.ssl, ssl_handshake_timeout=patience, backlog=config.backlog
            )
            for listener in sockets or ()
        ]
        self.started = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


@asynccontextmanager
async def serve(
    app: Any,  # noqa: ANN401 - any ASGI app
    sockets: Sequence[socket.socket],
    protocol: type[BoundedProtocol] = BoundedProtocol,
    *,
    tls: ssl.SSLContext | None = None,
    grace_s: int = 4,
) -> AsyncIterator[asyncio.Task[None]]:
    """Serve `app` on `sockets`; yields the running task once connections are accepted, ends with the block."""
    config = uvicorn.Config(
        app,
        http=protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=grace_s,
        timeout_keep_alive=protocol.limits.idle_s,  # type: ignore[arg-type] # a part of a second is as good
    )
    config.load()
    config.ssl = tls
    server = Server(config)
    _room_for_connections()
    task = asyncio.create_task(server.serve(list(sockets)))
    try:
        while not server.started and not task.done():  # noqa: ASYNC110 - uvicorn offers no event
            await asyncio.sleep(0.01)
        yield task
    finally:
        server.should_exit = True
        await task


def _room_for_connections() -> None:
    """Let the process open as many files as it may: a connection is one, and the usual limit is for interactive use."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
