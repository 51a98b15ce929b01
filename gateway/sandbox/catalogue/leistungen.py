"""The FIM portal of the sandbox: which Leistung a key names.

Knows: keys of what it holds. Never does: more of the portal's API. Standard: FIM Portal API 0.24.0 (as far as used).
Start reading: `ROUTES`.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from gateway.sandbox.catalogue.sandbox import CatalogueSandbox


async def _profiles(request: Request) -> Response:
    """`GET /api/v1/leistung-steckbriefe?fts_query=`: by key, or by a part of the name."""
    sandbox: CatalogueSandbox = request.app.state.sandbox
    asked = request.query_params.get("fts_query", "").lower()
    known = {offer.leika_key: offer.name for offer in sandbox.holdings.offers()}
    items = [
        {"leistungsschluessel": [key], "title": name}
        for key, name in sorted(known.items())
        if asked and (asked == key or asked in name.lower())
    ]
    return JSONResponse({"items": items, "total_count": len(items)})


ROUTES: Final = (Route("/fim/api/v1/leistung-steckbriefe", _profiles, methods=["GET"]),)
