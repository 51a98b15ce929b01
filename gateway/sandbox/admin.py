"""What the admin APIs have in common: who may ask, faults on demand, the clock.

Knows: the fixed interface of faults and clock. Never does: answer a request whose `Host` is not loopback, or one that
a page sends. Standard: fixed interfaces §5. Start reading: `guarded`, then `common_routes`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Final, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.sandbox import faults
from gateway.sandbox.clock import Clock
from gateway.sandbox.http_input import AdminRefused, json_object

Endpoint = Callable[[Request], Awaitable[Response]]
_MOST_FAULTS: Final = 1000
_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "[::1]"})


class Administered(Protocol):
    """What every sandbox has, in its app's `state.sandbox`."""

    clock: Clock
    faults: list[faults.Fault]


async def _nothing_more(_: Request) -> None:
    pass


def guarded(endpoint: Endpoint) -> Endpoint:
    """The endpoint, closed to foreign hosts (DNS rebinding) and to pages."""

    async def checked(request: Request) -> Response:
        host = request.headers.get("host", "")
        name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
        if name not in _LOOPBACK or "origin" in request.headers:
            raise AdminRefused(403, "The admin API answers on loopback only")
        return await endpoint(request)

    return checked


def common_routes(
    own_kinds: Collection[str] = (),
    *,
    judge: Callable[[faults.Fault], faults.Fault] = lambda fault: fault,
    moved: Callable[[Request], Awaitable[None]] = _nothing_more,
) -> Sequence[Route]:
    """Faults and clock.

    `own_kinds` are the sandbox's further faults, `judge` looks at one (`FaultUnfit`); `moved` is told when the clock
    was turned.
    """

    async def add_fault(request: Request) -> Response:
        sandbox = _sandbox(request)
        try:
            fault = judge(faults.Fault.read(await json_object(request), own_kinds))
        except faults.FaultUnfit as unfit:
            raise bad(unfit.name) from None
        sandbox.faults[:] = [fault for fault in sandbox.faults if fault.left != 0]
        if len(sandbox.faults) >= _MOST_FAULTS:
            raise AdminRefused(429, "Too many faults are ordered")
        sandbox.faults.append(fault)
        return JSONResponse(faults.describe(fault), 201)

    async def clear_faults(request: Request) -> Response:
        _sandbox(request).faults.clear()
        return Response(status_code=204)

    async def clock(request: Request) -> Response:
        sandbox = _sandbox(request)
        seconds = (await json_object(request)).get("advance_s")
        if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not abs(seconds) < 1e10:
            raise bad("advance_s")
        sandbox.clock.advance(seconds)
        await moved(request)
        return JSONResponse({"now": sandbox.clock.now().isoformat()})

    return (
        Route("/faults", guarded(add_fault), methods=["POST"]),
        Route("/faults", guarded(clear_faults), methods=["DELETE"]),
        Route("/clock", guarded(clock), methods=["POST"]),
    )


def bad(name: str) -> AdminRefused:
    """The refusal of a member that is missing or wrong."""
    return AdminRefused(400, f"{name} is missing or invalid", parameter=name)


def _sandbox(request: Request) -> Administered:
    sandbox: Administered = request.app.state.sandbox
    return sandbox
