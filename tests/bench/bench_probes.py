"""What 1,000 probes a minute take from portals that hand off meanwhile; one JSON line.

Run: python -m tests.bench.bench_probes [--quick]. One `gateway serve` without worker, the database, a server of pages
and a prober of its own on the same cores; rounds with and without probes take turns, so that both see the same machine,
and the median of the pairs' ratios counts. How much processor a probe takes counts the server of its page too: it is a
task of the prober's process.
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
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from gateway.catalogue import entry_json
from gateway.german_time import german_date
from gateway.settings import reading as settings
from gateway.store.connection.database import numbered
from gateway.wiring.catalogue_probes import open_prober
from gateway.wiring.runtime import open_runtime
from tests.bench.run import ROOT, accepts
from tests.catalogue.entries import entry
from tests.demo_fixture import kept_demo, start, stop

A_MINUTE: Final = 1000
PERIOD_S: Final = 15.0
"""A run has a quarter of a minute's probes, so that a short round sees a whole one."""
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
        held = len(prober.dependencies) + len(await prober.runs.pages(german_date(datetime.now(UTC))))
        for number in range(round(A_MINUTE * PERIOD_S / 60) - held):
            one = entry(municipality=TOWN, service=f"dienst-{number}", url=f"http://127.0.0.1:{port}/{number}")
            row = {"town": TOWN, "service": one.service, "entry": json.dumps(entry_json.as_json(one))}
            await runtime.store.database.run(_ENTRY, now=datetime.now(UTC), **row)
        spread = replace(prober, spread_s=PERIOD_S)  # as the worker spreads a longer one
        rounds = asyncio.Event()
        for number, change in ((signal.SIGUSR1, rounds.set), (signal.SIGUSR2, rounds.clear)):
            asyncio.get_running_loop().add_signal_handler(number, change)
        while True:
            if not rounds.is_set():
                _say(resting=True)
                await rounds.wait()
            began, cpu = time.perf_counter(), time.process_time()
            run = await spread.run()
            good = sum(result.measurement.good for result in run.results) if run else 0
            seconds = time.perf_counter() - began
            _say(good=good, seconds=seconds, cpu_ms=(time.process_time() - cpu) * 1000)
            await asyncio.sleep(max(0.0, PERIOD_S - seconds))


def _say(**line: object) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


class ProberProcess:
    """A process that probes when it is told to, so that it has started once for all rounds."""

    def __init__(self, config: str) -> None:
        command = [sys.executable, "-m", "tests.bench.bench_probes", "--probing", config]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
        self.runs: list[dict[str, Any]] = []
        self._until("resting")

    def probe(self) -> None:
        """Begin; returns after the first whole run."""
        self._process.send_signal(signal.SIGUSR1)
        self._until("good")

    def rest(self) -> None:
        """Returns when the run in progress is over."""
        self._process.send_signal(signal.SIGUSR2)
        self._until("resting")

    def _until(self, word: str) -> None:
        assert self._process.stdout
        for line in map(json.loads, self._process.stdout):
            if "good" in line:
                self.runs.append(line)
            if word in line:
                return
        raise ChildProcessError

    def close(self) -> None:
        """End it."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdout
        self._process.stdout.close()


def measure(*, quick: bool) -> dict[str, Any]:
    """Hand-offs a second with and without probes, and their ratio."""
    rounds, count = (1, 400) if quick else (5, 1500)
    rates: dict[bool, list[float]] = {True: [], False: []}
    load = os.getloadavg()[0]
    with kept_demo(60) as line:
        os.kill(line["pids"]["serve"], signal.SIGTERM)
        while Path(f"/proc/{line['pids']['serve']}").exists():
            time.sleep(0.1)
        process, _ = start("serve", "--config", line["config"], "--no-worker")
        prober = ProberProcess(line["config"])
        try:
            asyncio.run(accepts(line, 200, 8))
            for _ in range(rounds):
                prober.probe()
                rates[True].append(asyncio.run(accepts(line, count, 8))["per_second"])
                prober.rest()
                rates[False].append(asyncio.run(accepts(line, count, 8))["per_second"])
        finally:
            prober.close()
            stop(process)
    shares = [probing / alone for probing, alone in zip(rates[True], rates[False], strict=True)]
    good, cpu_ms = (sum(run[name] for run in prober.runs) for name in ("good", "cpu_ms"))
    return {
        "load_before": round(load, 1),
        "probes_a_minute": A_MINUTE,
        "probes": good,
        "cpu_ms_per_probe": cpu_ms / good,
        "share_of_all_cores": cpu_ms / good * A_MINUTE / 60_000 / (os.cpu_count() or 1),
        "accepts_per_second": {"probing": rates[True], "alone": rates[False]},
        "shares": shares,
        "share": statistics.median(shares),
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
