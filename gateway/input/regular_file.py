"""Reading a file that somebody named: a regular one, or a sentence.

Knows: that a pipe, a terminal or a device may never end. Never does: wait for one; judge what a file holds.
Standard: POSIX open (O_NONBLOCK), stat (S_ISREG). Start reading: `opened`.
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
        raise not_regular(path)
    return os.fdopen(descriptor, "rb")


def content(path: Path, limit: int = -1) -> bytes:
    """Its bytes, the first `limit` where one is given. Raises as `opened`."""
    with opened(path) as file:
        return file.read(limit)


def text(path: Path) -> str:
    """The whole of it as UTF-8, without a byte order mark. Raises as `opened`, and `UnicodeDecodeError`."""
    return content(path).decode("utf-8-sig")


def not_regular(path: Path) -> OSError:
    """What is raised for anything else, with its name."""
    return OSError(errno.EINVAL, "not a regular file", str(path))
