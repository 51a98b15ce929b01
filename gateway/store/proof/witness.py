"""Protection against rollback: the newest root is noted outside the database, where cutting off roots does not reach.

Knows: the file, one line of JSON for each time that a person (or a restore) took fewer roots as right. Never does:
judge roots (`gateway/evidence/judge.py`), keep more than the newest one. Standard: ADR 8.
Start reading: `WitnessFile`.

Each machine has its own, in its data directory; it names the newest root that this machine has seen and judged.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import structlog

from gateway.errors import EvidenceWitnessUnreadable
from gateway.evidence.roots import NOTHING, Newest
from gateway.input import whole_file
from gateway.model import instant

NAME: Final = "evidence.witness"

log = structlog.get_logger()


class WitnessFile:
    """The file at `path`; where there is none yet, nothing is known."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Newest:
        """The newest root known. Raises `EvidenceWitnessUnreadable`: damaged is not the same as never written."""
        content = self._content()
        return Newest(content["no"], content["sha256"])

    def note(self, newest: Newest) -> None:
        """Remember a judged root; an older one than known is not."""
        with self._alone():
            content = self._content()
            if newest.no <= content["no"]:
                return
            self._write({**content, "no": newest.no, "sha256": newest.digest})
        log.info("evidence.newest_root", no=newest.no, sha256=newest.digest)

    def accept(self, newest: Newest, why: str, now: datetime) -> None:
        """Take the database's newest root as right, whatever was known; `why` and what was known stay in the file."""
        with self._alone():
            content = self._content()
            before = {"no": content["no"], "sha256": content["sha256"]}
            entry = {"at": instant(now), "why": why, "before": before}
            self._write({"no": newest.no, "sha256": newest.digest, "accepted": [*content["accepted"], entry]})
        log.warning("evidence.roots_accepted", no=newest.no, sha256=newest.digest, before=content["no"])

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Nobody else on this machine changes the file meanwhile."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            lock = os.open(self.path.with_name(f"{self.path.name}.lock"), os.O_WRONLY | os.O_CREAT, 0o600)
        except OSError:
            raise EvidenceWitnessUnreadable(file=str(self.path)) from None
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    def _content(self) -> dict[str, Any]:
        try:
            content = json.loads(self.path.read_text(encoding="utf-8"))
            return {"no": int(content["no"]), "sha256": str(content["sha256"]), "accepted": list(content["accepted"])}
        except FileNotFoundError:
            return {"no": NOTHING.no, "sha256": NOTHING.digest, "accepted": []}
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            raise EvidenceWitnessUnreadable(file=str(self.path)) from None

    def _write(self, content: dict[str, Any]) -> None:
        """Whole or not at all; a file that cannot be written is told, and the next root tries again."""
        try:
            with whole_file.opened(self.path, 0o600) as file:
                file.write(json.dumps(content).encode() + b"\n")
        except OSError:
            raise EvidenceWitnessUnreadable(file=str(self.path)) from None
