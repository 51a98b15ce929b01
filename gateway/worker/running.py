"""Runs the job engine and what has to happen every few seconds.

Knows: the job `advance`, take-over of a dead worker's jobs, sweeps, roots over evidence, erasures, webhooks, alarms.
Never does: decide about a submission's way.
Standard: architecture §1 (job queue), §3. Start reading: `work`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import procrastinate
import structlog

from gateway import failpoints
from gateway.delivery.fair_share import PLACES, FairShare
from gateway.errors import DatabaseAway, NotFound, unexpected
from gateway.errors.recurring import Failures, repeat
from gateway.outbound.httpx_transport import httpx_client
from gateway.outbound.pace import Counterpart
from gateway.settings.gateway import Settings
from gateway.store.erasure.sweep import sweep
from gateway.store.operation import alarms, exchange_durations, jobs
from gateway.store.operation.destination_places import RENEW_EVERY_S
from gateway.store.submissions import statements
from gateway.store.submissions.set_aside import set_aside
from gateway.wiring import recipients
from gateway.wiring.channels import LIMITS
from gateway.wiring.messengers import open_alarm_sender, open_webhook_sender
from gateway.wiring.outbound import policy
from gateway.wiring.runtime import Runtime, failures, open_runtime
from gateway.worker.evidence_check import EvidenceWatch
from gateway.worker.stamping import stamp_roots
from gateway.xoev.readable import application as readable

log = structlog.get_logger()

LOOK_EVERY_S = 2.0
EXCHANGES_EVERY_S = 5.0
SWEEP_EVERY_S = 60.0
ERASE_EVERY_S = 3600.0


async def work(settings: Settings, *, concurrency: int, on_ready: Callable[[], None], stop: asyncio.Event) -> None:
    """Carry out jobs until `stop`; comes back by itself after the database was away.

    `concurrency` is the number of submissions at once for one destination; all together have `PLACES` times as many.
    More jobs than that are in hand: those that wait a moment for a place hold none. `on_ready` is called once, when
    jobs are being taken.
    """
    failpoints.arm("worker", settings.failpoints)
    async with open_runtime(settings, also=recipients.attempts(settings)) as runtime:
        await asyncio.to_thread(_rehearse, runtime)

        shares = FairShare(PLACES * concurrency, tick=time.monotonic)
        delivery = replace(runtime.delivery, shares=shares)

        async def advance(submission_id: str) -> datetime | None:
            with contextlib.suppress(NotFound):
                return await delivery.advance(UUID(submission_id))
            return None

        app, counted = jobs.build_app(runtime.dsn, advance, partial(_give_up, runtime)), failures(runtime)
        async with (
            app.open_async(),
            open_webhook_sender(runtime, counted) as webhooks,
            open_alarm_sender(runtime, counted) as alerts,
        ):
            apart = (*_tasks(runtime, app, counted), webhooks.run(), alerts.run())
            tasks = [asyncio.create_task(each) for each in apart]
            on_ready()
            try:
                await jobs.work(app, concurrency=(PLACES + 1) * concurrency, stop=stop)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)


def _rehearse(runtime: Runtime) -> None:
    """Load what the first submissions would otherwise wait for, all at once."""
    runtime.keys.load()
    readable.rehearse()
    statements.rehearse()


async def _give_up(runtime: Runtime, submission_id: str, kind: str) -> None:
    """Not even a failed try of it can be written down as usual."""
    if await set_aside(runtime.store.database, UUID(submission_id), kind, runtime.clock.now()):
        await log.aerror("delivery.set_aside", submission_id=submission_id)


def _tasks(runtime: Runtime, app: procrastinate.App, failures: Failures) -> Iterable[Coroutine[Any, Any, None]]:
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
    watch = EvidenceWatch(runtime.store, runtime.keys.token, runtime.guard, clock)
    yield repeat(failures, "evidence_roots", watch.sign, SWEEP_EVERY_S)
    yield _proofs(failures, watch)
    if url := runtime.settings.evidence.timestamp_url:
        yield _stamps(runtime, failures, url)
    yield repeat(failures, "exchanges", lambda: _exchanges(runtime), EXCHANGES_EVERY_S)
    if runtime.delivery.bounds:
        yield repeat(failures, "turns", lambda: _turns(runtime), RENEW_EVERY_S)


async def _erasures(runtime: Runtime, failures: Failures) -> None:
    await asyncio.sleep(SWEEP_EVERY_S)
    await repeat(failures, "erasure", lambda: _erase(runtime), ERASE_EVERY_S)


async def _proofs(failures: Failures, watch: EvidenceWatch) -> None:
    """Apart from the roots: a look at all evidence takes its time, once after the start and then each night."""
    await asyncio.sleep(SWEEP_EVERY_S)
    await repeat(failures, "evidence", watch.look, SWEEP_EVERY_S)


async def _turns(runtime: Runtime) -> None:
    """Places at destinations with bounds are kept, and taken over, within seconds."""
    await runtime.places.renew()
    await runtime.places.rescue(runtime.delivery.bounds)


async def _exchanges(runtime: Runtime) -> None:
    """How long exchanges took is written down, and who is slow becomes an alarm."""
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
    """What is due of every town and service; what fails of one is raised once the others had their turn."""
    first: Exception | None = None
    for period in runtime.periods:
        try:
            number = await runtime.retention.run(period)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is raised below
            await log.awarning(
                "worker.not_erased",
                municipality=period.municipality,
                service=period.service,
                **unexpected.named(error),
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
    """A look at every deadline."""
    raised = await alarms.look(runtime.store.database, runtime.clock.now(), LIMITS, runtime.limits)
    for rule, submission_id, municipality in raised:
        await log.awarning("alarm.raised", rule=rule, submission_id=str(submission_id), municipality=municipality)


async def _stamps(runtime: Runtime, failures: Failures, url: str) -> None:
    """Apart from the roots: an authority that is slow or down holds up nobody."""
    way = replace(policy(runtime.settings), counterpart=Counterpart.TIMESTAMP)
    async with httpx_client(way, durations=runtime.durations) as client:
        await repeat(
            failures,
            "time_stamps",
            lambda: stamp_roots(runtime.store.database, client, url, runtime.clock.now(), os.urandom),
            SWEEP_EVERY_S,
        )
