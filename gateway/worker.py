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
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from uuid import UUID

import procrastinate
import structlog

from gateway import failpoints
from gateway.errors import DatabaseAway, GatewayError, NotFound
from gateway.heralding import open_herald
from gateway.outbound.client import http_client
from gateway.outbound.pace import Counterpart
from gateway.settings import Settings
from gateway.shares import PLACES, Shares
from gateway.stamping import stamp_roots
from gateway.store import alarms, exchanges, jobs, roots, statements
from gateway.store.sweep import sweep
from gateway.store.turns import RENEW_EVERY_S
from gateway.wiring import House, open_house, open_notifier, policy
from gateway.xoev import readable

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
    async with open_house(settings) as house:
        await asyncio.to_thread(_rehearse, house)

        shares = Shares(PLACES * concurrency, tick=time.monotonic)
        delivery = replace(house.delivery, shares=shares)

        async def advance(submission_id: str) -> datetime | None:
            with contextlib.suppress(NotFound):
                return await delivery.advance(UUID(submission_id))
            return None

        app = jobs.build_app(house.dsn, advance)
        async with app.open_async(), open_notifier(house) as notifier, open_herald(house) as herald:
            apart = (
                _erasures(house),
                _deadlines(house),
                _roots(house),
                _stamps(house),
                notifier.run(),
                herald.run(),
                _turns(house),
                _exchanges(house),
            )
            chores = [asyncio.create_task(chore) for chore in (_chores(house, app), *apart)]
            on_ready()
            try:
                await jobs.work(app, concurrency=(PLACES + 1) * concurrency, stop=stop)
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


async def _exchanges(house: House) -> None:
    """Apart from the other chores: how long exchanges took is written down, and who is slow becomes an alarm."""
    while True:
        taken = house.durations.take()
        try:
            if taken:
                await exchanges.write(house.store.database, taken, house.clock.now())
                taken = {}
            await exchanges.look(house.store.database, house.clock.now())
        except GatewayError as error:
            house.durations.put_back(taken)
            await log.awarning("worker.no_exchanges", code=error.code)
        await asyncio.sleep(EXCHANGES_EVERY_S)


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
    while True:
        try:
            await roots.sign_due(house.store.database, house.keys.token, house.clock.now())
        except GatewayError as error:
            await log.awarning("worker.no_root", code=error.code)
        await asyncio.sleep(SWEEP_EVERY_S)


async def _stamps(house: House) -> None:
    """Apart from the roots: an authority that is slow or down holds up nobody."""
    url = house.settings.evidence.timestamp_url
    if not url:
        return
    way = replace(policy(house.settings), counterpart=Counterpart.TIMESTAMP)
    async with http_client(way, durations=house.durations) as client:
        while True:
            try:
                await stamp_roots(house.store.database, client, url, house.clock.now(), os.urandom)
            except GatewayError as error:
                await log.awarning("worker.no_time_stamp", code=error.code)
            await asyncio.sleep(SWEEP_EVERY_S)
