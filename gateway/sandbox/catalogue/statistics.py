"""Where monthly figures go: the SDG repository of the Commission, and a component for transactions of a Land.

Knows: transfer ids, corrections under the same id, the members of both bodies. Never does: count.
Standard: Implementing Regulation (EU) 2020/1121; the interface for transactions is not public, this one is made up.
Start reading: `ROUTES`.
"""

from __future__ import annotations

import re
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from gateway.sandbox.catalogue.sandbox import sandbox_of
from gateway.sandbox.http_input import json_object

KEY: Final = "sdg-sandbox-key"
BEARER: Final = "transactions-sandbox-token"
_MEMBERS: Final = {"uniqueId", "referencePeriod", "transferDate", "transferType", "nbEntries"}
_DEVICES: Final = {"PC", "Mobile", "Tablet", "Others"}
_RECEIVED_MOST: Final = 1000


async def _unique_id(request: Request) -> Response:
    if (refused := _refused(request)) is not None:
        return refused
    return PlainTextResponse(sandbox_of(request).ids.uuid())


async def _views(request: Request) -> Response:
    if (refused := _refused(request)) is not None:
        return refused
    sent = await json_object(request)
    faults = _head(sent, "sources")
    for entry in sent["sources"] if not faults else ():
        source = _member(entry, "source")
        lines = source.get("statistics")
        if not isinstance(source.get("sourceUrl"), str) or not isinstance(lines, list):
            faults.append("source")
        elif not all(isinstance(line, dict) and _counted(line) for line in lines):
            faults.append("statistics")
    return _kept(request, "views", sent, faults)


def _counted(line: dict[str, Any]) -> bool:
    country, visits = line.get("originatingCountry"), line.get("nbVisits")
    known = isinstance(country, str) and re.fullmatch(r"[A-Z]{2}", country) is not None
    return known and line.get("deviceType") in _DEVICES and isinstance(visits, int) and visits > 0


async def _feedback(request: Request) -> Response:
    if (refused := _refused(request)) is not None:
        return refused
    sent = await json_object(request)
    faults = _head(sent, "feedbacks")
    for entry in sent["feedbacks"] if not faults else ():
        line = _member(entry, "feedback")
        if line.get("rating") not in {1, 2, 3, 4, 5} or line.get("foundInformation") not in {"Yes", "Partly", "No"}:
            faults.append("feedback")
    return _kept(request, "feedback", sent, faults)


async def _transactions(request: Request) -> Response:
    if request.headers.get("authorization") != f"Bearer {BEARER}":
        return JSONResponse({"title": "Unauthorized", "status": 401}, 401)
    sent = await json_object(request)
    return _kept(request, "transactions", sent, [] if sent else ["body"])


ROUTES: Final = (
    Route("/sdg/v1/unique-id", _unique_id, methods=["GET"]),
    Route("/sdg/v1/statistics/information-services", _views, methods=["POST"]),
    Route("/sdg/v1/feedback/quality/batch", _feedback, methods=["POST"]),
    Route("/statistics/v1/transactions", _transactions, methods=["POST"]),
)


def _refused(request: Request) -> Response | None:
    if request.headers.get("x-api-key") == KEY:
        return None
    return JSONResponse({"title": "Forbidden", "status": 403}, 403)


def _member(entry: object, name: str) -> dict[str, Any]:
    member = entry.get(name) if isinstance(entry, dict) else None
    return member if isinstance(member, dict) else {}


def _head(sent: dict[str, Any], entries: str) -> list[str]:
    faults = sorted(_MEMBERS - set(sent))
    if not isinstance(sent.get(entries), list) or sent.get("nbEntries") != len(sent[entries]):
        faults.append(entries)
    if sent.get("transferType") != "API":
        faults.append("transferType")
    return faults


def _kept(request: Request, kind: str, sent: dict[str, Any], faults: list[str]) -> Response:
    if faults:
        return JSONResponse({"status": "error", "faults": sorted(set(faults))}, 422)
    received = sandbox_of(request).received
    corrected = kind != "transactions" and any(
        earlier["kind"] == kind and earlier["body"]["uniqueId"] == sent["uniqueId"] for earlier in received
    )
    received.append({"kind": kind, "corrects": corrected, "body": sent})
    del received[:-_RECEIVED_MOST]
    return JSONResponse({"status": "success"}, 200)
