"""Work on the catalogue that waits or failed, from the rows of exports, pushes, read-backs, probes and reports.

Knows: which rows tell it; failures of exports and reports are rows here. Never does: decide what is told (`work` does).
Standard: architecture §3. Start reading: `StoredWork.open`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Final

from gateway.catalogue.work import ALARMS, OpenWork, WorkKind, WorkState, needs_person, told
from gateway.store.connection import database as db
from gateway.store.connection.database import Database, Row, numbered
from gateway.store.operation import alarms

FORGOTTEN: Final = timedelta(days=8)
"""A source that nobody has asked for so long is no longer asked at all."""
_OPEN: Final = numbered(
    """
SELECT 'push' AS kind, municipality, state, coalesce(failing_since, created_at) AS since, cause, NULL AS part
FROM catalogue_pushes WHERE state <> 'accepted' AND address = %(address)s
    AND (leased_until IS NULL OR leased_until <= %(now)s)
UNION ALL SELECT 'readback', turn.municipality, 'failed', turn.failing_since, last.reason, turn.source
FROM catalogue_readback_turns AS turn LEFT JOIN LATERAL (
    SELECT reason FROM catalogue_readbacks AS each
    WHERE each.municipality = turn.municipality AND each.source = turn.source ORDER BY at DESC, no DESC LIMIT 1
) AS last ON true WHERE turn.failing_since IS NOT NULL AND turn.next_at > %(now)s - %(forgotten)s::interval
UNION ALL SELECT 'probe', NULL, CASE WHEN last.ended_at IS NULL THEN 'waiting' ELSE 'failed' END,
    last.begun_at, CASE WHEN last.ended_at IS NULL THEN 'abandoned' ELSE 'own_network' END, NULL
FROM (SELECT no, begun_at, ended_at, own_network FROM probe_runs ORDER BY no DESC LIMIT 1) AS last
WHERE last.own_network IS FALSE OR (last.ended_at IS NULL AND NOT EXISTS (
    SELECT FROM probe_lease WHERE run = last.no AND until > %(now)s
))
UNION ALL SELECT kind, nullif(municipality, ''), 'failed', since, cause, nullif(service, '') FROM catalogue_failures
ORDER BY 1, 2 NULLS FIRST, 6 NULLS FIRST
"""
)
_FAIL: Final = numbered(
    """
INSERT INTO catalogue_failures (kind, municipality, service, cause, since)
SELECT %(kind)s, municipality, service, %(cause)s, %(now)s
FROM unnest(%(towns)s::text[], %(services)s::text[]) AS place (municipality, service)
ON CONFLICT (kind, municipality, service) DO UPDATE SET cause = excluded.cause
"""
)
_OVER: Final = numbered(
    """
DELETE FROM catalogue_failures WHERE kind = %(kind)s AND NOT EXISTS (
    SELECT FROM unnest(%(towns)s::text[], %(services)s::text[]) AS place (town, name)
    WHERE town = municipality AND name = service
)
"""
)
_SUCCEED: Final = numbered("DELETE FROM catalogue_failures WHERE kind = %(kind)s", commits="catalogue.succeed")


class StoredWork:
    """`address`: of the collector that is set now (None: none); what waits for another one waits for nobody."""

    def __init__(self, database: Database, address: str | None = None) -> None:
        self._database, self._address = database, address or ""

    async def open(self, now: datetime, municipality: str | None = None) -> Sequence[OpenWork]:
        """Everything that waits or failed; where a municipality is named, its own and what is of all.

        Raises `DatabaseAway`.
        """
        rows = await self._database.rows(_OPEN, address=self._address, now=now, forgotten=FORGOTTEN)
        return [_work(row) for row in rows if municipality is None or row["municipality"] in {None, municipality}]

    async def failed(self, kind: WorkKind, places: Collection[tuple[str, str]], cause: str, now: datetime) -> None:
        """Note that work of a kind failed, at these places (municipality and service, empty: of all) and no others.

        Raises `DatabaseAway`.
        """
        columns = {"towns": [town for town, _ in places], "services": [service for _, service in places]}
        async with self._database.transaction("catalogue.fail") as connection:
            await db.run(connection, _OVER, kind=kind.value, **columns)
            await db.run(connection, _FAIL, kind=kind.value, cause=cause, now=now, **columns)

    async def succeeded(self, kind: WorkKind) -> None:
        """Note that it went well. Raises `DatabaseAway`."""
        await self._database.run(_SUCCEED, kind=kind.value)

    async def tell(self, now: datetime) -> None:
        """Raise the alarms that are to be open and end the others. Raises `DatabaseAway`."""
        due = {(alarm.rule, alarm.subject): alarm for alarm in told(await self.open(now), now)}
        standing = {
            (row["rule"], row["subject"]) for row in await alarms.open_alarms(self._database) if row["rule"] in ALARMS
        }
        for rule, subject in standing - due.keys():
            await alarms.resolve_about_gateway(self._database, rule, subject, now)
        for rule, subject in due.keys() - standing:
            alarm = due[rule, subject]
            await alarms.raise_about_gateway(
                self._database, rule, subject, now, municipality=alarm.municipality, service=alarm.service
            )


def _work(row: Row) -> OpenWork:
    kind, state = WorkKind(row["kind"]), WorkState(row["state"])
    if kind is WorkKind.PUSH and state is WorkState.WAITING and row["cause"]:
        state = WorkState.REFUSED if needs_person(row["cause"]) else WorkState.FAILED
    return OpenWork(kind, row["municipality"], state, row["since"], row["cause"], row["part"])
