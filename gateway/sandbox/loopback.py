"""Who may reach an admin API: loopback, by its own address, no page of a browser.

Knows: `Host` and `Origin`. Never does: check a secret; that is a segment of the address. Standard: RFC 9110 §7.2.
Start reading: `from_elsewhere`.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})


def from_elsewhere(request: Request) -> bool:
    """Whether a request names a foreign host (DNS rebinding) or comes from a page."""
    host = request.headers.get("host", "")
    name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
    return name not in _LOOPBACK or "origin" in request.headers
