"""Monthly figures on their way: one row a municipality, kind and month, claimed under a lease, settled, corrected.

Knows: the table `statistics_transfers`; when there is more to say than was. Never does: send.
Standards: architecture §3 (leases), Implementing Regulation (EU) 2020/1121 annex II. Start reading: `prepare`, `claim`.

A correction takes the row of what it corrects, its id with it, and counts as a try: who still sends the old body comes
too late to settle it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import structlog

from gateway.catalogue.statistics import months
from gateway.catalogue.statistics.sending import GIVEN_UP_AFTER
from gateway.catalogue.statistics.transfers import (
    NUMBERED_ELSEWHERE,
    FigureKind,
    Transfer,
    TransferState,
    digest,
    id_of,
)
from gateway.model import instant
from gateway.notify.alarms import STATISTICS_UNSENT
from gateway.notify.schedule import SendingResult
from gateway.ports.clock import Clock
from gateway.store.catalogue import feedback
from gateway.store.catalogue.feedback import StoredFeedback
from gateway.store.catalogue.page_views import StoredPageViews
from gateway.store.connection import database as db
from gateway.store.connection.database import Database, Row, numbered
from gateway.store.operation import alarms
from gateway.store.operation.message_queue import claiming, read, settled, settling, waiting
from gateway.store.rows.facts import STATISTICS_HELD

log = structlog.get_logger()

RESTORED: Final = "restored"
"""Why a transfer was given up that nothing was sent of: it may have been sent after the backup that was restored."""

_TRANSFER: Final = """LEFT JOIN statistics_transfers AS transfer
    ON transfer.kind = %(kind)s AND transfer.municipality = figures.municipality AND transfer.month = figures.month"""
_NOT_PREPARED: Final = "transfer.prepared_at IS NULL OR transfer.prepared_at > %(now)s"
"""Or by a clock that was ahead: what it said of figures holds no longer."""
_UNPREPARED: Final = {
    FigureKind.VIEWS: numbered(
        f"""
SELECT figures.municipality, figures.month FROM page_views AS figures {_TRANSFER}
WHERE figures.month <= %(until)s GROUP BY figures.municipality, figures.month, transfer.prepared_at
HAVING {_NOT_PREPARED} OR max(figures.changed_at) >= transfer.prepared_at ORDER BY 2, 1
"""  # noqa: S608 - constants
    ),
    FigureKind.TRANSACTIONS: numbered(
        f"""
SELECT figures.municipality, figures.month FROM (
    SELECT municipality, date_trunc('month', day)::date AS month, max(counted_at) AS changed_at
    FROM transaction_counts GROUP BY 1, 2
) AS figures {_TRANSFER}
WHERE figures.month <= %(until)s AND ({_NOT_PREPARED} OR figures.changed_at >= transfer.prepared_at)
ORDER BY 2, 1
"""  # noqa: S608 - constants
    ),
    FigureKind.FEEDBACK: numbered(
        f"""
SELECT DISTINCT figures.municipality, figures.month FROM feedback AS figures {_TRANSFER}
WHERE figures.sent_at IS NULL AND figures.month <= %(until)s AND transfer.id IS NULL ORDER BY 2, 1
"""  # noqa: S608 - constants
    ),
}
_PREPARE: Final = numbered(
    """
INSERT INTO statistics_transfers AS kept
    (id, municipality, kind, month, body, digest, state, tries, prepared_at, began_at, next_at, log)
SELECT %(id)s, %(town)s, %(kind)s, %(month)s, %(body)s::text::jsonb, %(digest)s,
    CASE WHEN held.line IS NULL THEN 'waiting' ELSE 'failed' END, 0, %(as_of)s, %(now)s, %(now)s,
    coalesce(held.line, '[]')
FROM (VALUES (1)) AS one LEFT JOIN (
    SELECT %(held)s::text::jsonb AS line FROM facts
    WHERE name = %(fact)s AND convert_from(value, 'UTF8')::date >= %(month)s AND %(kind)s = ANY(%(elsewhere)s)
) AS held ON true
ON CONFLICT (municipality, kind, month) DO UPDATE SET
    prepared_at = excluded.prepared_at, body = excluded.body, digest = excluded.digest,
    state = CASE WHEN kept.digest = excluded.digest THEN kept.state
        WHEN kept.transfer_id IS NULL AND kept.state <> 'waiting' THEN excluded.state ELSE 'waiting' END,
    tries = kept.tries + (kept.digest <> excluded.digest)::int,
    began_at = CASE WHEN kept.digest = excluded.digest THEN kept.began_at ELSE excluded.began_at END,
    next_at = CASE WHEN kept.digest = excluded.digest THEN kept.next_at ELSE excluded.next_at END
WHERE kept.prepared_at <= excluded.prepared_at OR kept.prepared_at > %(now)s
RETURNING kept.digest IS DISTINCT FROM (
    SELECT before.digest FROM statistics_transfers AS before WHERE before.id = kept.id
) AS news, kept.state
""",
    fact=STATISTICS_HELD,
    elsewhere=sorted(NUMBERED_ELSEWHERE),
)
_BUSY: Final = numbered(
    "SELECT DISTINCT kind FROM statistics_transfers "
    "WHERE kind = ANY(%(kinds)s) AND state = 'waiting' AND next_at <= %(now)s"
)
_CLAIM: Final = numbered(claiming("statistics_transfers", "kind = %(kind)s", order="month"), commits="statistics.claim")
_LOCK: Final = numbered("SELECT pg_advisory_xact_lock(hashtextextended('transfer_id ' || %(transfer_id)s, 0))")
_NAME: Final = numbered(
    """
UPDATE statistics_transfers AS own SET transfer_id = coalesce(own.transfer_id, %(transfer_id)s)
WHERE id = %(id)s AND (own.transfer_id IS NOT NULL OR NOT EXISTS (
    SELECT FROM statistics_transfers AS other WHERE other.transfer_id = %(transfer_id)s
))
RETURNING own.transfer_id
"""
)
_SETTLE: Final = numbered(
    settling("statistics_transfers") + "RETURNING message.id, message.municipality, message.kind, message.month, "
    "message.state, message.transfer_id"
)
_AGAIN: Final = numbered(
    """
UPDATE statistics_transfers SET state = 'waiting', tries = tries + 1, began_at = %(now)s, next_at = %(now)s
WHERE kind = ANY(%(kinds)s) AND (%(month)s::date IS NULL OR month = %(month)s) AND state <> 'delivered'
    AND (state = 'failed' OR next_at > %(now)s)
""",
    commits="statistics.again",
)
_STATES: Final = numbered(
    """
SELECT id, municipality, kind, month, state, tries, transfer_id, log->-1->>'error' AS error
FROM statistics_transfers
WHERE kind = ANY(%(kinds)s) AND (%(month)s::date IS NULL OR month = %(month)s) ORDER BY month, municipality, kind
"""
)


class StoredTransfers:
    """Keeps the port `gateway.catalogue.statistics.sending.TransferQueue`."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        views: StoredPageViews,
        feedback_rows: StoredFeedback,
    ) -> None:
        self._database, self._clock = database, clock
        self._views, self._feedback = views, feedback_rows

    async def unprepared(self, kind: FigureKind, until: date) -> Sequence[tuple[str, date]]:
        """See the port."""
        rows = await self._database.rows(_UNPREPARED[kind], kind=kind.value, until=until, now=self._clock.now())
        return [(row["municipality"], row["month"]) for row in rows]

    async def prepare(
        self, kind: FigureKind, municipality: str, month: date, body: Mapping[str, Any], as_of: datetime
    ) -> bool:
        """See the port."""
        now = self._clock.now()
        async with self._database.transaction("statistics.prepare") as connection:
            row = await db.one(
                connection,
                _PREPARE,
                id=id_of(kind, municipality, month),
                town=municipality,
                kind=kind.value,
                month=month,
                body=json.dumps(body),
                digest=digest(body),
                held=json.dumps([{"at": instant(now), "status": None, "error": RESTORED}]),
                as_of=as_of,
                now=now,
            )
            if row is None or not row["news"]:
                return False
            if row["state"] == "failed":
                await _tell_unsent(connection, kind, municipality, month, now)
        return True

    async def busy(self, kinds: Sequence[FigureKind]) -> Sequence[FigureKind]:
        """See the port."""
        rows = await self._database.rows(_BUSY, kinds=list(kinds), now=self._clock.now())
        return [FigureKind(row["kind"]) for row in rows]

    async def claim(self, kind: FigureKind, limit: int, lease: timedelta) -> Sequence[Transfer]:
        """See the port."""
        now = self._clock.now()
        rows = await self._database.rows(_CLAIM, kind=kind.value, now=now, leased=now + lease, limit=limit)
        return await read(rows, _transfer, self.settle, now, again=False)

    async def name(self, transfer: UUID, transfer_id: str) -> str | None:
        """See the port."""
        async with self._database.transaction("statistics.name") as connection:
            await db.rows(connection, _LOCK, transfer_id=transfer_id)
            row = await db.one(connection, _NAME, id=transfer, transfer_id=transfer_id)
        return row["transfer_id"] if row else None

    async def settle(self, results: Sequence[SendingResult]) -> None:
        """See the port. Texts of feedback that was taken go with the same commit; what is given up is an alarm."""
        now = self._clock.now()
        async with self._database.transaction("statistics.settle") as connection:
            for row in await db.rows(connection, _SETTLE, **settled(results)):
                kind, town, month = FigureKind(row["kind"]), row["municipality"], row["month"]
                if row["state"] == "failed":
                    await _tell_unsent(connection, kind, town, month, now)
                if row["state"] == "delivered":
                    await alarms.resolve_within(connection, STATISTICS_UNSENT, [_subject(kind, town, month)], now)
                    of = {"municipality": town, "kind": kind, "month": months.written(month)}
                    log.info("statistics.sent", **of, transfer_id=row["transfer_id"] or str(row["id"]))
                    if kind is FigureKind.FEEDBACK:
                        await feedback.sent(connection, town, month, now)

    async def again(self, kinds: Sequence[FigureKind], month: date | None) -> None:
        """See the port."""
        await self._database.run(_AGAIN, kinds=list(kinds), month=month, now=self._clock.now())

    async def states(self, kinds: Sequence[FigureKind], month: date | None) -> Sequence[TransferState]:
        """See the port."""
        rows = await self._database.rows(_STATES, kinds=list(kinds), month=month)
        return [TransferState(**{**row, "kind": FigureKind(row["kind"])}) for row in rows]

    async def prune(self) -> int:
        """See the port; figures that are too old go too."""
        return await self._views.prune(self._clock.now()) + await self._feedback.prune()


async def _tell_unsent(
    connection: db.Connection, kind: FigureKind, municipality: str, month: date, now: datetime
) -> None:
    subject = _subject(kind, municipality, month)
    await alarms.raise_within(connection, STATISTICS_UNSENT, subject, now, now, municipality=municipality, service=None)
    log.warning("statistics.not_sent", municipality=municipality, kind=kind)


def _subject(kind: FigureKind, municipality: str, month: date) -> str:
    return f"{municipality}/{kind} {months.written(month)}"


async def _transfer(row: Row) -> Transfer:
    return Transfer(
        **waiting(row),
        given_up_after=GIVEN_UP_AFTER,
        municipality=row["municipality"],
        kind=FigureKind(row["kind"]),
        month=row["month"],
        body=row["body"],
        transfer_id=row["transfer_id"],
    )
