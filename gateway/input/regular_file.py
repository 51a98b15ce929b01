"""Reading and writing a file that somebody named: a regular one, or a sentence.

Knows: that a pipe, a terminal or a device may never end. Never does: wait for one, or take its place; judge what a
file holds. Standard: POSIX open (O_NONBLOCK, O_EXCL), stat (S_ISREG). Start reading: `opened`.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
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


@contextmanager
def whole(target: Path, mode: int, *, replace: bool = True, beside: Path | None = None) -> Iterator[BinaryIO]:
    """The file `target` for writing: whole and on the disk at the end, or as it was.

    It is written `beside` and takes the place of a regular file, never of anything else; without `replace` what is
    there stays. A link of somebody else's that lies beside is not written through. Raises `OSError` naming `target`.
    """
    beside = beside or target.with_name(f".{target.name}.{os.getpid()}")
    try:
        if replace and target.exists() and not target.is_file():
            raise _no_regular_file(target)
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if replace:
            beside.replace(target)
        else:
            with suppress(FileExistsError):
                os.link(beside, target)
    except OSError as error:
        if error.filename not in {None, str(beside)}:
            raise  # another file's, written together with this one
        raise OSError(error.errno, error.strerror, str(target)) from None
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)


def _no_regular_file(path: Path) -> OSError:
    return OSError(errno.EINVAL, "not a regular file", str(path))
