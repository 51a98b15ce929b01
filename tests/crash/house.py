"""A kept demo whose processes are killed: who they are just now, and how they come back."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any

from tests.demo_fixture import start, stop

SERVE, WORKER, DATABASE = "serve", "worker", "database"


def children(pid: int) -> list[int]:
    """The living children of a process."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = stat.read_text().rsplit(")", 1)[1].split()[:2]
            if int(parent) == pid and state != "Z":
                found.append(int(stat.parent.name))
    return found


def alive(pid: int) -> bool:
    """Whether the process runs; a zombie does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


class Household:
    """`gateway serve` with its worker and its database, found anew for each blow."""

    def __init__(self, line: dict[str, Any]) -> None:
        self.config = line["config"]
        self._postmaster = Path(line["config"]).parent / "data" / "postgres" / "data" / "postmaster.pid"
        self._serve: int = line["pids"]["serve"]
        self._processes: list[subprocess.Popen[bytes]] = []
        self._over = threading.Event()
        self._keeper = threading.Thread(target=self._keep)

    def pid(self, who: str) -> int | None:
        """The process id of one of them, None where it is dead just now."""
        if who == SERVE:
            return self._serve if alive(self._serve) else None
        if who == DATABASE:
            with contextlib.suppress(OSError, ValueError, IndexError):
                pid = int(self._postmaster.read_text().splitlines()[0])
                return pid if alive(pid) else None
            return None
        return next((pid for pid in children(self._serve) if b"worker" in _command(pid)), None)

    def kill(self, who: str) -> bool:
        """SIGKILL; whether somebody was there to be hit."""
        pid = self.pid(who)
        with contextlib.suppress(ProcessLookupError):
            if pid is not None:
                os.kill(pid, signal.SIGKILL)
                return True
        return False

    def restart(self) -> None:
        """Start `gateway serve` again, which was killed; back once it answers."""
        for process in self._processes:
            process.poll()
        process, line = start("serve", "--config", self.config)
        self._processes.append(process)
        self._serve = line["pids"]["serve"]

    def watch(self) -> None:
        """Start again whoever died, as a supervisor would, until `close`."""
        self._keeper.start()

    def _keep(self) -> None:
        while not self._over.wait(0.05):
            with contextlib.suppress(AssertionError):  # it died while starting: once more
                self.revive()

    def revive(self) -> None:
        """Start what is dead just now."""
        if not alive(self._serve):
            self.restart()

    def close(self) -> None:
        """End what was started here."""
        self._over.set()
        if self._keeper.is_alive():
            self._keeper.join(150)
        for process in self._processes:
            stop(process)


def _command(pid: int) -> bytes:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    return b""
