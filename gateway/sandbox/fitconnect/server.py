"""The sandbox as a web server: its addresses, its readiness line, its life.

Knows: which endpoint stands where. Never does: listen on anything but what it is told; loopback by default.
Standard: fixed interfaces §1 (readiness line). Start reading: `serve`.
"""

from __future__ import annotations

import asyncio
import os
import socket
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.types import ASGIApp

from gateway.httpserver.opening import listen, locked
from gateway.sandbox.fitconnect import (
    admin,
    arrival,
    deadlines,
    destinations,
    forgeries,
    keyring,
    offers,
    pickup,
    routing,
    submissions,
    tokens,
)
from gateway.sandbox.fitconnect.offers import SampleService
from gateway.sandbox.fitconnect.problems import Problem, TokenProblem, answer_problem
from gateway.sandbox.fitconnect.requests import Json
from gateway.sandbox.fitconnect.sandbox import Sandbox
from gateway.sandbox.serving import application, base_url, served

__all__ = ["SampleService", "Sandbox", "app", "readiness", "serve"]

_TICK_S: Final = 60.0


def app(sandbox: Sandbox) -> ASGIApp:
    """The whole sandbox as an ASGI application, faults included."""
    return application(
        sandbox,
        [
            Route("/token", tokens.token, methods=["POST"]),
            Route("/submission-api/.well-known/jwks.json", routing.delivery_keys, methods=["GET"]),
            Mount("/submission-api/v1", routes=_submission_routes("v1")),
            Mount("/submission-api/v2", routes=_submission_routes("v2")),
            Mount("/destination-api/v1", routes=_destination_routes()),
            Mount("/destination-api/v2", routes=_destination_routes()),
            Mount("/routing-api/v1", routes=_routing_routes()),
            Mount("/routing-api/v2", routes=_routing_routes()),
            Route("/portal/.well-known/jwks.json", routing.portal_keys, methods=["GET"]),
            Mount(sandbox.admin_path, routes=list(admin.ROUTES)),
        ],
        {Problem: answer_problem, TokenProblem: answer_problem, HTTPException: _no_such_address},
        refusal=_refusal,
        forge=partial(forgeries.forged, sandbox),
    )


def _refusal(status: int) -> bytes:
    return bytes(Problem(status, "fault-on-demand", "Fault on demand").response().body)


def _submission_routes(api: str) -> list[Route]:
    common = [
        Route("/submissions", submissions.create, methods=["POST"]),
        Route("/submissions", pickup.listing, methods=["GET"]),
        Route("/submissions/{submission_id}", submissions.submit, methods=["PUT"]),
        Route("/submissions/{submission_id}", pickup.fetch, methods=["GET"]),
        Route("/submissions/{submission_id}/attachments/{attachment_id}", submissions.upload, methods=["PUT"]),
        Route("/submissions/{submission_id}/attachments/{attachment_id}", pickup.fetch_attachment, methods=["GET"]),
        Route("/submissions/{submission_id}/events", pickup.submission_events, methods=["GET"]),
        Route("/cases", pickup.cases, methods=["GET"]),
        Route("/cases/{case_id}", pickup.case, methods=["GET"]),
        Route("/cases/{case_id}/events", pickup.case_events, methods=["GET"]),
        Route("/cases/{case_id}/events", pickup.post_event, methods=["POST"]),
        Route("/destinations/{destination_id}/keys/{kid}", destinations.read_key, methods=["GET"]),
        Route("/destinations/{destination_id}", destinations.read, methods=["GET"]),
        Route("/info", _info(api), methods=["GET"]),
    ]
    if api == "v1":
        return [*common, *_destination_routes()]
    return common


def _destination_routes() -> list[Route]:
    return [
        Route("/destinations", destinations.manage_list, methods=["GET"]),
        Route("/destinations", destinations.create, methods=["POST"]),
        Route("/destinations/{destination_id}", destinations.manage_read, methods=["GET"]),
        Route("/destinations/{destination_id}", destinations.put, methods=["PUT"]),
        Route("/destinations/{destination_id}", destinations.patch, methods=["PATCH"]),
        Route("/destinations/{destination_id}", destinations.delete, methods=["DELETE"]),
        Route("/destinations/{destination_id}/keys", destinations.manage_keys, methods=["GET"]),
        Route("/destinations/{destination_id}/keys", destinations.add_key, methods=["POST"]),
    ]


def _routing_routes() -> list[Route]:
    return [
        Route("/routes", routing.routes, methods=["GET"]),
        Route("/areas", routing.areas, methods=["GET"]),
        Route("/info", routing.info, methods=["GET"]),
    ]


def _info(api: str) -> Callable[[Request], Any]:
    version = {"major": 1, "minor": 1, "patch": 3} if api == "v1" else {"major": 2, "minor": 0, "patch": 0}

    async def info(_: Request) -> Response:
        return Json({"version": version})

    return info


async def _no_such_address(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    slug = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "technical-error")
    answer = Problem(error.status_code, slug, error.detail).response()
    answer.headers.update(error.headers or {})
    return answer


def readiness(sandbox: Sandbox) -> dict[str, Any]:
    """The readiness line."""
    base, store = sandbox.base_url, sandbox.store
    destinations = [d for d in store.destinations.values() if d.ours]
    return {
        "token_url": f"{base}/token",
        "submission_api_v1": f"{base}/submission-api/v1",
        "submission_api_v2": f"{base}/submission-api/v2",
        "destination_api": f"{base}/destination-api",
        "routing_api": f"{base}/routing-api",
        "portal_jwks": f"{base}/portal/.well-known/jwks.json",
        "delivery_jwks": f"{base}/submission-api/.well-known/jwks.json",
        "delivery_issuer": sandbox.issuer,
        "portal_issuer": sandbox.portal_issuer,
        "submission_host": sandbox.host,
        "admin": base + sandbox.admin_path,
        "clients": [
            {"role": c.role, "client_id": c.client_id, "client_secret": c.client_secret} for c in store.clients.values()
        ],
        "destinations": [
            {
                "destination_id": d.id,
                "name": d.name,
                "subscriber": d.subscriber,
                "metadata_versions": list(d.metadata_versions),
                "services": offers.readiness(d.services),
                "decryption_jwk_file": str(sandbox.keys.file(f"{d.subscriber}-{keyring.ENCRYPTION}").resolve()),
                "signing_jwk_file": str(sandbox.keys.file(f"{d.subscriber}-{keyring.SIGNING}").resolve()),
            }
            for d in destinations
        ],
        "pid": os.getpid(),
    }


async def serve(  # noqa: PLR0913 - what the command can be told, all of it named
    *,
    data: Path | None,
    port: int,
    host: str = "127.0.0.1",
    on_ready: Callable[[dict[str, Any]], None],
    stop: asyncio.Event,
    offered: Sequence[SampleService] = offers.DEMO,
    schemas: Path | None = None,
    signers: Path | None = None,
) -> None:
    """Serve until `stop` is set; ends within 10 s then.

    Args:
        data: directory to keep everything in; None: a temporary one, removed at the end.
        port: TCP port; 0 lets the system choose.
        host: address to listen on.
        on_ready: gets the readiness line once requests are answered.
        stop: set it to end.
        offered: the services that the own destinations take.
        schemas: directory with official metadata schema files; None: our own rule set.
        signers: JWK set of those who may sign documents; None: any key that a signature brings along.

    Raises `AddressTaken`, and `AlreadyServing` where another process has `data`.
    """
    with ExitStack() as stack:
        listener = stack.enter_context(listen(host, port))
        directory = data or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fit-connect-sandbox-")))
        stack.enter_context(locked(directory, "sandbox.lock"))
        sandbox = await asyncio.to_thread(
            Sandbox.open,
            directory,
            base_url=base_url(host, listener),
            offered=offered,
            schemas=schemas,
            signers=signers,
        )
        try:
            await _run(sandbox, listener, on_ready, stop)
        finally:
            await sandbox.close()


async def _run(
    sandbox: Sandbox, listener: socket.socket, on_ready: Callable[[dict[str, Any]], None], stop: asyncio.Event
) -> None:
    ticking = asyncio.create_task(_tick(sandbox))
    try:
        async with served(app(sandbox), listener, stop) as answers:
            if answers:
                arrival.resume(sandbox)
                on_ready(readiness(sandbox))
    finally:
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)


async def _tick(sandbox: Sandbox) -> None:
    while True:
        await deadlines.enforce(sandbox)
        await asyncio.sleep(_TICK_S)
