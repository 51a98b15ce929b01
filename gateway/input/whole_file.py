"""Writing a file that is there whole or not at all, also after the power failed.

Knows: what has to be on disk before a name may point at it. Never does: choose a directory, say why a disk refuses.
Standard: POSIX open (O_EXCL), fsync, rename. Start reading: `replace`.
"""

from __future__ import annotations

import os
from pathlib import Path


def replace(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Write it in place of what is there; what is there stays where that fails. Raises `OSError`."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.unlink(missing_ok=True)  # what lies there, a link of somebody else's too, is not written through
    try:
        put(beside, content, mode)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def put(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a new file and wait until it is on disk. Raises `OSError`, `FileExistsError` among them."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def settle(directory: Path) -> None:
    """Wait until the names in a directory are on disk. Raises `OSError`."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
