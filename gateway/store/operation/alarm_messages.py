"""Messages about alarms: gathered, claimed, settled.

Knows: what each target was told, leases. Never does: send; know an address. Standard: architecture §3.
Start reading: `StoredAlarmMessages.compose`.

One transaction marks the alarms as told and writes the message that tells them: none is lost, none told twice by one
message. An index allows one waiting message for a target, so that any number of workers may gather at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog

from gateway.errors import InternalError, unexpected
from gateway.model import instant
from gateway.notify.alarms import SAMPLE, AlarmMessage, Line, Sent, Target
from gateway.ports.clock import Clock
from gateway.store.connection import database as db
from gateway.store.connection.database import Database, numbered
from gateway.store.operation import alarms

log = structlog.get_logger()

KEPT: Final = timedelta(days=30)
UNDELIVERED: Final = "alarm_not_delivered"

_LOCK = numbered("SELECT pg_try_advisory_xact_lock(hashtextextended('bulletins ' || %(target)s, 0)) AS free")
_LAST = numbered(
    """
SELECT max(created_at) AS at, coalesce(bool_or(state = 'waiting'), false) AS waiting
FROM bulletins WHERE target = %(target)s
"""
)
_MARK = numbered(
    """
WITH due AS (
    UPDATE alarms SET told = told || jsonb_build_object(%(target)s::text, %(now)s::timestamptz)
    WHERE resolved_at IS NULL AND acknowledged_at IS NULL AND rule = ANY(%(rules)s)
        AND (%(everywhere)s OR municipality = ANY(%(towns)s))
        AND (NOT told ? %(target)s OR (told->>%(target)s)::timestamptz <= %(before)s::timestamptz)
    RETURNING rule, municipality, submission::text AS subject, raised_at
), house AS (
    UPDATE house_alarms SET told = told || jsonb_build_object(%(target)s::text, %(now)s::timestamptz)
    WHERE resolved_at IS NULL AND acknowledged_at IS NULL AND rule = ANY(%(rules)s) AND %(everywhere)s
        AND (NOT told ? %(target)s OR (told->>%(target)s)::timestamptz <= %(before)s::timestamptz)
    RETURNING rule, NULL::text AS municipality, subject, raised_at
)
SELECT rule, municipality, count(*) AS number, min(raised_at) AS since,
    (array_agg(subject ORDER BY raised_at, subject))[1:%(sample)s] AS subjects
FROM (SELECT * FROM due UNION ALL SELECT * FROM house) AS each
GROUP BY rule, municipality ORDER BY rule, municipality
"""
)
_PUT = numbered(
    """
INSERT INTO bulletins (id, target, lines, created_at, state, tries, began_at, next_at, log)
VALUES (%(id)s, %(target)s, %(lines)s::text::jsonb, %(now)s, 'waiting', 0, %(now)s, %(now)s, '[]')
"""
)
_CLAIM = numbered(
    """
WITH due AS (
    SELECT id FROM bulletins WHERE state = 'waiting' AND target = ANY(%(targets)s) AND next_at <= %(now)s
    ORDER BY next_at, id FOR UPDATE SKIP LOCKED
)
UPDATE bulletins AS bulletin SET tries = tries + 1, next_at = %(leased)s FROM due WHERE bulletin.id = due.id
RETURNING bulletin.id, bulletin.target, bulletin.lines, bulletin.tries, bulletin.began_at,
    jsonb_array_length(bulletin.log) AS failures
""",
    commits="bulletins.claim",
)
_SETTLE = numbered(
    """
UPDATE bulletins SET state = %(state)s, next_at = coalesce(%(next_at)s::timestamptz, next_at),
    log = log || %(line)s::text::jsonb
WHERE id = %(id)s AND tries = %(tries)s AND state = 'waiting'
""",
    commits="bulletins.settle",
)
_PRUNE = numbered("DELETE FROM bulletins WHERE created_at < %(before)s", commits="bulletins.prune")


class StoredAlarmMessages:
    """Keeps the port `gateway.notify.alarms.Bulletins`."""

    def __init__(self, database: Database, clock: Clock, new_id: Callable[[], UUID]) -> None:
        self._database, self._clock, self._new_id = database, clock, new_id

    async def compose(self, target: Target, *, repeat: timedelta | None, quiet: timedelta) -> int:
        """See the port. Nothing is done where another worker gathers for this target just now."""
        now = self._clock.now()
        async with self._database.transaction("bulletins.compose") as connection:
            lock = await db.one(connection, _LOCK, target=target.key)
            last = await db.one(connection, _LAST, target=target.key)
            if not lock or not lock["free"] or not last or last["waiting"]:
                return 0
            if last["at"] is not None and now - last["at"] < quiet:
                return 0
            rows = await db.rows(
                connection,
                _MARK,
                target=target.key,
                rules=list(target.rules),
                everywhere=not target.municipalities,
                towns=sorted(target.municipalities),
                before=None if repeat is None else now - repeat,
                sample=SAMPLE,
                now=now,
            )
            lines = [_line(row) for row in rows]
            if lines:
                text = json.dumps([line.as_json() for line in lines])
                await db.run(connection, _PUT, id=self._new_id(), target=target.key, lines=text, now=now)
            return sum(line.number for line in lines)

    async def claim(self, targets: Collection[str], lease: timedelta) -> tuple[AlarmMessage, ...]:
        """See the port."""
        now = self._clock.now()
        rows = await self._database.rows(_CLAIM, targets=sorted(targets), now=now, leased=now + lease)
        found = []
        for row in rows:
            try:
                found.append(_bulletin(row))
            except Exception as error:  # noqa: BLE001 - one bad row must not hold up the others
                log.error("bulletins.unreadable", bulletin=str(row["id"]), **unexpected.named(error))  # noqa: TRY400 - without its text
                given_up = Sent(row["id"], row["tries"], now, delivered=False, error=InternalError.code, next_at=None)
                await self.settle(given_up, target=row["target"].rpartition(":")[0])
        return tuple(found)

    async def settle(self, sent: Sent, *, target: str) -> None:
        """See the port."""
        state = "delivered" if sent.delivered else "waiting" if sent.next_at else "failed"
        line = json.dumps([{"at": instant(sent.at), "error": sent.error}])
        await self._database.run(
            _SETTLE, id=sent.bulletin, tries=sent.tries, state=state, next_at=sent.next_at, line=line
        )
        if sent.delivered:
            await alarms.resolve_about_gateway(self._database, UNDELIVERED, target, sent.at)
        elif sent.next_at is None:
            await alarms.raise_about_gateway(self._database, UNDELIVERED, target, sent.at)

    async def prune(self) -> int:
        """See the port: messages older than 30 days, also those to targets that were taken out of the settings."""
        return await self._database.run(_PRUNE, before=self._clock.now() - KEPT)


def _bulletin(row: Mapping[str, Any]) -> AlarmMessage:
    lines = tuple(map(Line.of, row["lines"]))
    return AlarmMessage(row["id"], row["target"], lines, row["tries"], row["began_at"], row["failures"])


def _line(row: Mapping[str, Any]) -> Line:
    return Line(row["rule"], row["municipality"], row["number"], row["since"], tuple(row["subjects"]))
