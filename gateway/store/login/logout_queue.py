"""Notices of ended sessions that wait for portals' servers: claimed under a lease, settled, forgotten.

Knows: the table `logout_notices`; what stands there names a client, a session and a login, nobody. Never does: send;
write a notice (`end_sessions` does, with the end itself). Standard: architecture §3. Start reading: `claim`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

import structlog

from gateway.notify.logouts import GIVEN_UP_AFTER, LogoutNotice
from gateway.notify.schedule import SendingResult
from gateway.ports.clock import Clock
from gateway.store.connection.database import Database, Row, numbered
from gateway.store.operation.message_queue import claiming, read, settled, settling, waiting

log = structlog.get_logger()

KEPT: Final = timedelta(hours=1)
"""So long notices stay that nobody sends: their client was taken out of the settings."""

_BUSY = numbered(
    "SELECT DISTINCT client FROM logout_notices "
    "WHERE client = ANY(%(clients)s) AND state = 'waiting' AND next_at <= %(now)s"
)
_CLAIM = numbered(claiming("logout_notices", "client = %(client)s", order="began_at"), commits="logouts.claim")
_SETTLE = numbered(
    settling("logout_notices") + "RETURNING message.id, message.client, message.state", commits="logouts.settle"
)
_PRUNE = numbered(
    "DELETE FROM logout_notices WHERE state <> 'waiting' OR began_at < %(before)s", commits="logouts.prune"
)


class StoredLogoutQueue:
    """Keeps the port `gateway.notify.logouts.LogoutQueue`."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def busy(self, clients: Sequence[str]) -> tuple[str, ...]:
        """See the port."""
        rows = await self._database.rows(_BUSY, clients=list(clients), now=self._clock.now())
        return tuple(row["client"] for row in rows)

    async def claim(self, client: str, limit: int, lease: timedelta) -> Sequence[LogoutNotice]:
        """See the port."""
        now = self._clock.now()
        rows = await self._database.rows(_CLAIM, client=client, now=now, leased=now + lease, limit=limit)
        return await read(rows, _notice, self.settle, now, again=False)

    async def settle(self, results: Sequence[SendingResult]) -> None:
        """See the port. What is given up is told to the log alone: the portal's own sessions end by themselves."""
        by_message: dict[Any, SendingResult] = {result.message: result for result in results}
        for row in await self._database.rows(_SETTLE, **settled(results)):
            if row["state"] == "failed":
                result = by_message[row["id"]]
                log.warning("logout.not_told", client=row["client"], status=result.status, error=result.error)

    async def prune(self) -> int:
        """See the port: what is over, and what nobody sends."""
        return await self._database.run(_PRUNE, before=self._clock.now() - KEPT)


async def _notice(row: Row) -> LogoutNotice:
    return LogoutNotice(
        **waiting(row),
        given_up_after=GIVEN_UP_AFTER,
        municipality=row["municipality"],
        client=row["client"],
        login=row["login"],
    )
