"""The worker's probes: a run every few minutes, by whichever process comes first, and old measurements forgotten.

Knows: how often it is looked whether a run is due. Never does: probe (`catalogue.probes.run` does).
Standard: catalogue reference §6.2; architecture §3 (take-over). Start reading: `probes`.
"""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Final
from uuid import uuid4

import structlog

from gateway.catalogue.probes.run import Prober
from gateway.errors.recurring import Failures, repeat
from gateway.store.catalogue.probe_runs import StoredRuns
from gateway.wiring.catalogue_probes import open_prober
from gateway.wiring.runtime import Runtime

log = structlog.get_logger()

FIRST_S: Final = 15.0
"""Seconds after the start before the first look: a worker that starts has deliveries to take over."""
SPREAD: Final = 0.5
"""Share of the time between two runs over which one run's probes are spread at most."""
LOOK_EVERY_S: Final = 2.0
"""Together with the lease less than the ten seconds in which another process takes over."""
PRUNE_EVERY_S: Final = 3600.0


async def probes(runtime: Runtime, failures: Failures) -> None:
    """Probe whenever a run is due and no other process makes one."""
    await asyncio.sleep(FIRST_S)
    async with open_prober(runtime, spread=SPREAD) as prober:
        await repeat(failures, "probes", lambda: _look(runtime, prober), LOOK_EVERY_S)


async def prune(runtime: Runtime, failures: Failures) -> None:
    """Forget what is older than it is kept."""
    runs = StoredRuns(runtime.store.database, uuid4)
    raw = timedelta(days=runtime.settings.catalogue.probes.raw_days)
    await repeat(failures, "probes_prune", lambda: runs.prune(runtime.clock.now(), raw), PRUNE_EVERY_S)


async def _look(runtime: Runtime, prober: Prober) -> None:
    every = timedelta(minutes=runtime.settings.catalogue.probes.every_minutes)
    run = await prober.run(runtime.clock.now() - every)
    if run is None:
        return
    if not run.own_network:
        await log.awarning("probes.own_network_away", run=run.number)
    down = [result.subject.path for result in run.results if result.works is False]
    await log.ainfo("probes.run", run=run.number, subjects=len(run.results), down=down, whole=run.whole)
