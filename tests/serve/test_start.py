"""What a start of `gateway serve` does not wait for: the registry of the catalogue, what judges its texts, tables."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from types import SimpleNamespace

from gateway.serve import serving
from gateway.wiring import catalogue_registry

LATER = (
    "nh3",
    "gateway.catalogue.registry",
    "gateway.catalogue.probes.run",
    "gateway.catalogue.readback",
    "gateway.catalogue.xzufi.transfer",
    "gateway.store.rows.tables.every",
    "gateway.store.server.backup",
)


def test_what_no_request_needs_is_not_loaded():
    asked = f"import sys, gateway.serve.serving; print([name for name in {LATER} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_entries_are_registered_beside_and_again_after_a_failure(monkeypatch):
    looked, done = [], asyncio.Event()

    async def registered(_):
        looked.append(True)
        if len(looked) == 1:
            raise ValueError
        done.set()
        return catalogue_registry.EntryRegistration((), ())

    async def raised(*_, **__):
        return None

    monkeypatch.setattr(catalogue_registry, "registered", registered)
    monkeypatch.setattr(catalogue_registry, "LOOK_EVERY_S", 0)
    monkeypatch.setattr("gateway.errors.recurring.LONGEST_S", 0)
    monkeypatch.setattr("gateway.wiring.runtime.alarms.raise_about_gateway", raised)
    monkeypatch.setattr("gateway.wiring.runtime.alarms.resolve_about_gateway", raised)
    runtime = SimpleNamespace(files=(), store=SimpleNamespace(database=None), clock=SimpleNamespace(now=lambda: None))
    task = asyncio.create_task(serving._follow_entries(runtime))
    await asyncio.wait_for(done.wait(), 10)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert len(looked) == 2
