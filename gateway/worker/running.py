"""Runs the job engine, and beside it the chores, webhooks, alarms and sign-outs.

Knows: the job `advance`, how many run at once, what is loaded first. Never does: decide about a submission's way.
Standard: architecture §1 (job queue), §3. Start reading: `work`.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from functools import partial
from uuid import UUID

import structlog

from gateway import failpoints
from gateway.delivery.fair_share import PLACES, FairShare
from gateway.errors import NotFound
from gateway.settings.gateway import Settings
from gateway.store.operation import jobs
from gateway.store.submissions import statements
from gateway.store.submissions.set_aside import set_aside
from gateway.wiring import recipients
from gateway.wiring.messengers import open_alert_sender, open_logout_sender, open_webhook_sender
from gateway.wiring.runtime import Runtime, failures, open_runtime
from gateway.worker.chores import chores
from gateway.xoev.readable import application as readable

log = structlog.get_logger()


async def work(settings: Settings, *, concurrency: int, on_ready: Callable[[], None], stop: asyncio.Event) -> None:
    """Carry out jobs until `stop`; comes back by itself after the database was away.

    `concurrency` is the number of submissions at once for one destination; all together have `PLACES` times as many.
    More jobs than that are in hand: those that wait a moment for a place hold none. `on_ready` is called once, when
    jobs are being taken.
    """
    failpoints.arm("worker", settings.failpoints)
    async with open_runtime(settings, also=recipients.attempts(settings)) as runtime:
        await asyncio.to_thread(_warm_up, runtime)

        shares = FairShare(PLACES * concurrency, tick=time.monotonic)
        delivery = replace(runtime.delivery, shares=shares)

        async def advance(submission_id: str) -> datetime | None:
            with contextlib.suppress(NotFound):
                return await delivery.advance(UUID(submission_id))
            return None

        app, counted = jobs.build_app(runtime.dsn, advance, partial(_give_up, runtime)), failures(runtime)
        async with (
            app.open_async(),
            open_webhook_sender(runtime, counted) as webhook_sender,
            open_alert_sender(runtime, counted) as alert_sender,
            open_logout_sender(runtime, counted) as logout_sender,
        ):
            senders = (webhook_sender, alert_sender, *((logout_sender,) if logout_sender.clients else ()))
            beside = (*chores(runtime, app, counted), *(sender.run() for sender in senders))
            tasks = [asyncio.create_task(task) for task in beside]
            on_ready()
            try:
                await jobs.work(app, concurrency=(PLACES + 1) * concurrency, stop=stop)
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)


def _warm_up(runtime: Runtime) -> None:
    """Load what the first submissions would otherwise wait for, all at once."""
    runtime.keys.load()
    readable.warm_up()
    statements.warm_up()


async def _give_up(runtime: Runtime, submission_id: str, kind: str) -> None:
    """Set aside a submission whose failed try cannot be written down as usual."""
    if await set_aside(runtime.store.database, UUID(submission_id), kind, runtime.clock.now()):
        await log.aerror("delivery.set_aside", submission_id=submission_id)
