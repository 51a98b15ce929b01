"""Two workers and the catalogue: one dies while it probes or exports, the other does it, and nothing half is seen."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row

from gateway.store.server import embedded
from tests.catalogue.exporting import read_export
from tests.demo_fixture import http, kept_demo, served_anew, start, stop

pytestmark = pytest.mark.crash

TAKEN_OVER_WITHIN_S = 10
WITH_KEY = 16
FIRST_EXPORT_WITHIN_S = 150.0
"""A worker exports a minute after its start."""


class Workers:
    """`gateway serve` without a worker, workers beside it, and the rows that they write."""

    def __init__(self, line: dict[str, Any], points: Path) -> None:
        self.line, self.points = line, points
        self._dsn = embedded.start(Path(line["config"]).parent / "data").dsn
        self._started: list[Any] = []

    def another(self) -> None:
        self._started.append(start("worker", "--config", self.line["config"])[0])

    def arm(self, point: str) -> None:
        (self.points / f"worker.{point}").touch()

    def died(self, point: str) -> bool:
        return (self.points / f"worker.{point}.died").exists()

    def alive(self) -> int:
        return sum(process.poll() is None for process in self._started)

    def rows(self, query: str) -> list[dict[str, Any]]:
        with psycopg.connect(self._dsn, row_factory=dict_row) as connection:
            return connection.execute(query).fetchall()

    def close(self) -> None:
        for process in self._started:
            if process.poll() is None:
                assert stop(process, 60) == 0
            else:
                process.stdout.close()


@contextlib.contextmanager
def workers(points: Path, patch: pytest.MonkeyPatch) -> Iterator[Workers]:
    with kept_demo(60) as line:
        config = Path(line["config"])
        config.write_text(config.read_text(encoding="utf-8") + "\n[catalogue.probes]\nevery_minutes = 1\n")
        patch.setenv("GATEWAY__FAILPOINTS", str(points))
        with served_anew(line, "--no-worker") as (_, ready):
            made = Workers({**line, "base_url": ready["base_url"]}, points)
            try:
                yield made
            finally:
                made.close()


def until(holds: Callable[[], bool], seconds: float) -> None:
    ends = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < ends
        time.sleep(0.1)


def collected(it: Workers) -> dict[str, bytes]:
    place = it.line["base_url"] + "/catalogue/xzufi/"
    status, _, index = http("GET", place + "index.txt")
    return {name: http("GET", place + name)[2] for name in index.decode().split()} if status == 200 else {}


def test_of_two_workers_one_dies_and_the_other_does_what_it_did(tmp_path, monkeypatch):
    with workers(tmp_path, monkeypatch) as it:
        it.arm("after.probes.note")
        it.arm("after.steps.export")
        it.another()
        it.another()

        until(lambda: it.died("after.probes.note"), 60)
        began = time.monotonic()
        until(lambda: len(it.rows("SELECT FROM probe_runs WHERE begun_at > now() - interval '1 minute'")) > 1, 60)
        assert time.monotonic() - began < TAKEN_OVER_WITHIN_S
        until(lambda: it.rows("SELECT FROM probe_runs WHERE ended_at IS NOT NULL") != [], 60)
        (half,) = it.rows("SELECT no FROM probe_runs WHERE ended_at IS NULL")
        (whole, *_) = it.rows("SELECT no FROM probe_runs WHERE ended_at IS NOT NULL")
        probed = [
            len(it.rows(f"SELECT DISTINCT subject FROM probe_measurements WHERE run = {run['no']}"))
            for run in (half, whole)
        ]
        assert 0 < probed[0] < probed[1], "what was noted before the death stands, the rest is the other run's"
        until(lambda: it.alive() == 1, 10)

        it.another()
        until(lambda: it.died("after.steps.export"), FIRST_EXPORT_WITHIN_S)
        assert collected(it) == {}
        for table in ("exports", "files", "objects", "delivered"):
            assert it.rows(f"SELECT FROM catalogue_{table}") == []
        until(lambda: it.rows("SELECT FROM catalogue_exports") != [], FIRST_EXPORT_WITHIN_S)
        assert it.alive() == 1
        assert len(read_export(collected(it)).of("Onlinedienst")) == WITH_KEY
        assert len(it.rows("SELECT FROM catalogue_delivered")) == WITH_KEY
