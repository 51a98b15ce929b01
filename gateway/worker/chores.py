"""What the worker does every few seconds beside its jobs, each chore apart from the others.

Knows: take-over of a dead worker's jobs, sweeps, roots over evidence, erasures, deadlines, durations, places.
Never does: carry out a submission's steps. Standard: architecture §1 (job queue), §5. Start reading: `chores`.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Coroutine, Iterable
from dataclasses import replace
from typing import Any

import procrastinate
import structlog

from gateway.errors import DatabaseAway, unexpected
from gateway.errors.recurring import Failures, repeat
from gateway.notify.alarms import LOGIN_REFUSED_OFTEN
from gateway.outbound.httpx_transport import httpx_client
from gateway.outbound.pace import Counterpart
from gateway.store.erasure.sweep import sweep
from gateway.store.operation import alarms, exchange_durations, jobs, login_outcomes
from gateway.store.operation.destination_slots import RENEW_EVERY_S
from gateway.wiring.catalogue_export import exported
from gateway.wiring.catalogue_registry import LOOK_EVERY_S as ENTRIES_EVERY_S
from gateway.wiring.catalogue_registry import EntryFollower
from gateway.wiring.catalogue_work import stored_work
from gateway.wiring.channels import LIMITS
from gateway.wiring.outbound import policy
from gateway.wiring.runtime import Runtime
from gateway.worker import (
    catalogue_probes,
    catalogue_push,
    catalogue_readback,
    catalogue_statistics,
    identity_watch,
)
from gateway.worker.catalogue_export import DailyExport
from gateway.worker.catalogue_report import LOOK_EVERY_S as REPORT_EVERY_S
from gateway.worker.catalogue_report import ReportRenewal
from gateway.worker.evidence_check import EvidenceMonitor
from gateway.worker.stamping import stamp_roots

log = structlog.get_logger()

LOOK_EVERY_S = 2.0
EXCHANGES_EVERY_S = 5.0
SWEEP_EVERY_S = 60.0
ERASE_EVERY_S = 3600.0
IDENTITY_EVERY_S = 3600.0


def chores(runtime: Runtime, app: procrastinate.App, failures: Failures) -> Iterable[Coroutine[Any, Any, None]]:
    """What has to happen every few seconds, each apart: what fails, or takes long, holds up no other."""
    database, clock = runtime.store.database, runtime.clock

    async def engine(work: Awaitable[object]) -> None:
        try:
            await work
        except Exception as error:
            if jobs.is_database_away(error):
                raise DatabaseAway from None
            raise

    yield repeat(failures, "take_over", lambda: engine(jobs.rescue_stalled(app)), LOOK_EVERY_S)
    yield repeat(failures, "orphans", lambda: jobs.orphans(database), LOOK_EVERY_S)
    yield repeat(failures, "sweep", lambda: sweep(database, clock.now()), SWEEP_EVERY_S)
    yield repeat(failures, "old_jobs", lambda: engine(jobs.forget_failed(app)), SWEEP_EVERY_S)
    yield _erasures(runtime, failures)
    yield repeat(failures, "deadlines", lambda: _deadlines(runtime), SWEEP_EVERY_S)
    watch = EvidenceMonitor(runtime.store, runtime.keys.token, runtime.guard, clock)
    yield repeat(failures, "evidence_roots", watch.sign, SWEEP_EVERY_S)
    yield _look_at_evidence(failures, watch)
    if url := runtime.settings.evidence.timestamp_url:
        yield _time_stamps(runtime, failures, url)
    yield _exports(runtime, failures)
    yield repeat(failures, "exchanges", lambda: _durations(runtime), EXCHANGES_EVERY_S)
    yield repeat(failures, "catalogue_entries", EntryFollower(runtime).look, ENTRIES_EVERY_S)
    yield repeat(failures, "catalogue_report", ReportRenewal(runtime).look, REPORT_EVERY_S)
    if any(file.identity.providers for file in runtime.files):
        yield _identity_providers(runtime, failures)
        yield repeat(failures, "login_outcomes", lambda: _refused_logins(runtime), SWEEP_EVERY_S)
    yield catalogue_probes.probes(runtime, failures)
    yield catalogue_probes.prune(runtime, failures)
    yield from catalogue_readback.chores(runtime, failures)
    yield catalogue_statistics.count(runtime, failures)
    yield catalogue_statistics.send(runtime, failures)
    yield from catalogue_push.chores(runtime, failures)
    work = stored_work(runtime)
    yield repeat(failures, "catalogue_work", lambda: work.tell(clock.now()), SWEEP_EVERY_S)
    if runtime.delivery.bounds:
        yield repeat(failures, "turns", lambda: _places(runtime), RENEW_EVERY_S)


async def _erasures(runtime: Runtime, failures: Failures) -> None:
    await asyncio.sleep(SWEEP_EVERY_S)
    await repeat(failures, "erasure", lambda: _erase(runtime), ERASE_EVERY_S)


async def _look_at_evidence(failures: Failures, watch: EvidenceMonitor) -> None:
    """Apart from the roots: a look at all evidence takes its time, once after the start and then each night."""
    await asyncio.sleep(SWEEP_EVERY_S)
    await repeat(failures, "evidence", watch.look, SWEEP_EVERY_S)


async def _exports(runtime: Runtime, failures: Failures) -> None:
    """Once after the start and then each day; what fails is tried again within the hour."""
    await asyncio.sleep(SWEEP_EVERY_S)
    daily = DailyExport(lambda: exported(runtime), runtime.clock)
    await repeat(failures, "catalogue_export", daily.look, ERASE_EVERY_S)


async def _places(runtime: Runtime) -> None:
    """Places at destinations with bounds are kept, and taken over, within seconds."""
    await runtime.slots.renew()
    await runtime.slots.rescue(runtime.delivery.bounds)


async def _durations(runtime: Runtime) -> None:
    """Write down how long exchanges took; a slow counterpart becomes an alarm."""
    taken = runtime.durations.take()
    try:
        if taken:
            await exchange_durations.write(runtime.store.database, taken, runtime.clock.now())
            taken = {}
        await exchange_durations.look(runtime.store.database, runtime.clock.now())
    except Exception:
        runtime.durations.put_back(taken)
        raise


async def _erase(runtime: Runtime) -> None:
    """What is due of every town and service; what fails of one is raised once the others were tried."""
    first: Exception | None = None
    for period in runtime.periods:
        try:
            number = await runtime.retention.run(period)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised below
            await log.awarning(
                "worker.not_erased", municipality=period.municipality, service=period.service, **unexpected.named(error)
            )
            first = first or error
            continue
        if number:
            await log.ainfo(
                "retention.erased",
                municipality=period.municipality,
                service=period.service,
                stage=period.stage,
                number=number,
            )
    if first is not None:
        raise first


async def _deadlines(runtime: Runtime) -> None:
    """Raise an alarm for each deadline that has passed."""
    raised = await alarms.look(runtime.store.database, runtime.clock.now(), LIMITS, runtime.limits)
    for rule, submission_id, municipality in raised:
        await log.awarning("alarm.raised", rule=rule, submission_id=str(submission_id), municipality=municipality)


async def _refused_logins(runtime: Runtime) -> None:
    """Raise an alarm about each identity provider whose answers are refused often."""
    slugs = {file.ars: file.slug for file in runtime.files}
    for provider in await login_outcomes.look(runtime.store.database, slugs, runtime.clock.now()):
        await log.awarning("alarm.raised", rule=LOGIN_REFUSED_OFTEN, provider=provider)


async def _time_stamps(runtime: Runtime, failures: Failures, url: str) -> None:
    """Apart from the roots: an authority that is slow or down holds up nobody."""
    way = replace(policy(runtime.settings), counterpart=Counterpart.TIMESTAMP)
    async with httpx_client(way, durations=runtime.durations) as client:
        await repeat(
            failures,
            "time_stamps",
            lambda: stamp_roots(runtime.store.database, client, url, runtime.clock.now(), os.urandom),
            SWEEP_EVERY_S,
        )


async def _identity_providers(runtime: Runtime, failures: Failures) -> None:
    """Apart from everything else: an identity provider that is slow or down holds up nobody."""
    async with httpx_client(policy(runtime.settings), durations=runtime.durations) as client:
        await repeat(
            failures,
            "identity_providers",
            lambda: identity_watch.look(
                runtime.store.database, runtime.settings, runtime.files, client, runtime.clock, failures
            ),
            IDENTITY_EVERY_S,
        )
