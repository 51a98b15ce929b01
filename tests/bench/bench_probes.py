"""What 1,000 probes a minute take from portals that hand off meanwhile; one JSON line.

Run: python -m tests.bench.bench_probes [--quick]. One `gateway serve` without worker, the database, a server of pages
and a prober of its own on the same cores; rounds with and without probes take turns, so that both see the same machine.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from gateway.catalogue import entry_json
from gateway.settings import reading as settings
from gateway.store.connection.database import numbered
from gateway.wiring.catalogue_probes import open_prober
from gateway.wiring.runtime import open_runtime
from tests.bench.run import ROOT, accepts
from tests.catalogue.entries import entry
from tests.demo_fixture import kept_demo, start, stop

A_MINUTE: Final = 1000
PERIOD_S: Final = 6.0
"""A run has a tenth of a minute's probes, so that a short round sees several."""
TOWN: Final = "150900550550"
PAGE: Final = (
    b"<html><h1>Hausnummer beantragen</h1>"
    + b"<p>Das Amt teilt mit, welche Unterlagen noetig sind.</p>" * 300
    + b"</html>"
)
_ENTRY: Final = numbered(
    "INSERT INTO catalogue_revisions (municipality, service, number, latest, entry, digest, changed_at, changed_by) "
    "VALUES (%(town)s, %(service)s, 1, true, %(entry)s::text::jsonb, 'd', %(now)s, 'files') ON CONFLICT DO NOTHING"
)


async def _page(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\nContent-Length: {len(PAGE)}\r\n\r\n"
        writer.write(head.encode("ascii") + PAGE)
        await writer.drain()
    writer.close()


async def _probing(config: Path) -> None:
    """Probe at that rate until killed; one line on standard output for each run."""
    server = await asyncio.start_server(_page, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    values = settings.read(config)
    async with open_runtime(values) as runtime, open_prober(runtime) as prober:
        for number in range(round(A_MINUTE * PERIOD_S / 60)):
            one = entry(municipality=TOWN, service=f"dienst-{number}", url=f"http://127.0.0.1:{port}/{number}")
            row = {"town": TOWN, "service": one.service, "entry": json.dumps(entry_json.as_json(one))}
            await runtime.store.database.run(_ENTRY, now=datetime.now(UTC), **row)
        while True:
            began, cpu = time.perf_counter(), time.process_time()
            run = await prober.run()
            good = sum(result.measurement.good for result in run.results) if run else 0
            seconds = time.perf_counter() - began
            sys.stdout.write(
                json.dumps({"good": good, "seconds": seconds, "cpu_ms": (time.process_time() - cpu) * 1000}) + "\n"
            )
            sys.stdout.flush()
            await asyncio.sleep(max(0.0, PERIOD_S - seconds))


@contextlib.contextmanager
def _prober(config: str) -> Iterator[subprocess.Popen[str]]:
    """A process that probes and can be halted: it lives on between the rounds."""
    command = [sys.executable, "-m", "tests.bench.bench_probes", "--probing", config]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        assert process.stdout
        process.stdout.close()


def measure(*, quick: bool) -> dict[str, Any]:
    """Hand-offs a second with and without probes, and their ratio."""
    rounds, count = (1, 400) if quick else (4, 1500)
    rates: dict[bool, list[float]] = {True: [], False: []}
    with kept_demo(60) as line:
        os.kill(line["pids"]["serve"], signal.SIGTERM)
        while Path(f"/proc/{line['pids']['serve']}").exists():
            time.sleep(0.1)
        process, _ = start("serve", "--config", line["config"], "--no-worker")
        try:
            asyncio.run(accepts(line, 50, 8))
            with _prober(line["config"]) as prober:
                assert prober.stdout
                prober.stdout.readline()  # the first run connects
                run = json.loads(prober.stdout.readline())
                for number in range(2 * rounds):
                    probing = number % 2 == 0
                    prober.send_signal(signal.SIGCONT if probing else signal.SIGSTOP)
                    rates[probing].append(asyncio.run(accepts(line, count, 8))["per_second"])
                prober.send_signal(signal.SIGCONT)
        finally:
            stop(process)
    share = statistics.median(rates[True]) / statistics.median(rates[False])
    return {
        "probes_a_minute": A_MINUTE,
        "run": run,
        "accepts_per_second": {"probing": rates[True], "alone": rates[False]},
        "share": share,
        "goal": 0.95,
    }


def main() -> None:
    """Measure, or be the process that probes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--probing", type=Path)
    arguments = parser.parse_args()
    if arguments.probing is not None:
        asyncio.run(_probing(arguments.probing))
    else:
        sys.stdout.write(json.dumps(measure(quick=arguments.quick)) + "\n")


if __name__ == "__main__":
    main()
