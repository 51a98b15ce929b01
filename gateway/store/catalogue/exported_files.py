"""Files of accepted exports: read by name, the newest first; those of the one before stay for whoever has its index.

Knows: which export's file a name is. Never does: make or pack files. Standard: PVOG (index by plain file names).
Start reading: `ExportedFiles.file`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from gateway.catalogue.served import ServedFile, unpacked
from gateway.store.connection.database import Database, Row, numbered

_FILE: Final = numbered(
    """
SELECT name, sha256, content FROM catalogue_files
WHERE name = %(name)s AND content IS NOT NULL ORDER BY export DESC LIMIT 1
"""
)
_NAMES: Final = numbered(
    """
SELECT name FROM catalogue_files WHERE export = %(no)s AND position > 0 AND (
    %(town)s::text IS NULL OR (first_municipality COLLATE "C" <= %(town)s AND last_municipality COLLATE "C" >= %(town)s)
) ORDER BY position
"""
)
_CHANGED: Final = numbered(
    """
SELECT kind, id, digest IS NOT NULL AS there FROM catalogue_objects
WHERE changed_in > %(since)s AND (%(town)s::text IS NULL OR municipality = %(town)s) ORDER BY kind, id
"""
)


class ExportedFiles:
    """Keeps the port `gateway.catalogue.served.ServedFiles`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def file(self, name: str) -> ServedFile | None:
        """See the port."""
        row = await self._database.one(_FILE, name=name)
        return None if row is None else await asyncio.to_thread(_unpacked, row)

    async def names(self, no: int, municipality: str | None = None) -> Sequence[str]:
        """See the port. Objects stand in the order of municipalities."""
        return [row["name"] for row in await self._database.rows(_NAMES, no=no, town=municipality)]

    async def changed(self, since: int, municipality: str | None = None) -> Sequence[tuple[str, str, bool]]:
        """See the port."""
        rows = await self._database.rows(_CHANGED, since=since, town=municipality)
        return [(row["kind"], row["id"], row["there"]) for row in rows]


def _unpacked(row: Row) -> ServedFile:
    return ServedFile(row["name"], row["sha256"], unpacked(row["content"]))
