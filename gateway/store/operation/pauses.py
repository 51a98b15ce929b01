"""What operators stopped: one destination, every delivery, or the gateway.

Knows: the table `pauses`, cached for a second so that no step asks the database. Never does: stop anything;
`delivery` and `web` ask. Standard: fixed interfaces §1 (`pause`, `resume`, `maintenance`). Start reading: `Pauses`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import bindparam, delete, func, select, text
from sqlalchemy.dialects.postgresql import insert

from gateway.ports.clock import Clock
from gateway.store.connection.database import Database, compiled
from gateway.store.rows import tables as t
from gateway.store.rows.states import OPEN

ALL: Final = "all"
MAINTENANCE: Final = "maintenance"
REMEMBERED_S: Final = 1.0

_P, _S = t.pauses.c, t.submissions.c
_READ = compiled(select(_P.target, _P.since))
_STOP = compiled(
    insert(t.pauses).values(target=bindparam("target"), since=bindparam("since")).on_conflict_do_nothing(),
    commits="pauses.stop",
)
_GO = compiled(delete(t.pauses).where(_P.target == bindparam("target")), commits="pauses.go")
_OPEN = text(OPEN)
_WAKE_ALL = compiled(
    select(func.count(func.wake_submission(_S.id, None)).label("number")).where(_OPEN), commits="pauses.wake_all"
)
_WAKE = compiled(
    select(func.count(func.wake_submission(_S.id, None)).label("number")).where(
        _OPEN, func.coalesce(_S.destination_id, bindparam("target")) == bindparam("target")
    ),
    commits="pauses.wake",
)
_CONCERNS = compiled(
    select(select(_S.id).where(_S.destination_id == bindparam("target")).limit(1).exists().label("found"))
)


class Pauses:
    """The pauses of one installation, as one process knows them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._known: Mapping[str, datetime] = {}
        self._asked = float("-inf")

    async def current(self) -> Mapping[str, datetime]:
        """Target and since when; at most a second old."""
        if time.monotonic() - self._asked > REMEMBERED_S:
            self._known = {row["target"]: row["since"] for row in await self._database.rows(_READ)}
            self._asked = time.monotonic()
        return self._known

    async def stopped(self, *targets: str) -> bool:
        """Whether one of them is stopped.

        A yes is asked anew: whoever gets it waits for a minute, and the end of a pause wakes only what waits by then.
        """
        if (await self.current()).keys().isdisjoint(targets):
            return False
        self._asked = float("-inf")
        return not (await self.current()).keys().isdisjoint(targets)

    async def concerns(self, target: str) -> bool:
        """Whether any submission was sent, or is to be sent, to this destination."""
        row = await self._database.one(_CONCERNS, target=target)
        return bool(row and row["found"])

    async def stop(self, target: str) -> datetime:
        """Pause; since when it is. What is on its way ends its step first."""
        await self._database.run(_STOP, target=target, since=self._clock.now())
        self._asked = float("-inf")
        return (await self.current())[target]

    async def go(self, target: str) -> int:
        """End the pause and wake what waited; how many submissions that may be."""
        await self._database.run(_GO, target=target)
        self._asked = float("-inf")
        return await self._database.number(_WAKE_ALL if target in {ALL, MAINTENANCE} else _WAKE, target=target)
