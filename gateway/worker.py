"""Runs the job engine and what has to happen every few seconds.

Knows: the job `advance`, take-over of a dead worker's jobs, sweeps, roots over evidence, erasures, webhooks, alarms.
Never does: decide about a submission's way.
Standard: architecture §1 (job queue), §3. Start reading: `work`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import procrastinate
import structlog

from gateway import failpoints
from gateway.errors import DatabaseAway, GatewayError, NotFound
from gateway.evidence_watch import EvidenceWatch
from gateway.heralding import open_herald
from gateway.outbound.client import http_client
from gateway.settings import Settings
from gateway.stamping import stamp_roots
from gateway.store import alarms, jobs, statements
from gateway.store.sweep import sweep
from gateway.store.turns import RENEW_EVERY_S
from gateway.wiring import House, open_house, open_notifier, policy
from gateway.xoev import readable

log = structlog.get_logger()

LOOK_EVERY_S = 2.0
SWEEP_EVERY_S = 60.0
ERASE_EVERY_S = 3600.0


async def work(settings: Settings, *, concurrency: int, on_ready: Callable[[], None], stop: asyncio.Event) -> None:
    """Carry out jobs until `stop`; comes back by itself after the database was away.

    `concurrency` is the number of submissions at once. `on_ready` is called once, when jobs are being taken.
    """
    failpoints.arm("worker", settings.failpoints)
    async with open_house(settings) as house:
        await asyncio.to_thread(_rehearse, house)

        async def advance(submission_id: str) -> datetime | None:
            with contextlib.suppress(NotFound):
                return await house.delivery.advance(UUID(submission_id))
            return None

        app = jobs.build_app(house.dsn, advance)
        async with app.open_async(), open_notifier(house) as notifier, open_herald(house) as herald:
            apart = (
                _erasures(house),
                _deadlines(house),
                _roots(house),
                _proofs(house),
                _stamps(house),
                notifier.run(),
                herald.run(),
                _turns(house),
            )
            chores = [asyncio.create_task(chore) for chore in (_chores(house, app), *apart)]
            on_ready()
            try:
                await jobs.work(app, concurrency=concurrency, stop=stop)
            finally:
                for chore in chores:
                    chore.cancel()
                await asyncio.gather(*chores, return_exceptions=True)


def _rehearse(house: House) -> None:
    """Load what the first submissions would otherwise wait for, all at once."""
    house.keys.load()
    readable.rehearse()
    statements.rehearse()


async def _chores(house: House, app: procrastinate.App) -> None:
    rounds = 0
    while True:
        try:
            await jobs.rescue_stalled(app)
            await jobs.orphans(house.store.database)
            if rounds % int(SWEEP_EVERY_S / LOOK_EVERY_S) == 0:
                await sweep(house.store.database, house.clock.now())
                await jobs.forget_failed(app)
        except Exception as error:
            if not (isinstance(error, DatabaseAway) or jobs.is_database_away(error)):
                raise
            await log.awarning("worker.database_away")
        rounds += 1
        await asyncio.sleep(LOOK_EVERY_S)


async def _turns(house: House) -> None:
    """Apart from the other chores: places at destinations with bounds are kept, and taken over, within seconds."""
    bounds = house.delivery.bounds
    while bounds:
        try:
            await house.turns.renew()
            await house.turns.rescue(bounds)
        except GatewayError as error:
            await log.awarning("worker.no_turns", code=error.code)
        await asyncio.sleep(RENEW_EVERY_S)


async def _erasures(house: House) -> None:
    """Apart from the other chores: much to erase holds up no take-over."""
    while True:
        await asyncio.sleep(SWEEP_EVERY_S)
        for period in house.periods:
            try:
                number = await house.retention.run(period)
            except GatewayError as error:
                await log.awarning("worker.not_erased", code=error.code)
                continue
            if number:
                await log.ainfo(
                    "retention.erased",
                    municipality=period.municipality,
                    service=period.service,
                    stage=period.stage,
                    number=number,
                )
        await asyncio.sleep(ERASE_EVERY_S)


async def _deadlines(house: House) -> None:
    """Apart from the other chores, as they are: a look at every deadline each minute."""
    while True:
        try:
            found = await alarms.look(house.store.database, house.clock.now(), house.limits)
            for rule, submission_id, municipality in found:
                await log.awarning(
                    "alarm.raised", rule=rule, submission_id=str(submission_id), municipality=municipality
                )
        except GatewayError as error:
            await log.awarning("worker.no_alarms", code=error.code)
        await asyncio.sleep(SWEEP_EVERY_S)


async def _roots(house: House) -> None:
    """Apart from the other chores: much to sign holds up no take-over."""
    watch = EvidenceWatch(house.store, house.keys.token, house.guard, house.clock)
    while True:
        try:
            await watch.sign()
        except GatewayError as error:
            await log.awarning("worker.no_root", code=error.code)
        await asyncio.sleep(SWEEP_EVERY_S)


async def _proofs(house: House) -> None:
    """Apart from the roots: a look at all evidence takes its time, once after the start and then each night."""
    watch = EvidenceWatch(house.store, house.keys.token, house.guard, house.clock)
    while True:
        await asyncio.sleep(SWEEP_EVERY_S)
        try:
            await watch.look()
        except GatewayError as error:
            await log.awarning("worker.evidence_not_judged", code=error.code)


async def _stamps(house: House) -> None:
    """Apart from the roots: an authority that is slow or down holds up nobody."""
    url = house.settings.evidence.timestamp_url
    if not url:
        return
    async with http_client(policy(house.settings)) as client:
        while True:
            try:
                await stamp_roots(house.store.database, client, url, house.clock.now(), os.urandom)
            except GatewayError as error:
                await log.awarning("worker.no_time_stamp", code=error.code)
            await asyncio.sleep(SWEEP_EVERY_S)
