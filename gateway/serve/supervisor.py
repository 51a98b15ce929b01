"""Starts the processes beside `gateway serve` and starts them again when they die.

Knows: the worker's command, the embedded database, how long a stop may take. Never does: answer a request.
Standard: architecture §2. Start reading: `ChildProcesses`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping

import structlog

from gateway.settings.gateway import Settings
from gateway.store.server import embedded

log = structlog.get_logger()

LOOK_EVERY_S = 0.5
STOP_WITHIN_S = 7.0


class ChildProcesses:
    """Worker and embedded database, as long as they are watched."""

    def __init__(self, settings: Settings, worker_command: list[str] | None, environment: Mapping[str, str]) -> None:
        self._settings = settings
        self._command = worker_command
        self._environment = {**os.environ, **environment}
        self._worker: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self.postgres_pid: int | None = None

    @property
    def worker_pid(self) -> int | None:
        """The process id of the worker that runs now."""
        return self._worker.pid if self._worker else None

    async def open(self) -> None:
        """Start both; returns once the worker takes jobs, and watches from then on."""
        if self._settings.database.url is None:
            self.postgres_pid = (await asyncio.to_thread(embedded.start, self._settings.data_dir)).pid
        if self._command:
            await self._start_worker()
        self._watch = asyncio.create_task(self._restart_what_died())

    async def close(self) -> None:
        """Stop the worker; the embedded database goes with the last process that uses it."""
        if self._watch:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        if self._worker and self._worker.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self._worker.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(self._worker.wait(), STOP_WITHIN_S)
            except TimeoutError:
                self._worker.kill()
                await self._worker.wait()

    async def _start_worker(self) -> None:
        assert self._command
        self._worker = await asyncio.create_subprocess_exec(
            *self._command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,
            env=self._environment,
        )
        assert self._worker.stdout
        ready = await self._worker.stdout.readline()
        if not ready:
            await log.aerror("serve.worker_did_not_start")

    async def _restart_what_died(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                if self.postgres_pid and embedded.running(self._settings.data_dir) is None:
                    await log.aerror("serve.database_died")
                    self.postgres_pid = (await asyncio.to_thread(embedded.start, self._settings.data_dir)).pid
                if self._worker and self._worker.returncode is not None:
                    await log.aerror("serve.worker_died", returncode=self._worker.returncode)
                    await self._start_worker()
            except Exception as error:  # noqa: BLE001 - the watch itself must never die
                await log.aerror("serve.restart_failed", error=type(error).__name__)
