"""What the status pages cost: the page of a town with 500 services and ninety days of figures, and the index.

Run: python -m tests.bench.bench_status [--quick]. Prints one JSON object a line, times in milliseconds. Readers ask by
HTTP, four of them, five times a second each; every few seconds one of them waits for a page that is made anew.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import structlog

from gateway.catalogue import entry_json
from gateway.catalogue.publication.look import Publication
from gateway.store.catalogue.land_counts import StoredLandCounts
from gateway.store.catalogue.probes import StoredProbes
from gateway.store.catalogue.statuses import StoredStatuses
from gateway.store.connection.database import Database, numbered
from gateway.store.migrations import migrate
from gateway.store.server import embedded
from gateway.web.app import create_app
from gateway.web.status.documents import RenderedDocuments
from gateway.web.status.published import StatusDependencies
from tests.catalogue.entries import ARS, entry
from tests.catalogue.publication.offers import NAME
from tests.stores import SystemClock
from tests.web.conftest import build
from tests.web.test_over_the_wire import served

SERVICES, READERS, EVERY_S, GOAL_MS = 500, 4, 0.2, 50
PAGES = {
    "town with 500 services": f"/status/{ARS}",
    "index": "/status",
    "floor: an answer that is ready (discovery)": "/.well-known/openid-configuration",
}
ENTRIES = numbered(
    "INSERT INTO catalogue_revisions SELECT %(town)s, service, 1, true, state, 'x', now(), 'files' FROM ROWS FROM "
    "(jsonb_to_recordset(%(entries)s::text::jsonb) AS (service TEXT, state JSONB)) AS one"
)
DAYS = numbered(
    "INSERT INTO probe_days SELECT %(town)s, day, 'dienst-' || no, 288 - no %% 2, no %% 2 FROM "
    "generate_series(0, %(services)s::int - 1) AS no, "
    "generate_series(now() - interval '90 days', now(), interval '1 day') AS day"
)
STANDING = numbered(
    "INSERT INTO probe_standing SELECT %(town)s, 'dienst-' || no, no %% 9 > 0, now(), 0, 1, NULL, now() "
    "FROM generate_series(0, %(services)s::int - 1) AS no"
)


@asynccontextmanager
async def database() -> AsyncIterator[Database]:
    """A server of its own with the town's rows."""
    directory = Path(tempfile.mkdtemp(prefix="bench-status-"))
    try:
        dsn = embedded.start(directory).dsn
        await asyncio.to_thread(migrate, dsn)
        held = await Database.open(dsn, size=4)
        try:
            await held.run(ENTRIES, town=ARS, entries=json.dumps(_entries()))
            await held.run(DAYS, town=ARS, services=SERVICES)
            await held.run(STANDING, town=ARS, services=SERVICES)
            yield held
        finally:
            await held.close()
    finally:
        embedded.stop(directory)
        shutil.rmtree(directory, ignore_errors=True)


def _entries() -> list[dict[str, Any]]:
    titles = [{"de": f"Dienst Nummer {no}", "en": f"Service number {no}"} for no in range(SERVICES)]
    made = [entry(service=f"dienst-{no}", titles=title) for no, title in enumerate(titles)]
    return [{"service": each.service, "state": entry_json.as_json(each)} for each in made]


async def reader(client: httpx.AsyncClient, path: str, until: float, took: list[float]) -> int:
    """Ask again and again; how many bytes the last answer had."""
    size = 0
    while time.perf_counter() < until:
        began = time.perf_counter()
        answer = await client.get(path)
        took.append((time.perf_counter() - began) * 1000)
        assert answer.status_code == 200
        size = len(answer.content)
        await asyncio.sleep(EVERY_S)
    return size


async def measure(*, quick: bool) -> list[dict[str, Any]]:
    """Every figure, one after another."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    figures = []
    gc.collect()
    gc.freeze()  # as a process of the gateway does once it has started
    async with database() as rows:
        probes = StoredProbes(rows)
        of_all = Publication({ARS: NAME}, StoredStatuses(rows), probes, StoredLandCounts(rows), SystemClock())
        status = StatusDependencies(of_all, None, RenderedDocuments(SystemClock()))  # type: ignore[arg-type]
        app = create_app(replace(build().parts, status=status))
        async with served(SimpleNamespace(app=app)) as port, httpx.AsyncClient(timeout=60) as client:
            for name, path in PAGES.items():
                address, took = f"http://127.0.0.1:{port}{path}", list[float]()
                began, spent = time.perf_counter(), time.process_time()
                await client.get(address)
                first, spent = (time.perf_counter() - began) * 1000, (time.process_time() - spent) * 1000
                until = time.perf_counter() + (4 if quick else 20)
                sizes = await asyncio.gather(*(reader(client, address, until, took) for _ in range(READERS)))
                took.sort()
                figures.append(
                    {
                        "page": name,
                        "first_ms": round(first, 1),
                        "first_processor_ms": round(spent, 1),
                        "p50_ms": round(took[len(took) // 2], 1),
                        "p95_ms": round(took[int(len(took) * 0.95)], 1),
                        "slowest_ms": round(took[-1], 1),
                        "goal_p95_ms": GOAL_MS,
                        "load": round(os.getloadavg()[0], 1),
                        "answers": len(took),
                        "bytes": sizes[0],
                    }
                )
    return figures


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    for figure in asyncio.run(measure(quick=parser.parse_args().quick)):
        sys.stdout.write(json.dumps(figure) + "\n")


if __name__ == "__main__":
    main()
