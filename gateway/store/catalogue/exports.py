"""Exports as rows: one at a time over all processes, in one transaction, from one snapshot of the registry.

Knows: tables of exports, files, delivered entries and objects. Never does: decide what is exported or may be lost.
Standard: PostgreSQL (advisory locks, repeatable read). Start reading: `StoredExports.alone`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Final

from gateway.catalogue import entry_json
from gateway.catalogue.entry import Revision
from gateway.catalogue.export import Accepted, ClaimedEntry, NewExport
from gateway.catalogue.served import INDEX, PackedContent
from gateway.catalogue.xzufi.composing import FinishedFile
from gateway.catalogue.xzufi.profile import Kind
from gateway.catalogue.xzufi.transfer import index_of
from gateway.errors import CatalogueExportBusy
from gateway.store.connection import database as db
from gateway.store.connection.database import Connection, Database, Row, numbered

_AT_ONCE: Final = 100
_AGAIN_S: Final = 0.1
_LOCK: Final = numbered("SELECT pg_try_advisory_lock(hashtextextended('catalogue export', 0)) AS free")
_UNLOCK: Final = numbered("SELECT pg_advisory_unlock(hashtextextended('catalogue export', 0))")
_SNAPSHOT: Final = numbered("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
_LAST: Final = """
SELECT no, state, verified, objects, services, accepted_at,
    (SELECT count(*) FROM catalogue_files WHERE export = no AND position > 0) AS files
FROM catalogue_exports ORDER BY no DESC LIMIT 1
"""
_PREVIOUS: Final = numbered(_LAST)
_CLAIMS: Final = """
SELECT coalesce(latest.municipality, delivered.municipality) COLLATE "C" AS municipality,
    coalesce(latest.service, delivered.service) COLLATE "C" AS service,
    latest.entry, latest.number, latest.digest, latest.changed_at, latest.changed_by,
    delivered.service IS NOT NULL AS delivered
FROM (SELECT * FROM catalogue_revisions WHERE latest) AS latest
FULL JOIN catalogue_delivered AS delivered
    ON delivered.municipality = latest.municipality AND delivered.service = latest.service
ORDER BY 1, 2
"""
_BEGIN: Final = numbered(
    """
INSERT INTO catalogue_exports (state, verified, objects, services, accepted_at, allowed_by, allowed_why)
VALUES (%(state)s, %(verified)s, '{}', %(services)s, %(at)s, %(by)s, %(why)s) RETURNING no
"""
)
_FILE: Final = numbered(
    "INSERT INTO catalogue_files "
    "(export, name, position, sha256, size, content, first_municipality, last_municipality) "
    "VALUES (%(no)s, %(name)s, %(position)s, %(sha256)s, %(size)s, %(content)s, %(first)s, %(last)s)"
)
_NAMES: Final = numbered("SELECT name FROM catalogue_files WHERE export = %(no)s ORDER BY position")
_OBJECTS: Final = numbered(
    """
INSERT INTO catalogue_objects AS known (kind, id, municipality, service, digest, export, changed_in, changed_at)
SELECT kind, id, municipality, service, digest, %(no)s, %(no)s, %(at)s FROM unnest(
    %(kinds)s::text[], %(ids)s::text[], %(towns)s::text[], %(services)s::text[], %(digests)s::text[]
) AS written (kind, id, municipality, service, digest)
ON CONFLICT (kind, id) DO UPDATE SET
    digest = excluded.digest,
    export = excluded.export,
    changed_in = CASE WHEN known.digest = excluded.digest THEN known.changed_in ELSE excluded.changed_in END,
    changed_at = CASE WHEN known.digest = excluded.digest THEN known.changed_at ELSE excluded.changed_at END
WHERE known.municipality = excluded.municipality AND known.service IS NOT DISTINCT FROM excluded.service
RETURNING id
"""
)
_DELIVERED: Final = numbered(
    """
INSERT INTO catalogue_delivered (municipality, service, export, revision, exported_at)
SELECT municipality, service, %(no)s, revision, %(at)s
FROM unnest(%(towns)s::text[], %(services)s::text[], %(revisions)s::int[]) AS held (municipality, service, revision)
ON CONFLICT (municipality, service) DO UPDATE
SET export = excluded.export, revision = excluded.revision, exported_at = excluded.exported_at
"""
)
_NO_LONGER: Final = numbered("DELETE FROM catalogue_delivered WHERE export <> %(no)s")
_MOVED: Final = numbered(
    """
SELECT municipality, service FROM catalogue_objects AS before JOIN catalogue_delivered USING (municipality, service)
WHERE before.digest IS NOT NULL AND before.export <> %(no)s AND kind = %(kind)s AND catalogue_delivered.export = %(no)s
ORDER BY municipality, service
""",
    kind=Kind.SERVICE.value,
)
_GONE: Final = numbered(
    """
UPDATE catalogue_objects SET digest = NULL, changed_in = %(no)s, changed_at = %(at)s
WHERE digest IS NOT NULL AND export <> %(no)s
"""
)
_COUNTED: Final = numbered("UPDATE catalogue_exports SET objects = %(objects)s::text::jsonb WHERE no = %(no)s")
_EMPTIED: Final = numbered(
    """
UPDATE catalogue_files SET content = NULL WHERE content IS NOT NULL
    AND export < (SELECT max(no) FROM catalogue_exports WHERE no < %(no)s)
"""
)


class StoredExports:
    """Keeps the port `gateway.catalogue.export.Exports`. `patience_s`: how long another's export is waited for."""

    def __init__(self, database: Database, patience_s: float = 600.0) -> None:
        self._database, self._patience_s = database, patience_s

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[StoredTransaction]:
        """See the port. The lock is the connection's: a process that dies leaves neither lock nor rows."""
        async with self._database.connection() as holder:
            try:
                await self._locked(holder)
                async with self._database.transaction("exports.accept") as connection:
                    await db.rows(connection, _SNAPSHOT)
                    yield StoredTransaction(connection)
                await db.rows(holder, _UNLOCK)
            except BaseException:
                holder.terminate()  # and the lock with it, however far this came
                raise

    async def last(self) -> Accepted | None:
        """The export that is served."""
        row = await self._database.one(_PREVIOUS)
        return None if row is None else _accepted(row)

    async def _locked(self, holder: Connection) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + self._patience_s
        while not (await db.rows(holder, _LOCK))[0]["free"]:
            if loop.time() >= until:
                raise CatalogueExportBusy
            await asyncio.sleep(_AGAIN_S)


class StoredTransaction:
    """Keeps the port `gateway.catalogue.export.ExportTransaction`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def previous(self) -> Accepted | None:
        """See the port."""
        row = await db.one(self._connection, _PREVIOUS)
        return None if row is None else _accepted(row)

    async def claims(self) -> AsyncIterator[Sequence[ClaimedEntry]]:
        """See the port; by a cursor of the server, which holds the rest."""
        cursor = await db.cursor(self._connection, numbered(_CLAIMS))
        while rows := await db.next_rows(self._connection, cursor, _AT_ONCE):
            yield [_claim(row) for row in rows]

    async def begin(self, new: NewExport) -> int:
        """See the port."""
        row = await db.one(
            self._connection,
            _BEGIN,
            state=new.state,
            verified=new.verified,
            services=new.services,
            at=new.accepted_at,
            by=new.loss.by if new.loss else None,
            why=new.loss.reason if new.loss else None,
        )
        assert row is not None
        return int(row["no"])

    async def keep(self, no: int, part: FinishedFile, at: datetime) -> Sequence[str]:
        """See the port."""
        ends = [written.municipality for written in part.objects[:1] + part.objects[-1:]]
        await self._file(no, part.position, part.name, part.content, *ends)
        towns, services, revisions = zip(*part.delivered, strict=True) if part.delivered else ((), (), ())
        await db.run(self._connection, _DELIVERED, no=no, at=at, towns=towns, services=services, revisions=revisions)
        objects = {written.id: written for written in part.objects}
        kept = await db.rows(
            self._connection,
            _OBJECTS,
            no=no,
            at=at,
            kinds=[written.kind.value for written in objects.values()],
            ids=list(objects),
            towns=[written.municipality for written in objects.values()],
            services=[written.service for written in objects.values()],
            digests=[written.digest for written in objects.values()],
        )
        return sorted(objects.keys() - {row["id"] for row in kept})

    async def moved(self, no: int) -> Sequence[tuple[str, str]]:
        """See the port."""
        return [(row["municipality"], row["service"]) for row in await db.rows(self._connection, _MOVED, no=no)]

    async def finish(self, no: int, objects: Mapping[str, int], at: datetime) -> int:
        """See the port."""
        index = index_of([row["name"] for row in await db.rows(self._connection, _NAMES, no=no)])
        await self._file(no, 0, INDEX, PackedContent.of(index))
        await db.run(self._connection, _COUNTED, no=no, objects=json.dumps(objects))
        await db.run(self._connection, _NO_LONGER, no=no)
        await db.run(self._connection, _EMPTIED, no=no)
        return await db.run(self._connection, _GONE, no=no, at=at)

    async def _file(  # noqa: PLR0913, PLR0917 - the members of a row
        self,
        no: int,
        position: int,
        name: str,
        content: PackedContent,
        first: str | None = None,
        last: str | None = None,
    ) -> None:
        values = {"sha256": content.sha256, "size": content.size, "content": content.packed}
        await db.run(self._connection, _FILE, no=no, name=name, position=position, first=first, last=last, **values)


def _accepted(row: Row) -> Accepted:
    return Accepted(**{**row, "objects": dict(sorted(row["objects"].items()))})


def _claim(row: Row) -> ClaimedEntry:
    revision = None
    if row["entry"] is not None:
        entry = entry_json.of_json(row["entry"])
        revision = Revision(entry, row["number"], row["digest"], row["changed_at"], row["changed_by"])
    return ClaimedEntry(row["municipality"], row["service"], revision, row["delivered"])
