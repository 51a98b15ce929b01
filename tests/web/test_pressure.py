"""At its limits the gateway refuses what is new, at its head, and still answers everything else."""

from __future__ import annotations

from dataclasses import replace
from uuid import uuid4

import pytest

from gateway.backpressure.admission import Pressure, Reading, Thresholds
from gateway.web.app import create_app
from gateway.web.http.resource_checks import resource_checks
from tests.stores import everything
from tests.web.conftest import ARS

NEW = {"service": "hausnummer", "municipality": ARS, "record": {}}
PDF = {"Content-Type": "application/pdf"}
LIMITS = Thresholds(disk_bytes=1000, memory_bytes=1000, waiting=10)
EMPTY, FULL = Reading(10**9, 10**9, 0), Reading(999, 10**9, 0)


@pytest.fixture
def pressure(world):
    made = Pressure(LIMITS)
    made.note(EMPTY)

    async def health():
        return resource_checks(made)

    world.parts = replace(world.parts, pressure=made, health=health)
    world.app = create_app(world.parts)
    return made


async def test_what_is_new_is_refused_with_the_time_to_wait_and_taken_again_afterwards(world, pressure):
    async with world.portal() as portal:

        async def create():
            return await portal.post("/api/v1/submissions", json=NEW, headers={"Idempotency-Key": "k"})

        async def upload():
            return await portal.put(f"/api/v1/uploads/{uuid4()}", content=b"%PDF", headers=PDF)

        pressure.note(FULL)
        for ask in (create, upload):
            answer = await ask()
            assert (answer.status_code, answer.json()["code"], answer.json()["retry"]) == (503, "overloaded", True)
            assert int(answer.headers["retry-after"]) >= 1
        assert everything(world.store) == ()
        assert (await portal.get("/api/v1/submissions")).status_code == 200
        pressure.note(EMPTY)
        assert (await create()).status_code == 201
        assert (await upload()).status_code == 201


async def test_lines_of_a_batch_are_refused_one_by_one(world, pressure):
    async with world.portal() as portal:
        line = b'{"service":"hausnummer","municipality":"150900546546","record":{},"idempotency_key":"a"}\n'

        async def lines():
            yield line
            pressure.note(FULL)
            yield line.replace(b'"a"', b'"b"')

        headers = {"Content-Type": "application/x-ndjson"}
        answer = await portal.post("/api/v1/submissions/batch", content=lines(), headers=headers)
    assert ["overloaded" in each for each in answer.text.splitlines()][-1] is True, "short only once the call was taken"


@pytest.mark.parametrize("way", ["put", "tus"])
async def test_an_upload_that_cannot_fit_is_refused_before_a_byte_of_it_is_read(world, pressure, way):
    pressure.note(Reading(5000, 10**9, 0))
    read = []

    async def body():
        read.append(1)
        yield b"x" * 3000

    async with world.portal() as portal:
        if way == "put":
            headers = {**PDF, "Content-Length": "3000"}
            answer = await portal.put(f"/api/v1/uploads/{uuid4()}", content=body(), headers=headers)
        else:
            headers = {"Tus-Resumable": "1.0.0", "Upload-Length": "3000"}
            answer = await portal.post("/api/v1/tus/", headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (507, "storage_full")
        assert answer.headers["retry-after"]
        small = await portal.put(f"/api/v1/uploads/{uuid4()}", content=b"x" * 1000, headers=PDF)
    assert small.status_code == 201
    assert len(world.store.blobs) == 1
    assert pressure.promised == 0


async def test_health_and_metrics_show_it_and_monitoring_is_answered(world, pressure):
    pressure.note(FULL)
    async with world.portal(None) as monitoring:
        health = await monitoring.get("/health")
        figures = (await monitoring.get("/metrics")).text
    assert (health.status_code, health.json()["status"]) == (200, "warn")
    assert health.json()["checks"]["disk:free"][0]["observedValue"] == 999
    assert health.json()["checks"]["memory:free"][0]["status"] == "pass"
    assert 'gateway_refusing{resource="disk"} 1.0' in figures
    assert 'gateway_refusing{resource="queue"} 0.0' in figures
    assert 'gateway_free_bytes{resource="disk"} 999.0' in figures
