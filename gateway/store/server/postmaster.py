"""What `postmaster.pid` says, and whether to believe it.

Knows: the lock file of a PostgreSQL cluster and the process it names. Never does: start or stop anything.
Standard: PostgreSQL 18, `src/include/utils/pidfile.h`. Start reading: `read`.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

LARGEST_PID: Final = (1 << 31) - 1


@dataclass(frozen=True, slots=True)
class Postmaster:
    """A lock file's content. `ready` is PostgreSQL's own word that connections are taken."""

    pid: int
    data: Path
    socket_directory: str
    ready: bool

    @property
    def alive(self) -> bool:
        """Whether the process lives and is the postmaster of this cluster, not a stranger with a used number."""
        return _is_alive(self.pid) and _works_in(self.pid, self.data)


def read(data: Path) -> Postmaster | None:
    """The lock file of the cluster in `data`; None where there is none, it is being written or it is damaged."""
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        pid = int(lines[0])
    except (OSError, ValueError, IndexError):
        return None
    if not 0 < pid <= LARGEST_PID:  # to the kernel 0 and less are groups of processes, others too
        return None
    lines += [""] * 8
    return Postmaster(pid=pid, data=data, socket_directory=lines[4].strip(), ready=lines[7].strip() == "ready")


def bury(data: Path, dead: Postmaster | None) -> None:
    """Make a stale lock file look stale to PostgreSQL too, where its number is a zombie's or a stranger's.

    The line of the shared memory stays, so that PostgreSQL still refuses while old backends are attached to it: only
    the number is replaced, by that of a process which PostgreSQL knows not to be a postmaster, the one that starts it.
    """
    if dead is None or not _exists(dead.pid):
        return
    for path in (data / "postmaster.pid", Path(dead.socket_directory, ".s.PGSQL.5432.lock")):
        with suppress(OSError, ValueError):
            lines = path.read_text().splitlines(keepends=True)
            path.write_text("".join([f"{os.getpid()}\n", *lines[1:]]))


def gone(postmaster: Postmaster, seconds: float) -> bool:
    """Whether the process ends within so many seconds."""
    deadline = time.monotonic() + seconds
    while postmaster.alive:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    buried = time.monotonic() + 2.0  # a moment for whoever inherited it to bury it
    while _exists(postmaster.pid) and time.monotonic() < buried:
        time.sleep(0.01)
    return True


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _is_alive(pid: int) -> bool:
    """Whether the process exists and is no zombie (a container's first process may never bury its children)."""
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)
    if not _exists(pid):
        return False
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return not Path("/proc/self").exists()


def _works_in(pid: int, data: Path) -> bool:
    """Whether the process has `data` as its working directory, as every postmaster has."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink() == data.resolve()
    except PermissionError:
        return False
    except OSError:
        return not Path("/proc/self").exists()
