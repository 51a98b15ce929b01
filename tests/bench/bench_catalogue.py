"""A full export of a Land: objects a second, validated and accepted, and memory above the start; one JSON object.

Run: python -m tests.bench.bench_catalogue [--quick]. 219 towns with 1,000 services each, and a tenth of the towns, in
an embedded PostgreSQL; each export is made by a process of its own whose memory is looked at (the database is another).
Memory goes with the services of one unit, which is one object. Quickly: few towns with few services.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from gateway.catalogue import entry_json
from gateway.store.connection.database import Database
from gateway.store.migrations import migrate
from gateway.store.server import embedded
from tests.catalogue.entries import entry
from tests.catalogue.exporting import exporter

SIZES, QUICK = ((22, 1000), (219, 1000)), ((2, 100), (20, 100))
"""Towns, and services of each."""
AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
EMPTY = (
    "DELETE FROM catalogue_files; DELETE FROM catalogue_exports; DELETE FROM catalogue_delivered;"
    "DELETE FROM catalogue_objects; DELETE FROM catalogue_revisions"
)
FILL = """
INSERT INTO catalogue_revisions
SELECT town, service, 1, true, %(entry)s::text::jsonb || jsonb_build_object('municipality', town, 'service', service),
    encode(sha256(convert_to(town || service, 'UTF8')), 'hex'), %(at)s, 'files'
FROM unnest(%(towns)s::text[]) AS town, generate_series(1, %(number)s) AS n, concat('dienst-', n) AS service
"""


def towns(number: int) -> list[str]:
    return [f"15{each:010d}" for each in range(number)]


def memory_mb(name: str) -> float:
    """A line of this process's status: `VmRSS` now, `VmHWM` at most."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith(f"{name}:"))


def memory_at_start_mb() -> float:
    """What this process holds now; the highest so far is forgotten."""
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    return memory_mb("VmRSS")


async def export(dsn: str, number: int) -> dict[str, Any]:
    """One export in this process."""
    database = await Database.open(dsn, size=2)
    made = exporter(database, towns=towns(number))
    start = memory_at_start_mb()
    began, spent = time.perf_counter(), time.process_time()
    done = await made.make(AT)
    seconds, spent = time.perf_counter() - began, time.process_time() - spent
    await database.close()
    objects = sum(done.accepted.objects.values())
    return {
        "objects": objects,
        "files": done.accepted.files,
        "seconds": round(seconds, 1),
        "objects_per_second": round(objects / seconds),
        "objects_per_processor_second": round(objects / spent),
        "memory_above_start_mb": round(memory_mb("VmHWM") - start, 1),
    }


def measure(sizes: tuple[tuple[int, int], ...]) -> dict[str, Any]:
    """Each size in the same database, one after another."""
    directory = Path(tempfile.mkdtemp(prefix="ozg-bench-"))
    figures = {}
    try:
        dsn = embedded.start(directory).dsn
        migrate(dsn)
        for number, services in sizes:
            with psycopg.connect(dsn, autocommit=True) as connection:
                for statement in EMPTY.split(";"):
                    connection.execute(statement)
                facts = json.dumps(entry_json.as_json(entry()))
                values = {"entry": facts, "at": AT, "towns": towns(number), "number": services}
                connection.execute(FILL, values)
                connection.execute("VACUUM ANALYZE")
            command = [sys.executable, "-m", "tests.bench.bench_catalogue", "--export", dsn, "--towns", str(number)]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            figures[f"{number * services} entries"] = json.loads(done.stdout)
    finally:
        embedded.stop(directory)
        shutil.rmtree(directory, ignore_errors=True)
    return {
        "load_before": round(os.getloadavg()[0], 2),
        **figures,
        "goal_objects_per_second": 2000,
        "goal_memory_above_start_mb": 64,
    }


def main() -> None:
    """Measure, or be the process that is measured."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--export", help="connection string of a database to export from")
    parser.add_argument("--towns", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.export:
        figures = asyncio.run(export(arguments.export, arguments.towns))
    else:
        figures = measure(QUICK if arguments.quick else SIZES)
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
