"""The sealed parts of submissions and what a subscriber opened: small ones in one database, large ones as files.

Knows: a part by its submission and its name (`metadata`, `data`, an attachment's id). A new file costs a file system
more than a small part itself, hence the database. Never does: fsync; like the journal it survives its process, not its
machine. Standard: none. Start reading: `Parts`.
"""

from __future__ import annotations

import itertools
import shutil
import sqlite3
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final

from gateway import failpoints

SMALL: Final = 1 << 20
"""Bytes of a part up to which it is small."""
_BUFFER: Final = 1 << 20
_SETUP: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = OFF",
    "CREATE TABLE IF NOT EXISTS part (submission TEXT, name TEXT, content BLOB, PRIMARY KEY (submission, name))",
)


class Arrival:
    """A part that arrives in pieces: in memory while it is small, then in `file`. Closed it is complete."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.small: bytearray | None = bytearray()
        self._large: BinaryIO | None = None

    def write(self, piece: bytes) -> None:
        """Take the next bytes."""
        if self.small is not None and len(self.small) + len(piece) <= SMALL:
            self.small += piece
            return
        if self._large is None:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            self._large = self.file.open("wb", buffering=_BUFFER)
            self._large.write(self.small or b"")
            self.small = None
        self._large.write(piece)

    def close(self) -> None:
        """No more bytes come."""
        if self._large:
            self._large.close()

    def discard(self) -> None:
        """Remove what was not kept; harmless afterwards."""
        if self._large:
            self._large.close()
            self.file.unlink(missing_ok=True)


class Parts:
    """All parts. Written on one thread, read on any."""

    def __init__(self, directory: Path) -> None:
        self._files = directory / "submissions"
        self._arrivals = itertools.count()
        self._database = sqlite3.connect(directory / "parts.sqlite", isolation_level=None, check_same_thread=False)
        for statement in _SETUP:
            self._database.execute(statement)

    def arrival(self, submission_id: str) -> Arrival:
        """Room for a part of a submission."""
        return Arrival(self._files / submission_id / f"{next(self._arrivals)}.part")

    def keep(self, submission_id: str, name: str, arrived: Arrival) -> None:
        """Keep a part that has arrived; it replaces an earlier one of its name."""
        if arrived.small is not None:
            self.put(submission_id, name, arrived.small, commits="sandbox.attachment")
            return
        failpoints.before("sandbox.attachment")
        arrived.file.replace(self._file(submission_id, name))
        self._database.execute("DELETE FROM part WHERE submission = ? AND name = ?", (submission_id, name))
        failpoints.after("sandbox.attachment")

    def put(self, submission_id: str, name: str, content: bytes | bytearray, *, commits: str = "") -> None:
        """Keep a small part. `commits` names the failpoint."""
        failpoints.before(commits)
        self._database.execute("INSERT OR REPLACE INTO part VALUES (?, ?, ?)", (submission_id, name, content))
        failpoints.after(commits)

    def get(self, submission_id: str, name: str) -> bytes | None:
        """A small part."""
        query = "SELECT content FROM part WHERE submission = ? AND name = ?"
        row: tuple[bytes] | None = self._database.execute(query, (submission_id, name)).fetchone()
        return row[0] if row else None

    def open(self, submission_id: str, name: str) -> BinaryIO | None:
        """A part to read, None where it is missing."""
        content = self.get(submission_id, name)
        if content is not None:
            return BytesIO(content)
        try:
            return self._file(submission_id, name).open("rb")
        except FileNotFoundError:
            return None

    def file(self, submission_id: str, name: str) -> Path | None:
        """A part as a file, which a small one becomes now; None where it is missing."""
        file, content = self._file(submission_id, name), self.get(submission_id, name)
        size = file.stat().st_size if file.exists() else None
        if content is None:
            return None if size is None else file
        if size != len(content):  # not written yet, or an earlier part that was large
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        return file

    def erase(self, submission_id: str) -> None:
        """Remove the parts of a submission."""
        self._database.execute("DELETE FROM part WHERE submission = ?", (submission_id,))
        shutil.rmtree(self._files / submission_id, ignore_errors=True)

    def clear(self) -> None:
        """Remove all parts."""
        self._database.execute("DELETE FROM part")
        shutil.rmtree(self._files, ignore_errors=True)

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    def _file(self, submission_id: str, name: str) -> Path:
        return self._files / submission_id / f"{name}.jwe"
