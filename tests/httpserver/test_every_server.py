"""No server of ours is made beside the one that keeps the limits."""

from __future__ import annotations

import re
from pathlib import Path

import gateway
from gateway.httpserver.limits import WireLimits
from gateway.httpserver.protocol import BoundedProtocol
from gateway.sandbox import serving as sandbox
from gateway.serve import serving
from gateway.web.http.certificate import TlsProtocol

ROOT = Path(gateway.__file__).parent
MADE = re.compile(
    r"uvicorn\.(Config|Server|run)\b|start_(unix_)?server\(|create_(unix_)?server\(|HTTPServer|aiohttp\.web|"
    r"start_http_server|start_wsgi_server|WSGIServer|socketserver"
)


def test_servers_are_made_in_one_place():
    found = {path.relative_to(ROOT).as_posix() for path in ROOT.rglob("*.py") if MADE.search(path.read_text("utf-8"))}
    assert found == {"httpserver/server.py"}


def test_every_protocol_keeps_the_limits_in_full():
    usual = WireLimits()
    for protocol in (TlsProtocol, sandbox._Protocol):
        assert issubclass(protocol, BoundedProtocol)
        for name in WireLimits.__slots__:
            if (protocol, name) != (sandbox._Protocol, "idle_s"):
                assert getattr(protocol.limits, name) == getattr(usual, name)
    assert serving.httpserver is sandbox.httpserver
