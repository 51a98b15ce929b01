"""What the machine has left: disk, memory; read from the kernel, cheap enough for every few seconds.

Knows: statvfs, `/proc/meminfo`, control groups version 2. Never does: judge (`admission` does).
Standard: Linux, cgroup v2 (memory controller). Start reading: `disk_free`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

MEMINFO: Final = Path("/proc/meminfo")
CGROUP: Final = Path("/sys/fs/cgroup")


def disk_free(path: Path) -> int | None:
    """Bytes that an ordinary user may still write at `path`; None where there is no such path."""
    try:
        volume = os.statvfs(path)
    except OSError:
        return None
    return volume.f_bavail * volume.f_frsize


def memory_free(meminfo: Path = MEMINFO, cgroup: Path = CGROUP) -> int | None:
    """Bytes of memory that can be had without swapping: of the machine, or of the container where that is less."""
    limits = [limit for limit in (_machine(meminfo), _container(cgroup)) if limit is not None]
    return min(limits) if limits else None


def _machine(meminfo: Path) -> int | None:
    for line in _text(meminfo).splitlines():
        name, _, amount = line.partition(":")
        if name == "MemAvailable":
            return int(amount.split()[0]) * 1024
    return None


def _container(cgroup: Path) -> int | None:
    most, now = _text(cgroup / "memory.max").strip(), _text(cgroup / "memory.current").strip()
    if not (most.isdigit() and now.isdigit()):
        return None  # no control group, or one without a limit
    statistics = dict(line.split() for line in _text(cgroup / "memory.stat").splitlines() if line.count(" ") == 1)
    reclaimable = int(statistics.get("inactive_file", "0"))
    return max(int(most) - int(now) + reclaimable, 0)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
