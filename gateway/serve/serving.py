"""What `gateway serve` keeps running: the embedded database, the API, the worker; each comes back when it dies."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import structlog
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from gateway import failpoints
from gateway.backpressure.admission import Pressure, Thresholds
from gateway.backpressure.monitor import LoadMonitor
from gateway.errors import AddressTaken, AlreadyServing
from gateway.httpserver.server import serve as httpserver
from gateway.serve import parts as doors
from gateway.serve import tls
from gateway.settings.gateway import Settings
from gateway.store.operation.figures import StoredFigures
from gateway.store.server import embedded
from gateway.web.app import create_app
from gateway.web.http.certificate import ClientCertificates, TlsProtocol
from gateway.wiring import recipients
from gateway.wiring.refusals import Attempt
from gateway.wiring.runtime import Runtime, failures, open_runtime

log = structlog.get_logger()

LOOK_EVERY_S = 0.5
STOP_WITHIN_S = 7.0


@asynccontextmanager
async def serving(
    settings: Settings, *, worker_command: list[str] | None, stop: asyncio.Event
) -> AsyncIterator[dict[str, Any]]:
    """Start everything; yields the readiness line once requests are answered; afterwards nothing is left running."""
    failpoints.arm("serve", settings.failpoints)
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(_alone(settings.data_dir))
        external = settings.database.url is not None
        door = _door(settings.server.host, settings.server.port)
        stack.callback(door.close)
        host, port, *_ = door.getsockname()
        base_url = settings.server.base_url(port)
        also = attempts(settings, worker=worker_command is not None)
        runtime = await stack.enter_async_context(open_runtime(settings, base_url=base_url, also=also))
        keeper = _ChildProcesses(settings, worker_command, settings.environment(base_url))
        stack.push_async_callback(keeper.close)
        await keeper.open()
        pressure = await stack.enter_async_context(_watched(runtime))
        await stack.enter_async_context(_served(runtime, pressure, door, stop))
        listening = settings.server.listening(host, port)
        yield {"listening": listening, **_line(runtime, base_url, keeper, external=external)}


def attempts(settings: Settings, *, worker: bool) -> Iterator[Attempt]:
    """What API and worker read of the settings, tried one by one; see `refusals`."""
    yield from doors.attempts(settings)
    if worker:
        yield from recipients.attempts(settings)


def _line(runtime: Runtime, base_url: str, keeper: _ChildProcesses, *, external: bool) -> dict[str, Any]:
    issuer = runtime.issuers[0] if runtime.issuers else base_url
    return {
        "base_url": base_url,
        "api": f"{base_url}/api/v1",
        "token_url": f"{base_url}/oidc/token",
        "issuer": issuer,
        "health": f"{base_url}/health",
        "metrics": f"{base_url}/metrics",
        "database": "external" if external else "embedded",
        "pids": {"serve": os.getpid(), "worker": keeper.worker_pid, "postgres": keeper.postgres_pid},
    }


class _ChildProcesses:
    """Watches worker and embedded database and starts again what died."""

    def __init__(self, settings: Settings, worker_command: list[str] | None, told: Mapping[str, str]) -> None:
        self._settings = settings
        self._command = worker_command
        self._environment = {**os.environ, **told}
        self._worker: asyncio.subprocess.Process | None = None
        self._watch: asyncio.Task[None] | None = None
        self.postgres_pid: int | None = None

    @property
    def worker_pid(self) -> int | None:
        return self._worker.pid if self._worker else None

    async def open(self) -> None:
        if self._settings.database.url is None:
            self.postgres_pid = (await asyncio.to_thread(embedded.start, self._settings.data_dir)).pid
        if self._command:
            await self._start_worker()
        self._watch = asyncio.create_task(self._keep())

    async def close(self) -> None:
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

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                if self.postgres_pid and embedded.running(self._settings.data_dir) is None:
                    await log.aerror("serve.database_died")
                    self.postgres_pid = (await asyncio.to_thread(embedded.start, self._settings.data_dir)).pid
                if self._worker and self._worker.returncode is not None:
                    await log.aerror("serve.worker_died", returncode=self._worker.returncode)
                    await self._start_worker()
            except Exception as error:  # noqa: BLE001 - the keeper itself must never die
                await log.aerror("serve.restart_failed", error=type(error).__name__)


@asynccontextmanager
async def _watched(runtime: Runtime) -> AsyncIterator[Pressure]:
    """What runs out, seen once before the first request and every few seconds from then on."""
    section = runtime.settings.pressure
    limits = Thresholds(section.disk_free_bytes, section.memory_free_bytes, section.waiting_submissions)
    pressure = Pressure(limits)
    watch = LoadMonitor(
        pressure,
        StoredFigures(runtime.store.database),
        runtime.clock,
        runtime.settings.data_dir,
        section.database_bytes,
        failures=failures(runtime),
    )
    await watch.look()
    task = asyncio.create_task(watch.run())
    try:
        yield pressure
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def _served(
    runtime: Runtime, pressure: Pressure, door: socket.socket, stop: asyncio.Event
) -> AsyncIterator[None]:
    server_settings = runtime.settings.server
    app: Any = create_app(doors.dependencies(runtime, pressure))
    if server_settings.trusted_proxies:
        app = ProxyHeadersMiddleware(app, trusted_hosts=list(server_settings.trusted_proxies))
    header = server_settings.tls.client_certificate_header
    asked = ClientCertificates(app, header, server_settings.trusted_proxies)
    try:
        async with httpserver(asked, [door], TlsProtocol, tls=tls.context(runtime.settings)):
            yield
    finally:
        stop.set()


def _door(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    door = socket.socket(family, socket.SOCK_STREAM)
    door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        door.bind((host, port))
    except OSError:
        door.close()
        raise AddressTaken(address=f"{host}:{port}") from None
    door.listen(1024)
    return door


@contextlib.contextmanager
def _alone(data_dir: Path) -> Any:  # noqa: ANN401 - a generator for contextmanager
    """Hold the data directory: a second `serve` on it is refused with the first one's process id."""
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (data_dir / "serve.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise AlreadyServing(pid=lock.read().strip() or "?") from None
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield
