"""Signed reports of availability, one a day.

Knows: that all processes show the same bytes for a day. Never does: make or sign one. Standard: architecture §4.
Start reading: `StoredReports.kept`.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Final

from gateway.catalogue.publication.report import AvailabilityReport
from gateway.store.connection.database import Database, Row, numbered

KEPT: Final = timedelta(days=730)

_OF_DAY: Final = numbered("SELECT day, body, signature, made_at FROM availability_reports WHERE day = %(day)s")
_FIRST: Final = numbered(
    "INSERT INTO availability_reports (day, body, signature, made_at) "
    "VALUES (%(day)s, %(body)s, %(signature)s, %(made_at)s) ON CONFLICT DO NOTHING",
    commits="catalogue.keep_report",
)
_ANEW: Final = numbered(
    "INSERT INTO availability_reports (day, body, signature, made_at) "
    "VALUES (%(day)s, %(body)s, %(signature)s, %(made_at)s) ON CONFLICT (day) DO UPDATE "
    "SET body = excluded.body, signature = excluded.signature, made_at = excluded.made_at "
    "WHERE availability_reports.made_at <= excluded.made_at",
    commits="catalogue.keep_report",
)
_OLD: Final = numbered("DELETE FROM availability_reports WHERE day < %(before)s", commits="catalogue.prune_reports")


class StoredReports:
    """The reports by day."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, day: date) -> AvailabilityReport | None:
        """The report of that day. Raises `DatabaseAway`."""
        row = await self._database.one(_OF_DAY, day=day)
        return _report(row) if row else None

    async def kept(self, report: AvailabilityReport, *, anew: bool = False) -> AvailabilityReport:
        """Keep it, and give what stands for its day from now on: the first, or where it is made `anew` the last.

        Reports older than two years go. Raises `DatabaseAway`.
        """
        await self._database.run(
            _ANEW if anew else _FIRST,
            day=report.day,
            body=report.body,
            signature=report.signature,
            made_at=report.made_at,
        )
        await self._database.run(_OLD, before=report.day - KEPT)
        return await self.of(report.day) or report


def _report(row: Row) -> AvailabilityReport:
    return AvailabilityReport(row["day"], bytes(row["body"]), row["signature"], row["made_at"])
