"""The list of what was erased, a file kept apart from database and backup.

Knows: one line of JSON for each erasure: data keys and submission, and when; no personal data. Never does: erase.
Standard: architecture §5 (no restore brings a person back). Start reading: `ErasedList`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from uuid import UUID

from gateway import failpoints
from gateway.model import instant

NAME = "erased.jsonl"


@dataclass(frozen=True, slots=True)
class Erasure:
    """One submission whose keys must not come back."""

    submission: UUID
    keys: tuple[UUID, ...]


class ErasedList:
    """The file in the gateway's data directory; lines are only ever added."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / NAME

    def add(self, submission: UUID, keys: Sequence[UUID], at: datetime) -> None:
        """Add a line and wait until it is on disk. Blocks."""
        line = json.dumps({"submission": str(submission), "keys": [str(key) for key in keys], "at": instant(at)})
        failpoints.before("erased.add")
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(descriptor, line.encode() + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        failpoints.after("erased.add")

    def __iter__(self) -> Iterator[Erasure]:
        """Every erasure so far; a last line that a crash cut off is left out, since its erasure did not happen."""
        if not self._path.exists():
            return
        with self._path.open(encoding="utf-8") as lines:
            for line in lines:
                if line.endswith("\n"):
                    found = json.loads(line)
                    yield Erasure(UUID(found["submission"]), tuple(UUID(key) for key in found["keys"]))
