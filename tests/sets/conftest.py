"""A small XRepository on loopback: it answers what a test lays down, and remembers what it was asked."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from gateway.outbound.client import Policy
from gateway.outbound.httpx_transport import httpx_client


class Repository:
    """`answers`: path below `/api/` -> (status, headers, body)."""

    def __init__(self) -> None:
        self.answers: dict[str, tuple[int, dict[str, str], bytes]] = {}
        self.asked: list[str] = []
        self.base = ""

    def lay(self, path: str, body: bytes, status: int = 200, **headers: str) -> None:
        self.answers[path] = (status, headers, body)

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        self.asked.append(path)
        unknown = (404, {"Content-Type": "application/json"}, b'{"fehler":"NUR PLATZHALTER GEFUNDEN"}')
        return self.answers.get(path, unknown)


@pytest.fixture
def repository() -> Iterator[Repository]:
    laid = Repository()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, headers, body = laid.answer(self.path.removeprefix("/api/"))
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing is said."""

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, *_: object) -> None:
            """Whoever asked went away."""

    server = Quiet(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    laid.base = f"http://127.0.0.1:{server.server_port}/api/"
    yield laid
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx_client(Policy(allow_private=("loopback",))) as made:
        yield made
