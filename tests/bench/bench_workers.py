"""How much 1, 2 and 4 workers take in and deliver, and how many evidence archives a core verifies; JSON lines.

Run: python -m tests.bench.bench_workers [--quick]. One `gateway serve` with its worker and 0, 1 or 3 `gateway worker`
beside it, the database and the sandbox on the same cores: what more workers bring depends on how many cores there are.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from gateway.evidence.verify import verify
from gateway.settings import reading as settings
from gateway.store.connection.database import numbered
from gateway.store.proof import export
from gateway.wiring.runtime import open_runtime
from tests.bench.run import accepts, wait_idle
from tests.demo_fixture import kept_demo, start, stop

WORKERS = (1, 2, 4)
_SOME = numbered("SELECT id FROM submissions WHERE state = 'accepted' LIMIT %(limit)s")


def delivered(line: dict[str, Any], count: int, before: int) -> dict[str, float]:
    """Accepts and deliveries a second for `count` applications handed off at once; `before` are there already."""
    began = time.perf_counter()
    taken = asyncio.run(accepts(line, count, 8))
    wait_idle(line, before + count)
    return {"accepts_per_second": taken["per_second"], "end_to_end_per_second": count / (time.perf_counter() - began)}


async def verified(config: str, archives: int, rounds: int) -> float:
    """Archives verified a second, by one core."""
    async with open_runtime(settings.read(Path(config))) as house:
        rows = await house.store.database.rows(_SOME, limit=archives)
        found = [
            (await export.export(house.store.database, row["id"], house.keys.token, house.clock.now()))[0]
            for row in rows
        ]
        keys = [dict(house.keys.token.public_jwk)]
    began = time.perf_counter()
    for _ in range(rounds):
        assert all(verify(packed, keys).ok for packed in found)
    return rounds * len(found) / (time.perf_counter() - began)


def main() -> None:
    """Measure in one kept demo."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    count, there, more = (16 if quick else 200), 0, []
    with kept_demo(60) as line:
        try:
            for number in WORKERS:
                while len(more) < number - 1:
                    more.append(start("worker", "--config", line["config"])[0])
                delivered(line, 8, there)
                figures = delivered(line, count, there + 8)
                there += count + 8
                sys.stdout.write(json.dumps({"workers": number, **figures}) + "\n")
            rate = asyncio.run(verified(line["config"], 10, 3 if quick else 30))
            sys.stdout.write(json.dumps({"evidence_verified_per_second_and_core": rate}) + "\n")
        finally:
            for process in more:
                stop(process, 30)


if __name__ == "__main__":
    main()
