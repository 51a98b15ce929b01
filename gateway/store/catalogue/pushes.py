"""Pushes as rows under a lease: one open for each municipality, those that were taken as history.

Knows: that a late one writes nothing, that an open one is about everything since the last that was taken, also what a
later export adds while it is under way. Never does: send, judge. Standard: architecture §3 (take-over).
Start reading: `StoredPushes.claim`.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from typing import Final

from gateway.catalogue.export import Accepted
from gateway.catalogue.pushing.push import ClaimedPush, PushResult, PushState
from gateway.ports.clock import Clock
from gateway.store.catalogue.exports import StoredExports
from gateway.store.connection import database as db
from gateway.store.connection.database import Database, numbered

KEPT: Final = timedelta(days=730)
_ELSEWHERE: Final = numbered("DELETE FROM catalogue_pushes WHERE state <> 'accepted' AND address <> %(address)s")
_PREPARE: Final = numbered(
    """
INSERT INTO catalogue_pushes AS open
    (municipality, address, since, export, state, tries, failures, created_at, next_at)
SELECT changed.municipality, %(address)s, coalesce(pushed.export, 0), changed.export, 'waiting', 0, 0, %(now)s, %(now)s
FROM (
    SELECT municipality, max(changed_in) AS export FROM catalogue_objects
    WHERE split_part(id, '.', 1) <> %(own)s GROUP BY municipality
) AS changed LEFT JOIN (
    SELECT municipality, max(export) AS export FROM catalogue_pushes
    WHERE state = 'accepted' AND address = %(address)s GROUP BY municipality
) AS pushed USING (municipality)
WHERE changed.export > coalesce(pushed.export, 0)
ON CONFLICT (municipality) WHERE state <> 'accepted' DO UPDATE
SET export = excluded.export, state = 'waiting', next_at = excluded.next_at, failures = 0
WHERE open.export < excluded.export
"""
)
_DUE: Final = numbered(
    "SELECT FROM catalogue_pushes WHERE address = %(address)s AND state = 'waiting' AND next_at <= %(now)s "
    "AND (leased_until IS NULL OR leased_until <= %(now)s) LIMIT 1"
)
_UNDER_WAY: Final = numbered(
    "SELECT FROM catalogue_pushes "
    "WHERE address = %(address)s AND state <> 'accepted' AND leased_until > %(now)s LIMIT 1"
)
_CLAIM: Final = numbered(
    """
WITH due AS (
    SELECT no FROM catalogue_pushes WHERE address = %(address)s AND state <> 'accepted'
        AND (%(at_once)s OR (state = 'waiting' AND next_at <= %(now)s)) AND NOT no = ANY(%(besides)s::bigint[])
        AND (leased_until IS NULL OR leased_until <= %(now)s)
    ORDER BY next_at, no LIMIT 1 FOR UPDATE SKIP LOCKED
)
UPDATE catalogue_pushes AS push SET tries = tries + 1, leased_until = %(leased)s FROM due WHERE push.no = due.no
RETURNING push.no, push.municipality, push.since, push.tries, push.failures
""",
    commits="catalogue.claim_push",
)
_RENEW: Final = numbered(
    "UPDATE catalogue_pushes SET leased_until = %(leased)s "
    "WHERE no = %(no)s AND tries = %(tries)s AND leased_until IS NOT NULL",
    commits="catalogue.renew_push",
)
_SETTLE: Final = numbered(
    """
UPDATE catalogue_pushes SET leased_until = NULL, files = %(files)s, cause = %(cause)s, status = %(status)s,
    state = CASE WHEN export > %(export)s THEN 'waiting' ELSE %(state)s END,
    next_at = CASE WHEN export > %(export)s THEN %(at)s::timestamptz ELSE %(next_at)s END,
    since = CASE WHEN %(accepted)s::boolean AND export > %(export)s::bigint THEN %(export)s ELSE since END,
    export = CASE WHEN %(accepted)s AND export < %(export)s THEN %(export)s ELSE export END,
    failures = CASE WHEN %(accepted)s THEN 0 ELSE failures + 1 END,
    failing_since = CASE WHEN %(accepted)s THEN NULL ELSE coalesce(failing_since, %(at)s) END,
    settled_at = CASE WHEN %(accepted)s THEN %(at)s::timestamptz END
WHERE no = %(no)s AND tries = %(tries)s AND leased_until IS NOT NULL
""",
    commits="catalogue.settle_push",
)
_PRUNE: Final = numbered(
    """
DELETE FROM catalogue_pushes AS old WHERE state = 'accepted' AND settled_at < %(before)s AND EXISTS (
    SELECT FROM catalogue_pushes AS newer WHERE newer.municipality = old.municipality
        AND newer.address = old.address AND newer.state = 'accepted' AND newer.export > old.export
)
""",
    commits="catalogue.prune_pushes",
)


class StoredPushes:
    """Keeps the port `gateway.catalogue.pushing.push.Pushes` for one address.

    Objects whose ids begin with `own_agency` are ours alone and pushed to nobody.
    """

    def __init__(self, database: Database, clock: Clock, address: str, own_agency: str) -> None:
        self._database, self._clock = database, clock
        self._address, self._own = address, own_agency
        self._exports = StoredExports(database)
        self._prepared = 0

    async def prepare(self) -> Accepted | None:
        """See the port. All objects are looked at once for each export and process."""
        last = await self.last()
        if last is None or last.no == self._prepared:
            return last
        async with self._database.transaction("catalogue.prepare_pushes") as connection:
            await db.run(connection, _ELSEWHERE, address=self._address)
            await db.run(connection, _PREPARE, address=self._address, own=self._own, now=self._clock.now())
        self._prepared = last.no
        return last

    async def due(self) -> bool:
        """Whether there is anything to push now. Raises `DatabaseAway`."""
        return await self._database.one(_DUE, address=self._address, now=self._clock.now()) is not None

    async def under_way(self) -> bool:
        """Whether a process pushes just now, or died within its lease. Raises `DatabaseAway`."""
        return await self._database.one(_UNDER_WAY, address=self._address, now=self._clock.now()) is not None

    async def claim(
        self, lease: timedelta, *, at_once: bool = False, besides: Collection[int] = ()
    ) -> ClaimedPush | None:
        """See the port."""
        now = self._clock.now()
        row = await self._database.one(
            _CLAIM, address=self._address, now=now, leased=now + lease, at_once=at_once, besides=list(besides)
        )
        return None if row is None else ClaimedPush(**row)

    async def renew(self, push: ClaimedPush, lease: timedelta) -> bool:
        """See the port."""
        leased = self._clock.now() + lease
        return await self._database.run(_RENEW, no=push.no, tries=push.tries, leased=leased) > 0

    async def settle(self, result: PushResult) -> bool:
        """See the port."""
        return (
            await self._database.run(
                _SETTLE,
                no=result.push.no,
                tries=result.push.tries,
                accepted=result.state is PushState.ACCEPTED,
                state=result.state.value,
                export=result.export,
                next_at=result.next_at,
                files=result.files,
                cause=result.cause,
                status=result.status,
                at=result.at,
            )
            > 0
        )

    async def last(self) -> Accepted | None:
        """See the port."""
        return await self._exports.last()

    async def prune(self) -> int:
        """Forget pushes that were taken two years ago, but the last of each municipality."""
        return await self._database.run(_PRUNE, before=self._clock.now() - KEPT)
