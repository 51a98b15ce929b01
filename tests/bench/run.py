"""`make bench`: measures everything, writes docs/reference/benchmarks.json and benchmarks.md. `--quick` only prints.

Every figure that is a goal is a ratio against a peer or a floor measured in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from tests.bench.bench_documents import documents, of_another
from tests.bench.bench_forms import forms
from tests.bench.bench_login_responses import login_responses
from tests.demo_fixture import Portal, http, kept_demo, start, stop

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "reference"
TICKS = os.sysconf("SC_CLK_TCK")


def signatures_per_second(seconds: float) -> float:
    """PS512 signatures with RSA-4096 that one core makes in a second: the floor for everything end to end."""
    key = rsa.generate_private_key(65537, 4096)
    pss, made = padding.PSS(padding.MGF1(hashes.SHA512()), 64), 0
    key.sign(b"x", pss, hashes.SHA512())
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        key.sign(b"x" * 400, pss, hashes.SHA512())
        made += 1
    return made / (time.perf_counter() - began)


def crypto(*, quick: bool) -> list[dict[str, Any]]:
    """Seal, open and sign against joserfc and jwcrypto (a process of its own for each figure)."""
    command = [sys.executable, "-m", "tests.bench.bench_crypto", *(["--quick"] if quick else [])]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return [json.loads(line) for line in out.stdout.splitlines() if line.startswith("{")]


def signatures(*, quick: bool) -> dict[str, float]:
    """Processor milliseconds for the signature of a document, by key and format."""
    command = [sys.executable, "-m", "tests.bench.bench_signatures", *(["--quick"] if quick else [])]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    found: dict[str, float] = json.loads(out.stdout)
    return found


def stored_rows(*, quick: bool) -> dict[str, Any]:
    """What a submission costs and how long lists take with up to a million stored (a database of its own)."""
    command = [sys.executable, "-m", "tests.bench.bench_rows", *(["--quick"] if quick else [])]
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    found: dict[str, Any] = {}
    for line in map(json.loads, out.stdout.splitlines()):
        if "list" in line:
            found[f"list {line['list']} at {line['stored']:,}, p95 ms (goal {line['goal']})"] = line["p95_ms"]
        else:
            found[f"submission with {line['stored']:,} stored, ratio (goal {line['goal']})"] = line["ratio"]
    return found


def rules(*, quick: bool) -> dict[str, Any]:
    """Schematron and validation reports against bare lxml (a process of its own)."""
    command = [sys.executable, "-m", "tests.bench.bench_rules", *(["--quick"] if quick else [])]
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    return {line["figure"]: line["value"] for line in map(json.loads, out.stdout.splitlines())}


def workers(*, quick: bool) -> dict[str, Any]:
    """What 1, 2 and 4 workers take in and deliver, and evidence archives verified a second."""
    command = [sys.executable, "-m", "tests.bench.bench_workers", *(["--quick"] if quick else [])]
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    found: dict[str, Any] = {}
    for line in map(json.loads, out.stdout.splitlines()):
        number = line.pop("workers", None)
        found |= {f"{number} {name}": value for name, value in line.items()} if number else line
    return found


def catalogue(*, quick: bool) -> dict[str, Any]:
    """Full exports of the OZG catalogue (a process of its own)."""
    command = [sys.executable, "-m", "tests.bench.bench_catalogue", *(["--quick"] if quick else [])]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    figures: dict[str, Any] = json.loads(out.stdout)
    return figures


def status(*, quick: bool) -> dict[str, Any]:
    """Status pages of a town with 500 services, and the index (a process of its own)."""
    command = [sys.executable, "-m", "tests.bench.bench_status", *(["--quick"] if quick else [])]
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    return {line.pop("page"): line for line in map(json.loads, out.stdout.splitlines())}


def probes(*, quick: bool) -> dict[str, Any]:
    """What a thousand probes a minute take from portals that hand off (processes of their own)."""
    command = [sys.executable, "-m", "tests.bench.bench_probes", *(["--quick"] if quick else [])]
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    figures: dict[str, Any] = json.loads(out.stdout)
    return figures


def logins(*, quick: bool) -> dict[str, Any]:
    """Rounds of logins, memory and start, ours and Keycloak's (a process of its own); quickly ours alone."""
    command = [sys.executable, "-m", "tests.bench.bench_logins", *(["--quick", "--alone"] if quick else [])]
    out = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, cwd=ROOT)
    found: dict[str, Any] = json.loads(out.stdout)
    return found


def exchanges(*, quick: bool) -> dict[str, float]:
    """Processor milliseconds of an exchange by each way out (a process of its own)."""
    command = [sys.executable, "-m", "tests.bench.bench_outbound", *(["--quick"] if quick else [])]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    found: dict[str, float] = json.loads(out.stdout)
    return found


def cpu_seconds(pids: list[int]) -> float:
    """Processor time of processes and their waited-for children."""
    total = 0
    for pid in pids:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        total += sum(map(int, fields[11:15]))
    return total / TICKS


def family(pid: int) -> list[int]:
    """A process and its descendants."""
    found = [pid]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            fields = stat.read_text().rsplit(")", 1)[1].split()
            if int(fields[1]) == pid:
                found += family(int(stat.parent.name))
    return found


def of_somebody_else(body: dict[str, Any], number: int) -> dict[str, Any]:
    """The same application of another person: the typesetter remembers what it has set before."""
    return {**body, "record": of_another(body["record"], number)}


async def accepts(line: dict[str, Any], count: int, at_once: int) -> dict[str, Any]:
    """Durable accepts by HTTP: uploads are made before, then creates are timed."""
    portal = Portal(line)
    bodies = [of_somebody_else(portal.body(), number) for number in range(count)]
    times: list[float] = []
    gate = asyncio.Semaphore(at_once)

    async def one(client: httpx.AsyncClient, body: dict[str, Any]) -> None:
        async with gate:
            began = time.perf_counter()
            answer = await client.post(
                line["api"] + "/submissions", json=body, headers={**portal.auth, "Idempotency-Key": str(uuid4())}
            )
            times.append(time.perf_counter() - began)
            assert answer.status_code == 201, answer.text

    async with httpx.AsyncClient(timeout=60, trust_env=False) as client:
        await client.get(line["health"])
        began = time.perf_counter()
        await asyncio.gather(*(one(client, body) for body in bodies))
        seconds = time.perf_counter() - began
    times.sort()
    return {
        "per_second": count / seconds,
        "p50_ms": times[count // 2] * 1000,
        "p99_ms": times[min(count - 1, int(count * 0.99))] * 1000,
    }


def wait_idle(line: dict[str, Any], count: int) -> None:
    """Until the sandbox has accepted `count` submissions."""
    admin = line["sandboxes"]["fitconnect"]["admin"]
    while sum(s["state"] == "accepted" for s in http("GET", admin + "/submissions")[2]["submissions"]) < count:
        time.sleep(0.5)


def end_to_end(count: int, megabytes: int) -> dict[str, Any]:
    """The demo's own figures: sandbox in its own process, database and gateway on the same cores."""
    command = [sys.executable, "-m", "gateway.cli.main", "demo", "--json", "--count", str(count)]
    command += ["--attachment-mb", str(megabytes)]
    out = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    summary: dict[str, Any] = json.loads(out.stdout.splitlines()[-1])["summary"]
    return summary


def cost(count: int) -> dict[str, Any]:
    """Processor milliseconds a submission, split by process, for `count` submissions handed off at once."""
    with kept_demo() as line:
        pids = {"serve": [line["pids"]["serve"]], "worker": [line["pids"]["worker"]]}
        pids["database"] = family(line["pids"]["postgres"])
        pids["sandbox"] = [line["sandboxes"]["fitconnect"]["pid"]]
        asyncio.run(accepts(line, 64, 8))  # every connection has planned its statements then
        wait_idle(line, 64)
        before = {name: cpu_seconds(found) for name, found in pids.items()}
        figures = asyncio.run(accepts(line, count, 8))
        wait_idle(line, count + 64)
        pids["database"] = family(line["pids"]["postgres"])  # new ones began at nothing, ended ones are the first one's
        spent = {name: (cpu_seconds(found) - before[name]) / count * 1000 for name, found in pids.items()}
        accepting = asyncio.run(accepts_alone(line, count))
    return {"accepts_while_delivering": figures, "accepts": accepting, "cpu_ms_per_submission": spent}


async def accepts_alone(line: dict[str, Any], count: int) -> dict[str, Any]:
    """Durable accepts while no worker delivers: `serve --no-worker` on the same data and port."""
    before = line["pids"]["serve"]
    os.kill(before, signal.SIGTERM)
    while Path(f"/proc/{before}").exists():  # noqa: ASYNC110, ASYNC240 - it holds the data directory until it has gone
        await asyncio.sleep(0.1)
    process, _ = start("serve", "--config", line["config"], "--no-worker")
    try:
        await accepts(line, 16, 8)  # each connection of the database reads its services at its first statements
        return await accepts(line, count, 8)
    finally:
        stop(process)


def sending(*, quick: bool) -> dict[str, Any]:
    """From the hand-off to the authority's acceptance, beside how many signatures a core makes."""
    floor = signatures_per_second(1.0 if quick else 5.0)
    small = end_to_end(20 if quick else 300, 0)
    large = end_to_end(10 if quick else 150, 1)
    costs = cost(30 if quick else 300)
    ours = costs["cpu_ms_per_submission"]["serve"] + costs["cpu_ms_per_submission"]["worker"]
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "ps512_per_second_and_core": floor,
        "accepts": {**costs["accepts"], "goal_per_second": 200, "goal_p99_ms": 50},
        "accepts_while_delivering": costs["accepts_while_delivering"],
        "end_to_end": {**small, "share_of_ps512": small["per_second"] / floor, "goal": 0.10},
        "end_to_end_1_mb": {**large, "share_of_ps512": large["per_second"] / floor, "goal": 0.05},
        "cpu_ms_per_submission": costs["cpu_ms_per_submission"],
        "gateway_cpu_in_signatures": {"value": ours * floor / 1000, "goal": 12},
    }


def measure(*, quick: bool) -> dict[str, Any]:
    """Everything, in one run."""
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "command": "make bench-smoke" if quick else "make bench",
        "sending": sending(quick=quick),
        "crypto": crypto(quick=quick),
        "stored_rows": stored_rows(quick=quick),
        "workers": workers(quick=quick),
        "signature_ms": signatures(quick=quick),
        "login_responses": login_responses(quick=quick),
        "logins": logins(quick=quick),
        "catalogue": catalogue(quick=quick),
        "status": status(quick=quick),
        "probes": probes(quick=quick),
        "rules": rules(quick=quick),
        "exchange": exchanges(quick=quick),
        "documents": documents(200 if quick else 3000),
        "forms": forms(quick=quick),
    }


def page(result: dict[str, Any]) -> str:
    """The table for people."""
    rows = []

    def walk(name: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, item in value.items():
                walk(f"{name} {key}".strip(), item)
        elif isinstance(value, float):
            rows.append(f"| {name} | {value:,.3f} |")
        elif not isinstance(value, list):
            rows.append(f"| {name} | {value} |")

    walk("", result)
    head = (
        f"Written by `{result['command']}` on {result['at']} ({result['machine']}). Trust the ratios: machines differ "
        "and are noisy. `goal` stands beside what was measured, whatever it is."
    )
    lines = [
        "# Benchmarks",
        "",
        head,
        "",
        "| Figure | Value |",
        "|---|---|",
        *rows,
        "",
        "## Sealing, opening, signing",
        "",
        "| What | Size | Who | Median s | Peak growth MB | Rounds |",
        "|---|---|---|---|---|---|",
    ]
    cells = [[str(round(v, 4) if isinstance(v, float) else v) for v in row.values()] for row in result["crypto"]]
    lines += ["| " + " | ".join(row) + " |" for row in cells if len(row) == 6]
    lines += ["", "| Ratio of | Size | joserfc ÷ ours | jwcrypto ÷ ours |", "|---|---|---|---|"]
    lines += ["| " + " | ".join(row) + " |" for row in cells if len(row) == 4]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure; write the pages unless `--quick`."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true")
    parser.add_argument(
        "--only",
        choices=["catalogue", "documents", "exchange", "forms", "logins", "probes", "sending", "status"],
        help="measure these rows anew and leave the others of the page",
    )
    arguments = parser.parse_args()
    quick = arguments.quick
    if arguments.only:
        result = json.loads((PAGE / "benchmarks.json").read_text(encoding="utf-8"))
        again: dict[str, Callable[[], Mapping[str, Any]]] = {
            "sending": lambda: sending(quick=quick),
            "documents": lambda: documents(3000),
            "forms": lambda: forms(quick=quick),
            "exchange": lambda: exchanges(quick=quick),
            "logins": lambda: logins(quick=quick),
            "catalogue": lambda: catalogue(quick=quick),
            "status": lambda: status(quick=quick),
            "probes": lambda: probes(quick=quick),
        }
        result[arguments.only] = {"at": datetime.now(UTC).isoformat(timespec="seconds"), **again[arguments.only]()}
    else:
        result = measure(quick=quick)
    sys.stdout.write(json.dumps(result, indent=1) + "\n")
    if not quick:
        (PAGE / "benchmarks.json").write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        (PAGE / "benchmarks.md").write_text(page(result), encoding="utf-8")


if __name__ == "__main__":
    main()
