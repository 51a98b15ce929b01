"""What `gateway serve` runs: the API on its socket, and beside it the worker and the embedded database.

Knows: in which order they begin and end, who else serves the same data. Never does: answer a request itself.
Standard: fixed interfaces §1 (readiness). Start reading: `serving`.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import asynccontextmanager
from typing import Any

from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from gateway import failpoints
from gateway.backpressure.admission import Pressure, Thresholds
from gateway.backpressure.monitor import LoadMonitor
from gateway.errors.recurring import repeat
from gateway.httpserver.opening import listen, locked
from gateway.httpserver.server import serve as httpserver
from gateway.serve import dependencies, tls
from gateway.serve.logins import Logins, open_logins
from gateway.serve.supervisor import ChildProcesses
from gateway.settings.gateway import Settings
from gateway.store.operation.figures import StoredFigures
from gateway.web.app import create_app
from gateway.web.http.certificate import ClientCertificates, TlsProtocol
from gateway.wiring import recipients
from gateway.wiring.refusals import Attempt
from gateway.wiring.runtime import Runtime, failures, open_runtime


@asynccontextmanager
async def serving(
    settings: Settings, *, worker_command: list[str] | None, stop: asyncio.Event
) -> AsyncIterator[dict[str, Any]]:
    """Start everything; yields the readiness line once requests are answered; afterwards nothing is left running."""
    failpoints.arm("serve", settings.failpoints)
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(locked(settings.data_dir, "serve.lock"))
        external = settings.database.url is not None
        listener = listen(settings.server.host, settings.server.port)
        stack.callback(listener.close)
        host, port, *_ = listener.getsockname()
        base_url = settings.server.base_url(port)
        also = attempts(settings, worker=worker_command is not None)
        runtime = await stack.enter_async_context(open_runtime(settings, base_url=base_url, also=also))
        logins = await open_logins(runtime)
        processes = ChildProcesses(settings, worker_command, settings.environment(base_url))
        stack.push_async_callback(processes.close)
        await processes.open()
        pressure = await stack.enter_async_context(_load_monitored(runtime))
        if logins is not None:
            await stack.enter_async_context(_beside(logins.count(runtime, failures(runtime))))
            if worker_command is None:
                await stack.enter_async_context(_beside(logins.keep_metadata(runtime, failures(runtime))))
        await runtime.store.database.fill()
        await stack.enter_async_context(_http_served(runtime, pressure, logins, listener, stop))
        if worker_command is None:
            await stack.enter_async_context(_beside(_follow_entries(runtime)))
        listening = settings.server.listening(host, port)
        yield {"listening": listening, **_ready_line(runtime, base_url, processes, external=external)}


def attempts(settings: Settings, *, worker: bool) -> Iterator[Attempt]:
    """What API and worker read of the settings, tried one by one; see `refusals`."""
    yield from dependencies.attempts(settings)
    if worker:
        yield from recipients.attempts(settings)


def _ready_line(runtime: Runtime, base_url: str, processes: ChildProcesses, *, external: bool) -> dict[str, Any]:
    issuer = runtime.issuers[0] if runtime.issuers else base_url
    return {
        "base_url": base_url,
        "api": f"{base_url}/api/v1",
        "token_url": f"{base_url}/oidc/token",
        "issuer": issuer,
        "status": f"{base_url}/status",
        "health": f"{base_url}/health",
        "metrics": f"{base_url}/metrics",
        "database": "external" if external else "embedded",
        "pids": {"serve": os.getpid(), "worker": processes.worker_pid, "postgres": processes.postgres_pid},
    }


@asynccontextmanager
async def _load_monitored(runtime: Runtime) -> AsyncIterator[Pressure]:
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
    async with _beside(watch.run()):
        yield pressure


async def _follow_entries(runtime: Runtime) -> None:
    """Register what services and files claim, where no worker of ours does; nobody waits for it with a request."""
    from gateway.wiring.catalogue_registry import LOOK_EVERY_S, EntryFollower  # noqa: PLC0415 - after the readiness line

    await repeat(failures(runtime), "catalogue_entries", EntryFollower(runtime).look, LOOK_EVERY_S)


@asynccontextmanager
async def _beside(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Work that goes on until the end of the block."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def _http_served(
    runtime: Runtime, pressure: Pressure, logins: Logins | None, listener: socket.socket, stop: asyncio.Event
) -> AsyncIterator[None]:
    server_settings = runtime.settings.server
    app: Any = create_app(dependencies.web_dependencies(runtime, pressure, logins))
    if server_settings.trusted_proxies:
        app = ProxyHeadersMiddleware(app, trusted_hosts=list(server_settings.trusted_proxies))
    header = server_settings.tls.client_certificate_header
    asked = ClientCertificates(app, header, server_settings.trusted_proxies)
    try:
        async with httpserver(asked, [listener], TlsProtocol, tls=tls.context(runtime.settings)):
            yield
    finally:
        stop.set()
