"""What the long run found, as the page docs/reference/reliability.md. Written only where all of it held."""

from __future__ import annotations

import os
import platform
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference" / "reliability.md"


@dataclass(frozen=True, slots=True)
class Run:
    """A run of random kills that broke nothing. `seconds` is the time of all of it."""

    seed: int
    hit: Counter[str]
    taken: int
    changes: int
    told: int
    seconds: float


def write(run: Run) -> None:
    """Write the page, where `RELIABILITY` asks for it: a short run does not overwrite a long one."""
    if os.environ.get("RELIABILITY"):
        PAGE.write_text(page(run), encoding="utf-8")


def page(run: Run) -> str:
    """The page."""
    hit = "".join(f"| {who} killed | {run.hit[who]:,} |\n" for who in sorted(run.hit))
    return f"""<!-- written by `make crash-long`; do not edit -->

# Reliability

Processes are killed with SIGKILL at random moments while portals hand off; the sandbox counts what arrived.
Written on {datetime.now(UTC):%Y-%m-%d} ({platform.machine()}, \
{os.cpu_count()} cores, Python {platform.python_version()}).
Repeat it: `make crash-long SEED={run.seed} KILLS={run.hit.total()}` (the seed draws who is hit and when; what a \
process was doing just then is chance).

| What | Number |
|---|---|
| Processes killed | {run.hit.total():,} |
{hit}| Applications taken (201) | {run.taken:,} |
| Accepted, delivered exactly once | {run.taken:,} |
| Lost, doubled, or stuck | 0 |
| Evidence archives made and verified | {run.taken:,} |
| Changes in the feed, each read once by a reader who never stopped | {run.changes:,} |
| Webhook messages received (at least one for each change) | {run.told:,} |
| Blobs, keys and jobs of nobody after the sweep | 0 |
| Minutes | {run.seconds / 60:.0f} |

What is looked at is in `tests/crash/invariant.py`; that each single commit and call may be the last one is shown by
`tests/crash/test_failpoints.py`, one kill at each point of [failpoints](failpoints.md).
"""
