"""One exchange on loopback: our direct call, httpx over our way out, httpx by itself; prints one JSON object.

Run: python -m tests.bench.bench_outbound [--quick]. Processor milliseconds of the asking process, which alone is
measured; the answering one is a child. All take turns in rounds on open connections, the median of the rounds counts.
Ratios are to the direct call in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from gateway.outbound import client as direct
from gateway.outbound import httpx_transport
from gateway.outbound.client import Policy

ROOT = Path(__file__).parents[2]
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 300\r\n\r\n" + b"x" * 300
FIELDS = {"Accept": "application/json", "Content-Type": "application/json", "Authorization": "Bearer " + "t" * 300}
BODY = b"x" * 300


async def answering() -> None:
    """Answer every request with the same bytes; the port is printed, the end of standard input ends it."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(len(BODY))
                writer.write(ANSWER)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - told to the parent
    await asyncio.to_thread(sys.stdin.read)


async def spent(ask: Callable[[], Awaitable[object]], times: int) -> float:
    """Processor milliseconds an exchange."""
    began = time.process_time()
    for _ in range(times):
        await ask()
    return (time.process_time() - began) / times * 1000


async def compare(url: str, rounds: int, times: int) -> dict[str, float]:
    """Milliseconds and ratios."""
    policy = Policy(allow_private=("loopback",))
    async with (
        direct.http_client(policy) as ours,
        httpx_transport.httpx_client(policy) as over_ours,
        httpx.AsyncClient(trust_env=False) as plain,
    ):
        ways: dict[str, Callable[[], Awaitable[object]]] = {
            "direct call": lambda: direct.exchange(ours, "POST", url, headers=FIELDS, content=BODY),
            "httpx over our way out": lambda: over_ours.post(url, headers=FIELDS, content=BODY),
            "httpx by itself": lambda: plain.post(url, headers=FIELDS, content=BODY),
        }
        found: dict[str, list[float]] = {name: [] for name in ways}
        for number in range(rounds + 1):
            for name, ask in ways.items():
                figure = await spent(ask, times)
                if number:  # the first warms up
                    found[name].append(figure)
    figures = {f"{name}, ms": statistics.median(each) for name, each in found.items()}
    floor = figures["direct call, ms"]
    return figures | {f"{name}, ratio": figures[f"{name}, ms"] / floor for name in ways if name != "direct call"}


def main() -> None:
    """Measure, or answer for the process that measures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--answering", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.answering:
        asyncio.run(answering())
        return
    command = [sys.executable, "-m", "tests.bench.bench_outbound", "--answering"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as other:
        assert other.stdout is not None
        url = f"http://127.0.0.1:{int(other.stdout.readline())}/v2/submissions"
        found = asyncio.run(compare(url, *((3, 200) if given.quick else (9, 1000))))
        other.communicate("")
    print(json.dumps(found))  # noqa: T201 - its output


if __name__ == "__main__":
    main()
