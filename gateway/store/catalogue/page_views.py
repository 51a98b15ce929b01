"""Views of pages as portals handed them in.

Knows: the last word on a service and month holds. Never does: check them (`catalogue.statistics.page_views` does).
Standard: Implementing Regulation (EU) 2020/1121 article 3. Start reading: `StoredPageViews.replace`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final

from gateway.catalogue.statistics.page_views import MonthlyViews, PageViews
from gateway.ports.clock import Clock
from gateway.store.connection import database as db
from gateway.store.connection.database import Database, numbered

KEPT_YEARS: Final = 3
_LOCK: Final = numbered("SELECT pg_advisory_xact_lock(hashtextextended('page_views ' || %(town)s, 0))")
_REMOVE: Final = numbered(
    "DELETE FROM page_views WHERE municipality = %(town)s AND month = %(month)s AND service = ANY(%(services)s::text[])"
)
_ADD: Final = numbered(
    """
INSERT INTO page_views (municipality, month, service, country, device, url, visits, changed_at)
SELECT %(town)s, %(month)s, service, country, device, url, visits, %(now)s
FROM unnest(%(services)s::text[], %(countries)s::text[], %(devices)s::text[], %(urls)s::text[], %(visits)s::bigint[])
    AS given (service, country, device, url, visits)
"""
)
_OF: Final = numbered(
    "SELECT service, url, country, device, visits FROM page_views "
    "WHERE municipality = %(town)s AND month = %(month)s ORDER BY service, country, device"
)
_PRUNE: Final = numbered(
    """
WITH sent AS (DELETE FROM statistics_transfers WHERE kind = 'views' AND month < %(before)s)
DELETE FROM page_views WHERE month < %(before)s
""",
    commits="statistics.prune_views",
)


class StoredPageViews:
    """Keeps the port `gateway.catalogue.statistics.page_views.PageViewRows`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def replace(self, handed_in: MonthlyViews) -> None:
        """See the port. Two that speak of the same come one after the other."""
        views, of_month = handed_in.views, {"town": handed_in.municipality, "month": handed_in.month}
        services = [view.service for view in views]
        async with self._database.transaction("statistics.replace_views") as connection:
            await db.rows(connection, _LOCK, town=handed_in.municipality)
            await db.run(connection, _REMOVE, services=sorted(set(services)), **of_month)
            await db.run(
                connection,
                _ADD,
                services=services,
                countries=[view.country for view in views],
                devices=[view.device for view in views],
                urls=[view.url for view in views],
                visits=[view.visits for view in views],
                now=self._clock.now(),
                **of_month,
            )

    async def of(self, municipality: str, month: date) -> Sequence[PageViews]:
        """What stands of a month. Raises `DatabaseAway`."""
        return [PageViews(**row) for row in await self._database.rows(_OF, town=municipality, month=month)]

    async def prune(self, now: datetime) -> int:
        """Forget months that are three years old, and what was sent of them."""
        return await self._database.run(_PRUNE, before=date(now.year - KEPT_YEARS, now.month, 1))
