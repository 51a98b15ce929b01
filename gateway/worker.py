"""Runs the job engine and what has to happen every few seconds.

Knows: the job `advance`, take-over of a dead worker's jobs, sweeps. Never does: decide about a submission's way.
Standard: architecture §1 (job queue), §3. Start reading: `work`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

import procrastinate
import structlog

from gateway.errors import DatabaseAway, NotFound
from gateway.settings import Settings
from gateway.store import jobs, roots
from gateway.store.sweep import sweep
from gateway.wiring import House, open_house

log = structlog.get_logger()

LOOK_EVERY_S = 2.0
SWEEP_EVERY_S = 60.0
ERASE_EVERY_S = 3600.0


async def work(settings: Settings, *, concurrency: int, on_ready: Callable[[], None], stop: asyncio.Event) -> None:
    """Carry out jobs until `stop`; comes back by itself after the database was away.

    `concurrency` is the number of submissions at once. `on_ready` is called once, when jobs are being taken.
    """
    async with open_house(settings) as house:

        async def advance(submission_id: str) -> datetime | None:
            with contextlib.suppress(NotFound):
                return await house.delivery.advance(UUID(submission_id))
            return None

        app = jobs.build_app(house.dsn, advance)
        async with app.open_async():
            chores = asyncio.create_task(_chores(house, app))
            on_ready()
            try:
                await jobs.work(app, concurrency=concurrency, stop=stop)
            finally:
                chores.cancel()
                await asyncio.gather(chores, return_exceptions=True)


async def _chores(house: House, app: procrastinate.App) -> None:
    rounds = 0
    while True:
        try:
            await jobs.rescue_stalled(app)
            await jobs.orphans(house.store.database)
            if rounds % int(SWEEP_EVERY_S / LOOK_EVERY_S) == 0:
                await sweep(house.store.database, house.clock.now())
                await roots.sign_due(house.store.database, house.keys.token, house.clock.now())
                await jobs.forget_failed(app)
            if rounds % int(ERASE_EVERY_S / LOOK_EVERY_S) == 1:
                await _erase(house)
        except Exception as error:
            if not (isinstance(error, DatabaseAway) or jobs.is_database_away(error)):
                raise
            await log.awarning("worker.database_away")
        rounds += 1
        await asyncio.sleep(LOOK_EVERY_S)


async def _erase(house: House) -> None:
    for period in house.periods:
        if number := await house.retention.run(period):
            await log.ainfo(
                "retention.erased",
                municipality=period.municipality,
                service=period.service,
                stage=period.stage,
                number=number,
            )
