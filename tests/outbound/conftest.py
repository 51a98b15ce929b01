"""A raw HTTP server on loopback whose answers are bytes, and clients that may reach it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager

import pytest

from gateway.outbound.client import Policy, http_client

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Server:
    """Answers every request with the same bytes; keeps what it was sent."""

    def __init__(self, answer, *, close=False):
        self.answer = answer
        self.close = close
        self.heads = []
        self.connections = 0
        self.port = 0

    async def __call__(self, reader, writer):
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.heads.append(head.decode("latin-1"))
                writer.write(self.answer)
                await writer.drain()
                if self.close:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture
def serving():
    @asynccontextmanager
    async def serve(answer=OK, *, close=False):
        server = Server(answer, close=close)
        listener = await asyncio.start_server(server, "127.0.0.1", 0)
        server.port = listener.sockets[0].getsockname()[1]
        try:
            yield server
        finally:
            listener.close()

    return serve


@pytest.fixture
async def reaching():
    """Make clients; each is closed at the end."""
    made = []

    def make(*, find=None, **policy):
        more = {"find": find} if find else {}
        client = http_client(Policy(**{"allow_private": ("loopback",), **policy}), **more)
        made.append(client)
        return client

    yield make
    for client in made:
        await client.aclose()
