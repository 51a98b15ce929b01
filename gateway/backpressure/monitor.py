"""Looks every few seconds at what runs out, tells the doors and raises alarms.

Knows: which place of the machine, which question to the database. Never does: judge (`pressure` does), refuse.
Standard: architecture §3. Start reading: `Watch.look`.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final

import structlog

from gateway.backpressure import machine
from gateway.backpressure.admission import ALARMS, Pressure, Reading, Resource
from gateway.errors import GatewayError
from gateway.errors.recurring import Failures
from gateway.ports import Clock
from gateway.store.connection.database import Database, numbered
from gateway.store.operation import alarms

LOOK_EVERY_S: Final = 2.0
ASK_EVERY: Final = 5  # looks at the machine for one question to the database

log = structlog.get_logger()

_WAITING = numbered(
    """
SELECT count(*) AS number FROM (
    SELECT FROM submissions WHERE state IN ('received', 'sealed', 'announced', 'uploaded') LIMIT %(most)s
) AS waiting
"""
)
_SIZE = numbered("SELECT pg_database_size(current_database()) AS bytes")


async def waiting(database: Database, most: int) -> int:
    """How many submissions are accepted and not yet submitted; counted up to `most`."""
    row = await database.one(_WAITING, most=most)
    return int(row["number"]) if row else 0


@dataclass(slots=True)
class Watch:
    """Watches for one process. `most_bytes` is the size that the database may grow to; None: as the disk allows."""

    pressure: Pressure
    database: Database
    clock: Clock
    place: Path
    most_bytes: int | None = None
    disk: Callable[[Path], int | None] = machine.disk_free
    memory: Callable[[], int | None] = machine.memory_free
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    host: str = field(default_factory=socket.gethostname)
    failures: Failures = field(default_factory=Failures)
    _unsaid: dict[Resource, bool] = field(default_factory=lambda: dict.fromkeys(Resource, False))
    _asked: tuple[int | None, int | None] = (None, None)

    async def run(self) -> None:
        """Look until cancelled."""
        looks = 0
        while True:
            ask = looks % ASK_EVERY == 0
            await self.failures.attempt("watch", lambda: self.look(ask=ask))  # noqa: B023 - awaited at once
            looks += 1
            await self.sleep(LOOK_EVERY_S)

    async def look(self, *, ask: bool = True) -> None:
        """Look once; `ask` the database too. A database that is away or full leaves the last figures standing."""
        if ask:
            try:
                self._asked = await self._ask()
            except GatewayError as error:
                log.warning("watch.not_asked", code=error.code)
        left, number = self._asked
        free = [each for each in (self.disk(self.place), left) if each is not None]
        began, ended = self.pressure.note(Reading(min(free) if free else None, self.memory(), number))
        for resource in began:
            log.warning("watch.refusing", resource=resource.value)
        for resource in ended:
            log.warning("watch.taking_again", resource=resource.value)
        self._unsaid |= dict.fromkeys(began, True) | dict.fromkeys(ended, False)
        await self._say(self.clock.now())

    async def _ask(self) -> tuple[int | None, int | None]:
        most = self.pressure.limits.waiting
        number = await waiting(self.database, most) if most else None
        if self.most_bytes is None:
            return None, number
        row = await self.database.one(_SIZE)
        return (max(self.most_bytes - row["bytes"], 0) if row else None), number

    async def _say(self, now: datetime) -> None:
        """Raise and resolve alarms; what cannot be written now, as on a full disk, is written later."""
        for resource, raised in list(self._unsaid.items()):
            subject = "gateway" if resource is Resource.QUEUE else self.host
            change = alarms.raise_about_gateway if raised else alarms.resolve_about_gateway
            try:
                await change(self.database, ALARMS[resource], subject, now)
            except GatewayError:
                continue
            del self._unsaid[resource]
