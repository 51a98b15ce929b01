"""The sealed parts of submissions and what a subscriber opened: small ones in one file, large ones as files.

Knows: a part by its submission and its name (`metadata`, `data`, an attachment's id). A new file costs a file system
more than a small part itself, hence the one file, to which every part is appended: a line of JSON that tells whose it
is and how long, then its bytes. The last word on a part counts, a torn end is cut off. Where more than half of the file
is of no use any more, it is written anew. Never does: fsync; like the
journal it survives its process, not its machine. Standard: none. Start reading: `StoredParts`.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import threading
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

from gateway import failpoints

SMALL: Final = 1 << 20
"""Bytes of a part up to which it is small."""
WASTE: Final = 4 << 20
"""Bytes that nobody needs any more, from which the file is written anew, as soon as they are more than those in use."""
_BUFFER: Final = 1 << 20
_HEAD: Final = 1 << 10


class _Place(NamedTuple):
    offset: int
    size: int
    whole: int  # with the line before it


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


class StoredParts:
    """All parts. Written and read on any thread."""

    def __init__(self, directory: Path) -> None:
        self._files = directory / "submissions"
        self._arrivals = itertools.count()
        self._path = directory / "parts"
        self._lock = threading.Lock()
        self._places: dict[str, dict[str, _Place]] = {}
        self._end = 0
        self._live = 0
        self._file = self._opened(self._path)
        self._load()
        with self._lock:
            self._compact()

    def arrival(self, submission_id: str) -> Arrival:
        """Room for a part of a submission."""
        return Arrival(self._files / submission_id / f"{next(self._arrivals)}.part")

    def keep(self, submission_id: str, name: str, arrived: Arrival) -> None:
        """Keep a part that has arrived; it replaces an earlier one of its name."""
        if arrived.small is not None:
            self.put(submission_id, name, arrived.small, commits="sandbox.attachment")
            return
        failpoints.before("sandbox.attachment")
        arrived.file.replace(self._large(submission_id, name))
        if self.get(submission_id, name) is not None:
            self._append({"submission": submission_id, "name": name, "gone": True})
        failpoints.after("sandbox.attachment")

    def put(self, submission_id: str, name: str, content: bytes | bytearray, *, commits: str = "") -> None:
        """Keep a small part. `commits` names the failpoint."""
        failpoints.before(commits)
        self._append({"submission": submission_id, "name": name, "size": len(content)}, content)
        failpoints.after(commits)

    def get(self, submission_id: str, name: str) -> bytes | None:
        """A small part."""
        with self._lock:  # also while reading: the file is another one after it was written anew
            slot = self._places.get(submission_id, {}).get(name)
            return None if slot is None else os.pread(self._file, slot.size, slot.offset)

    def size(self, submission_id: str, name: str) -> int:
        """Bytes of a small part, 0 where it is missing."""
        with self._lock:
            slot = self._places.get(submission_id, {}).get(name)
        return slot.size if slot else 0

    def submissions(self) -> set[str]:
        """Whose parts lie here."""
        with self._lock:
            small = set(self._places)
        return small | ({entry.name for entry in self._files.iterdir()} if self._files.is_dir() else set())

    def open(self, submission_id: str, name: str) -> BinaryIO | None:
        """A part to read, None where it is missing."""
        content = self.get(submission_id, name)
        if content is not None:
            return BytesIO(content)
        try:
            return self._large(submission_id, name).open("rb")
        except FileNotFoundError:
            return None

    def file(self, submission_id: str, name: str) -> Path | None:
        """A part as a file, which a small one becomes now; None where it is missing."""
        file, content = self._large(submission_id, name), self.get(submission_id, name)
        size = file.stat().st_size if file.exists() else None
        if content is None:
            return None if size is None else file
        if size != len(content):  # not written yet, or an earlier part that was large
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        return file

    def erase(self, submission_id: str, *, keep: str = "") -> None:
        """Remove the parts of a submission, but for the small one named `keep`."""
        with self._lock:
            names = set(self._places.get(submission_id, ()))
        if keep in names:
            for name in sorted(names - {keep}):
                self._append({"submission": submission_id, "name": name, "gone": True})
        elif names:
            self._append({"submission": submission_id, "gone": True})
        shutil.rmtree(self._files / submission_id, ignore_errors=True)

    def clear(self) -> None:
        """Remove all parts."""
        with self._lock:
            self._places.clear()
            os.ftruncate(self._file, 0)
            self._end = self._live = 0
        shutil.rmtree(self._files, ignore_errors=True)

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    @staticmethod
    def _opened(path: Path) -> int:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)

    def _append(self, entry: dict[str, Any], content: bytes | bytearray = b"") -> None:
        with self._lock:
            self._write(entry, content)
            self._compact()

    def _write(self, entry: dict[str, Any], content: bytes | bytearray) -> None:
        line = json.dumps(entry).encode() + b"\n"
        written = os.writev(self._file, (line, content))
        if written != len(line) + len(content):
            os.ftruncate(self._file, self._end)
            raise OSError("the disk of the sandbox is full")
        self._noted(entry, len(line))
        self._end += written

    def _noted(self, entry: dict[str, Any], head: int) -> None:
        parts = self._places.setdefault(entry["submission"], {})
        names = [entry["name"]] if "name" in entry else list(parts)
        self._live -= sum(parts.pop(name).whole for name in names if name in parts)
        if not entry.get("gone"):
            size = entry["size"]
            parts[entry["name"]] = _Place(self._end + head, size, head + size)
            self._live += head + size
        elif not parts:
            del self._places[entry["submission"]]

    def _load(self) -> None:
        size = os.fstat(self._file).st_size
        with suppress(ValueError, KeyError, TypeError):  # a torn line is the end
            while self._end < size:
                line = os.pread(self._file, _HEAD, self._end).partition(b"\n")[0]
                entry, head = json.loads(line), len(line) + 1
                after = self._end + head + entry.get("size", 0)
                if after > size:
                    break
                self._noted(entry, head)
                self._end = after
        os.ftruncate(self._file, self._end)

    def _compact(self) -> None:
        """Write the file anew where more than half of it is waste; each byte is copied once for one that goes."""
        if self._end - self._live <= max(WASTE, self._live):
            return
        before = self._file, self._places, self._end, self._live
        fresh = self._path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        self._file, self._places, self._end, self._live = self._opened(fresh), {}, 0, 0
        try:
            for submission_id, parts in before[1].items():
                for name, slot in parts.items():
                    content = os.pread(before[0], slot.size, slot.offset)
                    self._write({"submission": submission_id, "name": name, "size": slot.size}, content)
            fresh.replace(self._path)
        except OSError:  # no room for a second file: the first one stays as it is
            os.close(self._file)
            self._file, self._places, self._end, self._live = before
            fresh.unlink(missing_ok=True)
        else:
            os.close(before[0])

    def _large(self, submission_id: str, name: str) -> Path:
        return self._files / submission_id / f"{name}.jwe"
