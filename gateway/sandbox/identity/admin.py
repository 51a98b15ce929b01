"""The admin API of the identity sandbox: look inside, order logins and faults, turn the clock, know service providers.

Knows: the fixed interface. Never does: answer a request whose `Host` is not loopback, or one without the random
segment of its address. Standard: fixed interfaces §5. Start reading: `ROUTES`.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.sandbox import faults
from gateway.sandbox.admin import bad, common_routes, guarded
from gateway.sandbox.http_input import AdminRefused, body, json_object
from gateway.sandbox.identity import answer, deviations, names, refusals
from gateway.sandbox.identity.accounts import organisations, persons
from gateway.sandbox.identity.sandbox import LoginOrder, sandbox_of

_METADATA_MOST: Final = 1 << 20
_ORDERS_MOST: Final = 10_000


async def _state(request: Request) -> Response:
    sandbox = sandbox_of(request)
    return JSONResponse(
        {
            "now": sandbox.clock.now().isoformat(),
            "clock_offset_s": sandbox.clock.offset_s,
            "service_providers": [
                {"entity_id": provider.entity_id, "answers_to": list(provider.answers_to)}
                for provider in sandbox.providers
            ],
            "logins": list(sandbox.outcomes),
            "open_logins": len(sandbox.open_logins),
            "orders": [
                {"person": order.account, "failure": order.failure, "left": order.left} for order in sandbox.orders
            ],
            "faults": [faults.describe(fault) for fault in sandbox.faults],
        }
    )


async def _service_provider(request: Request) -> Response:
    """`POST /service-providers`: metadata XML; 422 with every rule that is broken."""
    try:
        provider = sandbox_of(request).learn(await body(request, _METADATA_MOST))
    except refusals.MetadataRefused as error:
        errors = [
            {"code": code, "de": refusals.METADATA[code][0], "en": refusals.METADATA[code][1]} for code in error.codes
        ]
        raise AdminRefused(422, "The metadata break rules of BundID", errors=errors) from None
    return JSONResponse({"entity_id": provider.entity_id, "answers_to": list(provider.answers_to)}, 201)


async def _login(request: Request) -> Response:
    """`POST /login`: {"person","level"} or {"failure"} answers the next request; with `times` the next ones."""
    sandbox, order = sandbox_of(request), await json_object(request)
    account, level, failure = order.get("person"), order.get("level"), order.get("failure")
    times = order.get("times", 1)
    if isinstance(times, bool) or not isinstance(times, int) or not 0 < times <= 1 << 31:
        raise bad("times")
    if failure is not None:
        if failure not in answer.CHOSEN:
            raise bad("failure")
        account, number = None, 0
    else:
        if not isinstance(account, str) or not (account in persons() or account in organisations()):
            raise bad("person")
        number = names.LEVELS.get(level, 0) if isinstance(level, str) else 0
        if not number:
            raise bad("level")
    if len(sandbox.orders) >= _ORDERS_MOST:
        raise AdminRefused(429, "Too many orders wait")
    sandbox.orders.append(LoginOrder(account, number, failure, times))
    return JSONResponse({"person": account, "level": level, "failure": failure, "times": times}, 201)


async def _moved(request: Request) -> None:
    sandbox = sandbox_of(request)
    sandbox.fact("clock_offset_s", sandbox.clock.offset_s)


async def _reset(request: Request) -> Response:
    """`POST /reset`."""
    sandbox_of(request).reset()
    return Response(status_code=204)


ROUTES: Final = (
    Route("/state", guarded(_state), methods=["GET"]),
    Route("/service-providers", guarded(_service_provider), methods=["POST"]),
    Route("/login", guarded(_login), methods=["POST"]),
    *common_routes(deviations.KINDS, judge=deviations.checked, moved=_moved),
    Route("/reset", guarded(_reset), methods=["POST"]),
)
