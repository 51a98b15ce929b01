"""The OZG Data Hub of the sandbox: a row for each Leistung and area, as JSON pages and as CSV.

Knows: the column names of Open-PVOG, areas above and below, 406 and 413 of the export. Never does: measure an address;
`POST {admin}/online-status` says what is not `ok`. Standard: Open-PVOG as two public clients read it.
Start reading: `ROUTES`.
"""

from __future__ import annotations

import csv
import io
import re
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.sandbox.catalogue.holdings import Offer, below, levels
from gateway.sandbox.catalogue.sandbox import CatalogueSandbox

_EXPORT_MOST: Final = 50_000
_AREAS: Final = {
    "000000000000": "Bund",
    "150000000000": "Sachsen-Anhalt",
    "150900000000": "Landkreis Stendal",
    "150900546546": "Tangerhütte, Stadt",
    "150900550550": "Tangermünde, Stadt",
    "150900535535": "Stendal, Hansestadt",
    "150900225225": "Havelberg, Hansestadt",
    "150900415415": "Osterburg (Altmark), Hansestadt",
}


async def _areas(request: Request) -> Response:
    """`GET /public/v1/dash/open-ars`."""
    _ = request
    return JSONResponse([{"ars": ars, "name": name} for ars, name in _AREAS.items()])


async def _page(request: Request) -> Response:
    """`GET /public/v1/dash/open-pvog/{ars}`."""
    rows = _rows(request)
    page, size = request.query_params.get("page", "0"), request.query_params.get("size", "100")
    if not re.fullmatch(r"[0-9]{1,6}", page) or not re.fullmatch(r"[1-9][0-9]{0,3}", size):
        return JSONResponse({"message": "page or size is invalid"}, 400)
    first = int(page) * int(size)
    numbers = {"totalPages": -(-len(rows) // int(size)), "totalElements": len(rows), "number": int(page)}
    return JSONResponse({"content": rows[first : first + int(size)], "page": {**numbers, "size": int(size)}})


async def _export(request: Request) -> Response:
    """`GET /public/v1/dash/open-pvog/{ars}/export?filetype=csv`: a stream that nobody may ask for as `text/csv`."""
    if "octet-stream" not in request.headers.get("accept", "*/*") and request.headers.get("accept", "*/*") != "*/*":
        return Response(status_code=406)
    rows = _rows(request)
    if len(rows) > _EXPORT_MOST:
        return Response(status_code=413)
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else ["leika_key"], lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return Response("\ufeff" + text.getvalue(), media_type="application/octet-stream")


ROUTES: Final = (
    Route("/datahub/api/public/v1/dash/open-ars", _areas, methods=["GET"]),
    Route("/datahub/api/public/v1/dash/open-pvog/{ars:str}", _page, methods=["GET"]),
    Route("/datahub/api/public/v1/dash/open-pvog/{ars:str}/export", _export, methods=["GET"]),
)


def _rows(request: Request) -> list[dict[str, Any]]:
    sandbox: CatalogueSandbox = request.app.state.sandbox
    ars = request.path_params["ars"]
    above = request.query_params.get("includeAbove", "false") == "true"
    under = request.query_params.get("includeBelow", "false") == "true"
    around = set(levels(ars)) if above else {ars}
    offers = sandbox.holdings.offers()
    return [_row(sandbox, offer) for offer in offers if offer.ars in around or (under and below(offer.ars, ars))]


def _row(sandbox: CatalogueSandbox, offer: Offer) -> dict[str, Any]:
    imported = sandbox.imported_at or sandbox.clock.now()
    return {
        "leika_key": offer.leika_key,
        "leika_name": offer.name,
        "leika_bezeichnung": offer.name,
        "ars": offer.ars,
        "ars_name": _AREAS.get(offer.ars, offer.ars),
        "ozgid": "",
        "ozg_bezeichnung": "",
        "url": offer.url,
        "online_status": sandbox.holdings.status_of(offer.url),
        "aktiv": "ja",
        "art_flaechendeckung": "",
        "begruendung_nicht_beruecksichtigt": "",
        "datenstand_pvog_import": imported.date().isoformat(),
    }
