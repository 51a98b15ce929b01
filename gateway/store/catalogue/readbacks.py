"""Turns of read-backs under a lease, their history, answers as they came.

Knows: that one read-back is under way at a time over all processes, that a late one writes nothing. Never does: ask,
judge. Standard: architecture §3 (a dead worker's work is taken over). Start reading: `StoredReadbacks.claim`.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from gateway.catalogue import entry_json
from gateway.catalogue.entry import Entry
from gateway.catalogue.publication.town import CountedUnit, LandCount
from gateway.catalogue.readback.reading import EXPORTED, TAKEN_OVER, ReadBackResult, Turn
from gateway.catalogue.status import Source
from gateway.ports.clock import Clock
from gateway.store.catalogue import land_counts, listings, readback_alarms
from gateway.store.connection import database as db
from gateway.store.connection.database import Connection, Database, numbered

SKEW: Final = timedelta(minutes=5)
LATEST: Final = timedelta(days=8)
"""No lease ends and no turn comes later than so: else a clock was wrong when it was written, and it does not count.
After an export of longer ago every turn has come."""
_LOCK: Final = numbered("SELECT pg_advisory_xact_lock(hashtextextended('catalogue readback', 0))")
_UNDER_WAY: Final = numbered(
    "SELECT FROM catalogue_readback_turns WHERE leased_until > %(now)s AND leased_until <= %(leased)s LIMIT 1"
)
_PAIRS: Final = "unnest(%(towns)s::text[], %(sources)s::text[]) AS pair (municipality, source)"
_KNOW: Final = numbered(
    "INSERT INTO catalogue_readback_turns (municipality, source, next_at, tries, failures) "  # noqa: S608 - all of it stands in this file
    "SELECT municipality, source, %(now)s, 0, 0 FROM " + _PAIRS + " ON CONFLICT DO NOTHING"
)
_CLAIM: Final = numbered(
    """
WITH changed AS MATERIALIZED (
    SELECT object.municipality, max(export.accepted_at) + %(taken_over)s::interval AS at
    FROM catalogue_exports AS export JOIN catalogue_objects AS object ON object.changed_in = export.no
    WHERE export.accepted_at BETWEEN %(oldest)s AND %(now)s::timestamptz - %(taken_over)s::interval
    GROUP BY object.municipality
)
UPDATE catalogue_readback_turns AS turn SET tries = tries + 1, leased_until = %(leased)s FROM (
    SELECT municipality, source FROM catalogue_readback_turns JOIN """  # noqa: S608 - as above
    + _PAIRS
    + """ USING (municipality, source)
    WHERE %(at_once)s OR ((next_at <= %(now)s OR next_at > %(latest)s
    OR (source = ANY(%(exported)s::text[]) AND failures = 0 AND EXISTS (
        SELECT FROM changed WHERE changed.municipality = catalogue_readback_turns.municipality AND read_at < changed.at
    ))) AND EXISTS (
        SELECT FROM catalogue_revisions AS entry WHERE entry.municipality = catalogue_readback_turns.municipality
    )) ORDER BY next_at, municipality, source LIMIT 1
) AS due WHERE turn.municipality = due.municipality AND turn.source = due.source
RETURNING turn.municipality, turn.source, turn.tries, turn.failures, turn.shrunk_since
"""
)
_ENTRIES: Final = numbered(
    "SELECT entry FROM catalogue_revisions WHERE latest AND municipality = %(town)s "
    "AND entry->>'leika_key' IS NOT NULL AND entry->>'life_cycle' <> 'draft' ORDER BY service"
)
_DELIVERED: Final = numbered("SELECT service FROM catalogue_delivered WHERE municipality = %(town)s")
_REQUESTS: Final = numbered(
    "SELECT coalesce(sum(requests), 0) AS number FROM (SELECT DISTINCT ON (source) requests FROM catalogue_readbacks "
    "WHERE municipality = %(town)s AND source = ANY(%(sources)s::text[]) ORDER BY source, at DESC, no DESC) AS last"
)
_SETTLE: Final = numbered(
    """
UPDATE catalogue_readback_turns SET leased_until = NULL, next_at = %(next_at)s, read_at = %(at)s,
    shrunk_since = %(shrunk_since)s,
    failures = CASE WHEN %(sound)s THEN 0 ELSE failures + 1 END,
    failing_since = CASE WHEN %(sound)s THEN NULL ELSE coalesce(failing_since, %(at)s) END
WHERE municipality = %(town)s AND source = %(source)s AND tries = %(tries)s AND leased_until IS NOT NULL
RETURNING failing_since
"""
)
_KEEP: Final = numbered(
    "INSERT INTO catalogue_readbacks (municipality, source, at, outcome, reason, status, requests, rows, total) VALUES "
    "(%(town)s, %(source)s, %(at)s, %(outcome)s, %(reason)s, %(status)s, %(requests)s, %(rows)s, %(total)s) "
    "RETURNING no"
)
_ANSWERS: Final = numbered(
    """
INSERT INTO catalogue_answers (readback, position, municipality, address, status, sha256, body)
SELECT %(no)s, new.position, %(town)s, new.address, new.status, new.sha256, new.body
FROM unnest(%(addresses)s::text[], %(statuses)s::int[], %(digests)s::text[], %(bodies)s::bytea[]) WITH ORDINALITY
    AS new (address, status, sha256, body, position)
"""
)
_PRUNE: Final = numbered("DELETE FROM catalogue_readbacks WHERE at < %(before)s", commits="catalogue.prune_readbacks")


class StoredReadbacks:
    """Keeps the port `gateway.catalogue.readback.reading.Readbacks`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def claim(
        self, pairs: Collection[tuple[str, Source]], lease: timedelta, *, at_once: bool = False
    ) -> Turn | None:
        """See the port."""
        now = self._clock.now()
        columns = {"towns": [town for town, _ in pairs], "sources": [source.value for _, source in pairs]}
        async with self._database.transaction("catalogue.claim_readback") as connection:
            await db.run(connection, _LOCK)
            if await db.one(connection, _UNDER_WAY, now=now, leased=now + lease + SKEW) is not None:
                return None
            await db.run(connection, _KNOW, now=now, **columns)
            row = await db.one(
                connection,
                _CLAIM,
                now=now,
                leased=now + lease,
                latest=now + LATEST,
                oldest=now - LATEST,
                at_once=at_once,
                exported=[source.value for source in EXPORTED],
                taken_over=TAKEN_OVER,
                **columns,
            )
        return Turn(**{**row, "source": Source(row["source"])}) if row else None

    async def entries(self, municipality: str) -> Sequence[Entry]:
        """See the port."""
        rows = await self._database.rows(_ENTRIES, town=municipality)
        return [entry_json.of_json(row["entry"]) for row in rows]

    async def delivered(self, municipality: str) -> Collection[str]:
        """See the port."""
        return frozenset(row["service"] for row in await self._database.rows(_DELIVERED, town=municipality))

    async def listed(self, municipality: str, source: Source) -> Collection[str]:
        """See the port."""
        async with self._database.connection() as connection:
            return await listings.listed(connection, municipality, source)

    async def requests(self, municipality: str, sources: Collection[Source]) -> int:
        """See the port."""
        row = await self._database.one(_REQUESTS, town=municipality, sources=[source.value for source in sources])
        return int(row["number"]) if row else 0

    async def settle(self, result: ReadBackResult) -> bool:
        """See the port."""
        turn, judgement = result.turn, result.judgement
        at: dict[str, Any] = {"town": turn.municipality, "source": turn.source.value, "at": result.at}
        async with self._database.transaction("catalogue.settle_readback") as connection:
            settled = await db.one(
                connection,
                _SETTLE,
                next_at=result.next_at,
                shrunk_since=result.shrunk_since,
                sound=judgement is not None,
                tries=turn.tries,
                **at,
            )
            if settled is None:
                return False
            before = await listings.listed(connection, turn.municipality, turn.source)
            kept = await db.one(
                connection,
                _KEEP,
                outcome=result.outcome,
                reason=result.reason,
                status=result.status,
                requests=result.requests,
                rows=judgement.rows if judgement else None,
                total=judgement.total if judgement else None,
                **at,
            )
            await _keep_answers(connection, kept["no"] if kept else 0, result)
            if judgement is not None:
                await listings.replace(connection, turn.municipality, turn.source, judgement)
                if judgement.total is not None:
                    count = LandCount(turn.source, CountedUnit.LEISTUNG, judgement.total, judgement.rows, result.at)
                    await land_counts.keep(connection, turn.municipality, count)
            await readback_alarms.tell(connection, result, before, settled["failing_since"])
        return True

    async def prune(self, before: datetime) -> int:
        """See the port."""
        return await self._database.run(_PRUNE, before=before)


async def _keep_answers(connection: Connection, no: int, result: ReadBackResult) -> None:
    answers = result.answers
    await db.run(
        connection,
        _ANSWERS,
        no=no,
        town=result.turn.municipality,
        addresses=[answer.address for answer in answers],
        statuses=[answer.status for answer in answers],
        digests=[answer.sha256 for answer in answers],
        bodies=[zlib.compress(answer.body) if answer.body else None for answer in answers],
    )
