"""What a server needs before it answers: a socket that listens, and a data directory that is its own.

Knows: the two refusals. Never does: accept a connection; know what is served. Standard: flock(2).
Start reading: `listen`.
"""

from __future__ import annotations

import fcntl
import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gateway.errors import AddressTaken, AlreadyServing

_BACKLOG: Final = 1024


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens; port 0 lets the system choose. Raises `AddressTaken`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise AddressTaken(address=f"{in_url(host)}:{port}") from None
    listener.listen(_BACKLOG)
    return listener


def in_url(host: str) -> str:
    """The host as addresses write it: an IPv6 address stands in brackets (RFC 3986 §3.2.2)."""
    return f"[{host}]" if ":" in host else host


@contextmanager
def locked(directory: Path, name: str) -> Iterator[None]:
    """Hold the directory by a lock on its file `name`, which says who holds it: two would each write without the other.

    Raises `AlreadyServing` with the other's process id.
    """
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (directory / name).open("a+", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise AlreadyServing(pid=lock.read().strip() or "?") from None
        try:
            os.ftruncate(lock.fileno(), 0)
            os.write(lock.fileno(), str(os.getpid()).encode())
        except OSError as error:  # a full disk: the system names no file there
            raise OSError(error.errno, error.strerror, str(directory / name)) from None
        yield
