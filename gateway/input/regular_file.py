"""Reading and writing a file that somebody named: a regular one, or a sentence.

Knows: that a pipe, a terminal or a device may never end. Never does: wait for one, or take its place; judge what a
file holds. Standard: POSIX open (O_NONBLOCK, O_EXCL), stat (S_ISREG). Start reading: `opened`.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def opened(path: Path) -> BinaryIO:
    """The file for reading. Raises `OSError` as `open` does, and for everything that is no regular file."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise _no_regular_file(path)
    return os.fdopen(descriptor, "rb")


def content(path: Path, limit: int = -1) -> bytes:
    """Its bytes, the first `limit` where one is given. Raises as `opened`."""
    with opened(path) as file:
        return file.read(limit)


def text(path: Path) -> str:
    """The whole of it as UTF-8, without a byte order mark. Raises as `opened`, and `UnicodeDecodeError`."""
    return content(path).decode("utf-8-sig")


def fresh(path: Path, mode: int) -> BinaryIO:
    """A new file for writing in place of what lies there; a link of somebody else's is not written through.

    Raises `OSError`.
    """
    path.unlink(missing_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb")


def check_replaceable(path: Path) -> None:
    """Whether a new file may take the place of what lies there. Raises `OSError` for everything but a regular file."""
    if path.exists() and not path.is_file():
        raise _no_regular_file(path)


def _no_regular_file(path: Path) -> OSError:
    return OSError(errno.EINVAL, "not a regular file", str(path))
