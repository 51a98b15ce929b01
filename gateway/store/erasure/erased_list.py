"""The list of what was erased: an append-only file kept apart from database and backup.

Knows: one line of JSON for each erasure: data keys and submission, and when; no personal data; that only a whole line
counts. Never does: erase. Standard: architecture §5 (no restore brings a person back). Start reading: `ErasedList`.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from gateway import failpoints
from gateway.errors import ErasedListUnreadable, ErasedListUnwritable
from gateway.input import regular_file
from gateway.model import instant

NAME = "erased.jsonl"
_BLOCK = 1 << 16


@dataclass(frozen=True, slots=True)
class Erasure:
    """One submission whose keys must not come back."""

    submission: UUID
    keys: tuple[UUID, ...]
    at: str

    def line(self) -> bytes:
        """Its line in the list, with the line break."""
        keys = [str(key) for key in self.keys]
        return json.dumps({"submission": str(self.submission), "keys": keys, "at": self.at}).encode() + b"\n"


class ErasedList:
    """The file of one machine, `NAME` in its data directory; whole lines are only ever added, one process at a time."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, submission: UUID, keys: Sequence[UUID], at: datetime) -> None:
        """Add a line and wait until all of it is on disk. Blocks.

        Raises `ErasedListUnwritable`; the list is as before then, and nothing may be erased.
        """
        failpoints.before("erased.add")
        self._write(Erasure(submission, tuple(keys), instant(at)).line())
        failpoints.after("erased.add")

    def adopt(self, erasures: Iterable[Erasure]) -> None:
        """Add what other lists hold and this one does not, in one piece. Blocks. Raises as `add` does."""
        recorded = set(self)
        if lines := b"".join(erasure.line() for erasure in dict.fromkeys(erasures) if erasure not in recorded):
            self._write(lines)

    def _write(self, lines: bytes) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                _append(descriptor, lines)
            finally:
                os.close(descriptor)
        except OSError as error:
            raise ErasedListUnwritable(file=str(self.path), cause=error.strerror or type(error).__name__) from None

    def __iter__(self) -> Iterator[Erasure]:
        """Every erasure so far; a last line that a crash cut off is left out, since its erasure did not happen.

        Raises `ErasedListUnreadable`, which names file and line.
        """
        try:
            lines = regular_file.opened(self.path)
        except FileNotFoundError:
            return
        with lines:
            for number, line in enumerate(lines, start=1):
                if not line.endswith(b"\n"):
                    return
                try:
                    entry = json.loads(line)
                    erasure = Erasure(UUID(entry["submission"]), tuple(map(UUID, entry["keys"])), str(entry["at"]))
                except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
                    raise ErasedListUnreadable(file=str(self.path), line=number) from None
                yield erasure


def _append(descriptor: int, lines: bytes) -> None:
    """All of it, or none; what a crash cut off before it goes first."""
    size = os.fstat(descriptor).st_size
    end = _whole(descriptor, size)
    if end < size:
        os.ftruncate(descriptor, end)
    try:
        left = lines
        while left:
            left = left[os.write(descriptor, left) :]
        os.fsync(descriptor)
    except OSError:
        with suppress(OSError):
            os.ftruncate(descriptor, end)
        raise


def _whole(descriptor: int, size: int) -> int:
    """Where the last whole line ends."""
    while size:
        start = max(0, size - _BLOCK)
        if end := os.pread(descriptor, size - start, start).rfind(b"\n") + 1:
            return start + end
        size = start
    return 0
