"""Values made from files, kept until a file changes (memoisation): a corrected secret or key needs no restart.

Knows: how to see that a file is another one (four numbers of `stat`). Never does: watch, wait, or give up what was
usable for what is not. Standard: POSIX stat. Start reading: `Following`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Lock
from typing import Generic, TypeVar

import structlog

from gateway.errors import GatewayError

log = structlog.get_logger()

_T = TypeVar("_T")
Look = tuple[tuple[int, int, int, int] | None, ...]
"""Each file as it was last seen; None: not there."""


def look(paths: Iterable[Path]) -> Look:
    """Inode, size and both times of each file: whoever writes or replaces one changes some of them."""
    return tuple(_look(path) for path in paths)


def _look(path: Path) -> tuple[int, int, int, int] | None:
    try:
        seen = os.stat(path)  # noqa: PTH116 - the same for links, without a Path of its own
    except OSError:
        return None
    return seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns


class Following(Generic[_T]):
    """`make()` from `paths`, memoised until one of them changes. Raises what `make` raises at the first call.

    Where the new files are of no use (half written, missing) the log says so, what was made last stays, and the next
    change is looked at again. `name` is the setting, for the log.
    """

    def __init__(self, name: str, paths: Iterable[Path], make: Callable[[], _T]) -> None:
        self._name = name
        self._paths = tuple(paths)
        self._make = make
        self._lock = Lock()
        self._seen = look(self._paths)
        self._value = make()

    def __call__(self) -> _T:
        """The current value; costs a `stat` for each file."""
        with self._lock:
            seen = look(self._paths)  # before the files are read: what comes in between is another change
            if seen != self._seen:
                self._seen = seen
                self._renew()
            return self._value

    def _renew(self) -> None:
        try:
            self._value = self._make()
        except GatewayError as error:
            rules = sorted({finding.rule for finding in error.findings}) or [error.code]
            log.warning("files.not_usable", setting=self._name, rules=rules)
        else:
            log.info("files.read_again", setting=self._name)
