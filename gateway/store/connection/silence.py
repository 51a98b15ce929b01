"""Dead peers: a server or a network that fails without closing its connections, noticed in seconds instead of hours.

Knows: the bounds, how the server, libpq and a socket of our own are told of them. Never does: wait.
Standard: TCP keep-alive (RFC 9293 3.8.4), user timeout (RFC 5482). Start reading: `SILENT_MS`.
"""

from __future__ import annotations

import socket
from typing import Final

SILENT_MS: Final = 8000
"""An end that hears nothing from the other for so long takes the connection for lost."""
_IDLE_S, _INTERVAL_S, _COUNT = 4, 2, 2

SERVER: Final = {
    "tcp_keepalives_idle": str(_IDLE_S),
    "tcp_keepalives_interval": str(_INTERVAL_S),
    "tcp_keepalives_count": str(_COUNT),
    "tcp_user_timeout": str(SILENT_MS),
}
"""Settings of a session, for the server's end."""
LIBPQ: Final[dict[str, object]] = {
    "keepalives_idle": _IDLE_S,
    "keepalives_interval": _INTERVAL_S,
    "keepalives_count": _COUNT,
    "tcp_user_timeout": SILENT_MS,
}
"""libpq's parameters, for our end."""


def bound(descriptor: int) -> None:
    """Bound the silence of an open socket; nothing for one that does not leave the machine."""
    with socket.socket(fileno=descriptor) as line:
        try:
            if line.family == socket.AF_UNIX:
                return
            line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            for name, value in (
                ("TCP_KEEPIDLE", _IDLE_S),
                ("TCP_KEEPINTVL", _INTERVAL_S),
                ("TCP_KEEPCNT", _COUNT),
                ("TCP_USER_TIMEOUT", SILENT_MS),
            ):
                if hasattr(socket, name):  # not every system has each
                    line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        finally:
            line.detach()  # it stays the connection's
