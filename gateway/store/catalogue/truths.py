"""One text that is another as soon as anything changes that a report says, but for how often was probed.

Knows: which rows a report is made of. Never does: read what they say. Standard: none.
Start reading: `StoredTruths.mark`.
"""

from __future__ import annotations

from typing import Final

from gateway.store.connection.database import Database, numbered

_MARK: Final = numbered(
    """
SELECT concat_ws(' ',
    (SELECT count(*) FROM catalogue_revisions),
    (SELECT coalesce(max(no), 0) FROM catalogue_exports),
    (SELECT count(*) || '/' || coalesce(max(no), 0) FROM catalogue_findings),
    (SELECT coalesce(sum(hashtextextended(concat_ws('/', municipality, service, source, listed), 0)), 0)
        FROM catalogue_listings),
    (SELECT coalesce(sum(hashtextextended(concat_ws('/', municipality, subject, works, since), 0)), 0)
        FROM probe_standing WHERE strpos(subject, ':') = 0),
    (SELECT coalesce(sum(hashtextextended(
        concat_ws('/', municipality, source, unit, counted, ours, (at AT TIME ZONE 'Europe/Berlin')::date), 0
    )), 0) FROM catalogue_land_counts)
) AS mark
"""
)


class StoredTruths:
    """Of all municipalities."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def mark(self) -> str:
        """Equal as long as nothing changes. Raises `DatabaseAway`."""
        row = await self._database.one(_MARK)
        return str(row["mark"]) if row else ""
