"""`make soak`: one portal hands off at a steady pace; how much memory each process holds, minute by minute.

Run: python -m tests.bench.soak [--minutes 30] [--pace 2] (applications a second). Prints one JSON object; with --write
also it writes docs/reference/soak.md. Memory is the proportional set size (shared pages counted once), in MB.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench.run import PAGE, family, wait_idle
from tests.crash.load import Load
from tests.demo_fixture import kept_demo

SAMPLE_S = 5.0
WARM_S = 180.0  # caches fill and pools open in the first minutes
GOAL_MB = 20.0
"""Growth of serve and worker together over the time after warming up."""


def held(pids: list[int]) -> float:
    """MB that some processes hold."""
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:  # a connection of the database that was closed meanwhile
            continue
        total += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def soak(minutes: float, pace: float) -> dict[str, Any]:
    """Hand off for so long; what each process held over the time."""
    with kept_demo(60) as line:
        parts = {"serve": line["pids"]["serve"], "worker": line["pids"]["worker"], "database": line["pids"]["postgres"]}
        load = Load(line, portals=1, breath_s=1 / pace)
        began, samples = time.monotonic(), []
        while (at := time.monotonic() - began) < minutes * 60:
            now = {name: held(family(pid) if name == "database" else [pid]) for name, pid in parts.items()}
            samples.append((at, now))
            time.sleep(SAMPLE_S)
        load.stop()
        wait_idle(line, len(load.taken))
    assert load.faults == []
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "minutes": round(minutes, 1),
        "submissions": len(load.taken),
        "parts": {name: figures([(at, now[name]) for at, now in samples]) for name in parts},
        "goal_growth_mb": GOAL_MB,
    }


def figures(samples: list[tuple[float, float]]) -> dict[str, float]:
    """Medians of the first and the last fifth after warming up, the growth between, and the peak."""
    warm = [mb for at, mb in samples if at >= min(WARM_S, samples[-1][0] / 3)]
    fifth = max(1, len(warm) // 5)
    early, late = statistics.median(warm[:fifth]), statistics.median(warm[-fifth:])
    return {
        "early_mb": round(early, 1),
        "late_mb": round(late, 1),
        "growth_mb": round(late - early, 1),
        "peak_mb": round(max(mb for _, mb in samples), 1),
    }


def page(result: dict[str, Any]) -> str:
    """The page for people."""
    rows = "\n".join(
        f"| {name} | {it['early_mb']} | {it['late_mb']} | {it['growth_mb']:+} | {it['peak_mb']} |"
        for name, it in result["parts"].items()
    )
    return f"""# Memory over a soak

Written by `make soak` on {result["at"]} ({result["machine"]}): {result["submissions"]:,} applications in \
{result["minutes"]} minutes, each with an attachment and delivered.
MB held (proportional set size); the medians of the first and the last fifth of the time after warming up. Goal: serve
and worker together grow by no more than {result["goal_growth_mb"]:.0f} MB.

| Process | Early | Late | Growth | Peak |
|---|---|---|---|---|
{rows}
"""


def main() -> None:
    """Soak, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--pace", type=float, default=2)
    parser.add_argument("--write", action="store_true", help="docs/reference/soak.md")
    given = parser.parse_args()
    result = soak(given.minutes, given.pace)
    sys.stdout.write(json.dumps(result) + "\n")
    if given.write:
        (PAGE / "soak.md").write_text(page(result), encoding="utf-8")


if __name__ == "__main__":
    main()
