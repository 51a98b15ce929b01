"""Monthly page views: handed in by portals.

Knows: fixed interfaces §4. Never does: check them (`catalogue.statistics.page_views` does).
Standard: Implementing Regulation (EU) 2020/1121 article 3. Start reading: `hand_in`.
"""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from gateway.catalogue.statistics import page_views
from gateway.errors import NotFound
from gateway.web.dependencies import dependencies_of
from gateway.web.http import body
from gateway.web.http.answer import reply
from gateway.web.http.route import Route
from gateway.web.portal.caller import WRITE, caller
from gateway.web.portal.query import Query


async def hand_in(request: Request) -> Response:
    """Keep a month's views of services' pages; they replace what was said of these services for that month."""
    client = caller(request, WRITE).client
    Query.of(request, ()).done()
    dependencies = dependencies_of(request)
    statistics = dependencies.statistics
    if statistics is None:
        raise NotFound
    kept = await page_views.hand_in(
        await body.read_object(request, dependencies.limits),
        statistics.statuses,
        statistics.views,
        dependencies.clock.now(),
        towns=dependencies.served(client),
        services=client.services,
    )
    return reply(kept.as_json())


ROUTES: Final = (
    Route("POST", "/api/v1/statistics", hand_in, {200: "MonthlyViewsKept"}, (), scope=WRITE, takes="MonthlyViews"),
)
