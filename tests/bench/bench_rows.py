"""What a submission costs, and how long a list takes, with many stored; prints one JSON object a line.

Run: python -m tests.bench.bench_rows [--quick]. One submission is carried through the store from create to accepted;
copies of its rows are loaded by COPY (3 portals, 20 towns, 9 services, a few per cent not accepted), and at each size
some hundred more are carried through one after another. The figure is the median; the ratio is to the smallest size.
Lists are those of a portal and of an operator, by state, service, town, date and reference, with the p95 of each.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql

from gateway.crypto import vault
from gateway.model import Scope, State
from gateway.ports.store import Change, EvidenceEntry, Filter
from gateway.store.migrations import migrate
from gateway.store.postgres import PostgresStore
from gateway.store.rows.identifier import ordered
from gateway.store.server import embedded
from tests.store.conftest import MASTER_KEY, TOWN, new_submission

SIZES = (1_000, 100_000, 1_000_000)
QUICK = (1_000, 10_000)
TABLES = {
    "submissions": "id", "submission_secrets": "submission", "journal": "submission", "evidence": "submission",
    "changes": "submission", "idempotency": "submission",
}  # fmt: skip
LEFT_OUT = {"journal": {"id"}, "changes": {"id", "xid"}, "evidence": {"tx"}}
PATH = (State.SEALED, State.ANNOUNCED, State.SUBMITTED, State.ACCEPTED)
RARE = ("held", "rejected", "submitted", "expired")
CLIENTS, TOWNS, SERVICES = 3, 20, 9


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)


async def carried(store: PostgresStore, name: str) -> UUID:
    """One submission from create to accepted, as delivery commits it."""
    now = datetime.now(UTC)
    new = new_submission(name, id=ordered(now, os.urandom(10)), reference=name, created_at=now, updated_at=now)
    await store.create(new)
    current = new.submission
    for state in PATH:
        entry = EvidenceEntry("event", {"type": state.value})
        current = await store.commit(current.version, Change(replace(current, state=state), evidence=(entry,)))
    return current.id


async def cost(store: PostgresStore, rounds: int, size: int) -> float:
    """Median seconds of a submission."""
    took = []
    for number in range(rounds):
        began = time.perf_counter()
        await carried(store, f"{size}-{number}")
        took.append(time.perf_counter() - began)
    return statistics.median(took)


class Seed:
    """Copies of one submission's rows."""

    def __init__(self, dsn: str, template: UUID, keys: dict[str, bytes]) -> None:
        self._dsn, self._template, self._keys = dsn, template, keys
        self._random = random.Random(7)
        with psycopg.connect(dsn) as connection:
            self._rows = {table: self._read(connection, table) for table in ("data_keys", *TABLES)}

    def _read(self, connection: psycopg.Connection[Any], table: str) -> tuple[list[str], list[list[str]]]:
        names = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        found = [row[0] for row in connection.execute(names, [table]) if row[0] not in LEFT_OUT.get(table, ())]
        column = TABLES.get(table, "id")
        wanted = sql.SQL("COPY (SELECT {} FROM {} WHERE {} = {}) TO STDOUT").format(
            sql.SQL(", ").join(map(sql.Identifier, found)),
            sql.Identifier(table),
            sql.Identifier(column),
            sql.SQL("(SELECT data_key FROM submissions WHERE id = {})").format(str(self._template))
            if table == "data_keys"
            else sql.Literal(str(self._template)),
        )
        with connection.cursor().copy(wanted) as copy:
            text = b"".join(bytes(block) for block in copy).decode()
        return found, [line.split("\t") for line in text.splitlines()]

    def load(self, number: int) -> None:
        """Add so many submissions."""
        drawn = [self._values() for _ in range(number)]
        with psycopg.connect(self._dsn) as connection:
            connection.execute("SET session_replication_role = replica")
            for table, (columns, rows) in self._rows.items():
                into = sql.SQL("COPY {} ({}) FROM STDIN").format(
                    sql.Identifier(table), sql.SQL(", ").join(map(sql.Identifier, columns))
                )
                with connection.cursor().copy(into) as copy:
                    for lines in self._lines(table, columns, rows, drawn):
                        copy.write(lines)
        with psycopg.connect(self._dsn, autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")

    def _values(self) -> dict[str, str]:
        draw = self._random
        at = datetime.now(UTC) - timedelta(seconds=draw.randrange(60, 700 * 86_400))
        rare = draw.random() < 0.03
        town = draw.choice(list(self._keys))
        identity, key_id = (ordered(at, draw.randbytes(10)) for _ in range(2))
        key, place = draw.randbytes(32), b"data/" + town.encode() + b"/" + key_id.bytes
        reference = vault.seal_value(
            key, context=b"reference/" + identity.bytes, data=b"AZ-1", nonce=draw.randbytes(12)
        )
        return {
            "id": str(identity),
            "data_key": str(key_id),
            "wrapped": _hex(vault.wrap(key, self._keys[town], context=place, nonce=draw.randbytes(12))),
            "reference": _hex(reference),
            "client": f"portal{draw.randrange(CLIENTS) or ''}",
            "municipality": town,
            "service": f"service{draw.randrange(SERVICES)}",
            "state": draw.choice(RARE) if rare else "accepted",
            "created_at": at.isoformat(),
            "updated_at": at.isoformat(),
            "at": at.isoformat(),
            "digest": _hex(draw.randbytes(32)),
        }

    @staticmethod
    def _lines(table: str, columns: list[str], rows: list[list[str]], drawn: list[dict[str, str]]) -> Iterator[str]:
        renamed = {"submission": "id", "key": "digest", "reference_index": "digest"}
        if table == "data_keys":
            renamed = {"id": "data_key"}
        for row in rows:
            changed = [
                (place, renamed.get(name, name))
                for place, name in enumerate(columns)
                if renamed.get(name, name) in drawn[0] and not (name == "state" and table == "changes")
            ]
            for values in drawn:
                line = row.copy()
                for place, name in changed:
                    line[place] = values[name]
                yield "\t".join(line) + "\n"


def _hex(data: bytes) -> str:
    return "\\\\x" + data.hex()


async def town_keys(store: PostgresStore) -> dict[str, bytes]:
    """The keys under which the copies' data keys hang."""
    ring = store._keyring
    towns = (TOWN, *(f"1509000000{number}" for number in range(10, 9 + TOWNS)))
    for town in towns:
        await ring.new(town, datetime.now(UTC))
    return {town: await ring._municipality(town, 1) for town in towns}


async def lists(store: PostgresStore, rounds: int) -> dict[str, float]:
    """p95 in seconds of each list, first and second page in turn."""
    portal, operator = Scope("portal", None), Scope(client=None)
    month = datetime.now(UTC) - timedelta(days=30)
    wanted = {
        "newest": Filter(limit=50),
        "held": Filter(states=("held",), limit=50),
        "open": Filter(states=("submitted", "held"), limit=50),
        "none such": Filter(states=("cancelled",), limit=50),
        "service": Filter(service="service3", limit=50),
        "service and state": Filter(service="service3", states=("rejected",), limit=50),
        "town": Filter(municipality=TOWN, limit=50),
        "town and state": Filter(municipality=TOWN, states=("rejected",), limit=50),
        "month and state": Filter(created_after=month, states=("expired",), limit=50),
        "reference": Filter(reference="1000-1", limit=50),
    }
    found = {}
    for name, filtered in wanted.items():
        for who, scope in (("portal", portal), ("operator", operator)):
            found[f"{who}: {name}"] = await p95(lambda f=filtered, s=scope: store.list_views(f, s), rounds)  # type: ignore[misc]
    return found


async def p95(work: Callable[[], Any], rounds: int) -> float:
    """The p95 of some rounds, in seconds."""
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        await work()
        took.append(time.perf_counter() - began)
    return sorted(took)[int(rounds * 0.95)]


async def measured(dsn: str, *, quick: bool) -> list[dict[str, Any]]:
    """A line for each size, then one for each list."""
    store = await PostgresStore.open(dsn, master_key=MASTER_KEY, place="bench", clock=Clock(), random=os.urandom)
    seed = Seed(dsn, await carried(store, "template"), await town_keys(store))
    out: list[dict[str, Any]] = []
    stored, base = 0, 0.0
    for size in QUICK if quick else SIZES:
        seed.load(size - stored)
        stored = size
        await cost(store, 50, -size)
        took = await cost(store, 400, size)
        base = base or took
        out.append(line := {"stored": size, "submission_ms": took * 1000, "ratio": took / base, "goal": 1.2})
        sys.stderr.write(json.dumps(line) + "\n")
    times = await lists(store, 20 if quick else 40)
    out += [{"list": name, "stored": stored, "p95_ms": took * 1000, "goal": 200} for name, took in times.items()]
    await store.close()
    return out


def main() -> None:
    """Measure on an embedded database made for it alone."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="10,000 at most")
    quick = parser.parse_args().quick
    folder = Path(tempfile.mkdtemp(prefix="ozg-bench-"))
    try:
        dsn = embedded.start(folder).dsn
        migrate(dsn)
        for line in asyncio.run(measured(dsn, quick=quick)):
            sys.stdout.write(json.dumps(line) + "\n")
    finally:
        embedded.stop(folder)
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
