"""Writing a file that is there whole or not at all, also after the power failed.

Knows: what has to be on disk before a name may point at it. Never does: choose a directory, take the place of a pipe or
a device. Standard: POSIX open (O_EXCL), fsync, rename, link; BSD flock. Start reading: `opened`.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from gateway.input.regular_file import not_regular


@contextmanager
def opened(target: Path, mode: int, *, replace: bool = True, beside: Path | None = None) -> Iterator[BinaryIO]:
    """The file `target` for writing: whole and on the disk at the end, or as it was.

    It is written `beside` and takes the place of a regular file, never of anything else; without `replace` what is
    there stays. A link of somebody else's that lies beside is not written through. Two may write the same at once, also
    from containers that share a directory and number their processes alike; of two that name one `beside` the second is
    refused. Raises `OSError` naming `target`.
    """
    if beside is not None and _is_written(beside):
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY), str(target))
    named = beside is not None
    beside = beside or target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        if replace and target.exists() and not target.is_file():
            raise not_regular(target)
        beside.unlink(missing_ok=True)
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            if named:
                with suppress(OSError):  # where a file system knows no locks, nobody is refused
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
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


def _is_written(beside: Path) -> bool:
    """Whether another writes it at this moment; one that ended may have left it."""
    try:
        descriptor = os.open(beside, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return isinstance(error, BlockingIOError)
    else:
        return False
    finally:
        os.close(descriptor)


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
