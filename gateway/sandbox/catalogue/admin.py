"""The admin API of the catalogue sandbox: look inside, order an import, faults and what is offline, turn the clock.

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
from gateway.sandbox.catalogue.pulling import pull
from gateway.sandbox.catalogue.sandbox import sandbox_of
from gateway.sandbox.http_input import json_object


async def _state(request: Request) -> Response:
    sandbox = sandbox_of(request)
    return JSONResponse(
        {
            "now": sandbox.clock.now().isoformat(),
            "clock_offset_s": sandbox.clock.offset_s,
            "objects": [
                {"class": key[0], "agency": key[1], "id": key[2], "names": held.names, "links": list(held.links)}
                for key, held in sandbox.holdings.objects.items()
            ],
            "offers": [
                {"id": offer.id, "leika_key": offer.leika_key, "ars": offer.ars, "url": offer.url}
                for offer in sandbox.holdings.offers()
            ],
            "imports": [outcome.as_json() for outcome in sandbox.outcomes],
            "imported_at": sandbox.imported_at.isoformat() if sandbox.imported_at else None,
            "received": sandbox.received,
            "faults": [faults.describe(fault) for fault in sandbox.faults],
        }
    )


async def _pull(request: Request) -> Response:
    """`POST /pull` {"index"}: fetch and import a whole data set, as every night; 422 where nothing was taken over."""
    index = (await json_object(request)).get("index")
    if not isinstance(index, str) or not index.startswith(("http://", "https://")):
        raise bad("index")
    outcome = await pull(sandbox_of(request), index)
    return JSONResponse(outcome.as_json(), 422 if any(fault.technical for fault in outcome.faults) else 200)


async def _online_status(request: Request) -> Response:
    """`POST /online-status` {"url","status"}: what the Data Hub says of an address; `ok` takes it back."""
    order = await json_object(request)
    url, status = order.get("url"), order.get("status", "nicht ok")
    if not isinstance(url, str) or not isinstance(status, str):
        raise bad("url or status")
    spoilt = sandbox_of(request).holdings.spoilt
    spoilt.pop(url, None)
    if status != "ok":
        spoilt[url] = status
    return JSONResponse({"url": url, "status": status})


async def _reset(request: Request) -> Response:
    """`POST /reset`."""
    sandbox_of(request).reset()
    return Response(status_code=204)


ROUTES: Final = (
    Route("/state", guarded(_state), methods=["GET"]),
    Route("/pull", guarded(_pull), methods=["POST"]),
    Route("/online-status", guarded(_online_status), methods=["POST"]),
    *common_routes(),
    Route("/reset", guarded(_reset), methods=["POST"]),
)
