"""The search service (PVOG Suchdienst) of the sandbox: which online services and Leistungen stand for an area.

Knows: the members that public clients read, pages, inherited offers of district, Land and federation. Never does: tell
a service of ours from another's. Standard: PVOG Suchdienst as three public clients read it. Start reading: `ROUTES`.
"""

from __future__ import annotations

import re
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.sandbox.catalogue.holdings import Offer, levels
from gateway.sandbox.catalogue.sandbox import sandbox_of

PAGE: Final = 50
_ARS: Final = re.compile(r"[0-9]{12}")


async def _online_services(request: Request) -> Response:
    """`GET /v1beta2/onlineservices?ars=&leikaIds=&nextPageToken=`."""
    offers = _asked(request)
    if offers is None:
        return _bad("ars")
    begin = _number(request.query_params.get("nextPageToken", "0"))
    if begin is None:
        return _bad("nextPageToken")
    shown = [
        {
            "id": offer.id,
            "name": offer.name,
            "links": [{"title": offer.name, "uri": offer.url}],
            "serviceDescriptions": [{"id": offer.leistung_id, "ars": [offer.ars]}],
        }
        for offer in offers[begin : begin + PAGE]
    ]
    following = str(begin + PAGE) if begin + PAGE < len(offers) else None
    return JSONResponse(
        {"totalHits": len(offers), "hits": len(shown), "onlineservices": shown, "nextPageToken": following}
    )


async def _descriptions(request: Request) -> Response:
    """`GET /v3/servicedescriptions/leikaid?leikaIds=&ars=&validDate=&page=&size=`, a page of Spring Data."""
    offers = _asked(request)
    page, size = _number(request.query_params.get("page", "0")), _number(request.query_params.get("size", "20"))
    if offers is None or page is None or not size or size > 200:
        return _bad("ars, page or size")
    content = [
        {
            "id": offer.leistung_id,
            "name": offer.name,
            "leikakeys": [offer.leika_key],
            "ars": [offer.ars],
            "onlineServiceLinks": [{"title": offer.name, "uri": offer.url}],
        }
        for offer in offers[page * size : (page + 1) * size]
    ]
    pages = -(-len(offers) // size)
    return JSONResponse(
        {"content": content, "totalElements": len(offers), "totalPages": pages, "number": page, "size": size}
    )


async def _locations(request: Request) -> Response:
    """`GET /v2/locations?q=`: the one town that the sandbox knows by place or postal code."""
    asked = request.query_params.get("q", "").lower()
    town = {"ars": "150900546546", "ags": "15090546", "name": "Tangerhütte", "zip": "39517", "zipCodeCount": 1}
    return JSONResponse([town] if asked and (asked == "39517" or "tangerhütte".startswith(asked)) else [])


async def _detail(request: Request) -> Response:
    """`GET /v2/onlineservices/detail?q=`."""
    asked = request.query_params.get("q", "")
    offer = next((offer for offer in sandbox_of(request).holdings.offers() if offer.id == asked), None)
    if offer is None:
        return JSONResponse({"message": "not found"}, 404)
    return JSONResponse({"id": offer.id, "name": offer.name, "links": [{"title": offer.name, "uri": offer.url}]})


async def _relations(request: Request) -> Response:
    """`GET /v1/relations/jzufi-2-3?ars=&lbids=`: responsibilities with what stands in `idSekundaer`."""
    ars = request.query_params.get("ars", "")
    relations = [
        {
            "leistungID": held.leistung,
            "gebietID": list(held.areas),
            "idSekundaer": [{"schemeID": scheme, "value": value} for scheme, value in held.secondary],
        }
        for held in sandbox_of(request).holdings.objects.values()
        if held.key[0] == "zustaendigkeit" and ars in held.areas
    ]
    return JSONResponse({"zustaendigkeit": relations})


ROUTES: Final = (
    Route("/suchdienst/api/v1beta2/onlineservices", _online_services, methods=["GET"]),
    Route("/suchdienst/api/v3/servicedescriptions/leikaid", _descriptions, methods=["GET"]),
    Route("/suchdienst/api/v2/locations", _locations, methods=["GET"]),
    Route("/suchdienst/api/v2/onlineservices/detail", _detail, methods=["GET"]),
    Route("/suchdienst/api/v1/relations/jzufi-2-3", _relations, methods=["GET"]),
)


def _asked(request: Request) -> list[Offer] | None:
    """The offers of an area and of those above it, for the keys asked; None where the area is none."""
    ars = request.query_params.get("ars", "")
    if not _ARS.fullmatch(ars):
        return None
    keys = {key for value in request.query_params.getlist("leikaIds") for key in value.split(",") if key}
    around = levels(ars)
    offers = sandbox_of(request).holdings.offers()
    return [offer for offer in offers if offer.ars in around and (not keys or offer.leika_key in keys)]


def _number(text: str) -> int | None:
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) else None


def _bad(name: str) -> Response:
    return JSONResponse({"message": f"{name} is missing or invalid"}, 400)
