"""Messages about alarms: gathered, claimed under a lease, settled.

Knows: what each target was told. Never does: send; know an address. Standard: architecture §3.
Start reading: `StoredAlertQueue.compose`.

One transaction marks the alarms as told and writes the message that tells them: none is lost, none told twice by one
message. An index allows one waiting message for a target, so that any number of workers may gather at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from gateway.notify.alarms import SAMPLE, AlertNotice, Line, Target
from gateway.notify.schedule import SendingResult
from gateway.ports.clock import Clock
from gateway.store.connection import database as db
from gateway.store.connection.database import Database, numbered
from gateway.store.operation import alarms
from gateway.store.operation.message_queue import claiming, read, settled, settling, waiting

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
), own AS (
    UPDATE house_alarms SET told = told || jsonb_build_object(%(target)s::text, %(now)s::timestamptz)
    WHERE resolved_at IS NULL AND acknowledged_at IS NULL AND rule = ANY(%(rules)s)
        AND (%(everywhere)s OR municipality = ANY(%(towns)s))
        AND (NOT told ? %(target)s OR (told->>%(target)s)::timestamptz <= %(before)s::timestamptz)
    RETURNING rule, municipality, subject, raised_at
)
SELECT rule, municipality, count(*) AS number, min(raised_at) AS since,
    (array_agg(subject ORDER BY raised_at, subject))[1:%(sample)s] AS subjects
FROM (SELECT * FROM due UNION ALL SELECT * FROM own) AS each
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
    claiming("bulletins", "target = ANY(%(targets)s)", order="created_at"), commits="bulletins.claim", limit=None
)
_SETTLE = numbered(settling("bulletins") + "RETURNING message.target, message.state", commits="bulletins.settle")
_PRUNE = numbered("DELETE FROM bulletins WHERE created_at < %(before)s", commits="bulletins.prune")


class StoredAlertQueue:
    """Keeps the port `gateway.notify.alerts.AlertQueue`."""

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

    async def claim(self, targets: Collection[str], lease: timedelta) -> Sequence[AlertNotice]:
        """See the port. One that cannot be read is given up: it would hold up what comes after it."""
        now = self._clock.now()
        rows = await self._database.rows(_CLAIM, targets=sorted(targets), now=now, leased=now + lease)
        return await read(rows, _message, self.settle, now, again=False)

    async def settle(self, results: Sequence[SendingResult]) -> None:
        """See the port."""
        now = self._clock.now()
        for row in await self._database.rows(_SETTLE, **settled(results)):
            name = row["target"].rpartition(":")[0]
            if row["state"] == "delivered":
                await alarms.resolve_about_gateway(self._database, UNDELIVERED, name, now)
            elif row["state"] == "failed":
                await alarms.raise_about_gateway(self._database, UNDELIVERED, name, now)

    async def prune(self) -> int:
        """See the port: messages older than 30 days, also those to targets that were taken out of the settings."""
        return await self._database.run(_PRUNE, before=self._clock.now() - KEPT)


async def _message(row: Mapping[str, Any]) -> AlertNotice:
    lines = tuple(map(Line.of, row["lines"]))
    return AlertNotice(**waiting(row), target=row["target"], lines=lines)


def _line(row: Mapping[str, Any]) -> Line:
    return Line(row["rule"], row["municipality"], row["number"], row["since"], tuple(row["subjects"]))
