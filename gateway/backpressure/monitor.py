"""Looks every few seconds at what runs out, tells the doors and raises alarms.

Knows: which place of the machine, which question to the database. Never does: judge (`admission` does), refuse.
Standard: architecture §3. Start reading: `LoadMonitor.look`.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Final, Protocol

import structlog

from gateway.backpressure import machine
from gateway.backpressure.admission import ALARMS, Pressure, Reading, Resource
from gateway.errors import GatewayError
from gateway.errors.recurring import Failures
from gateway.ports.clock import Clock

LOOK_EVERY_S: Final = 2.0
ASK_EVERY: Final = 5  # looks at the machine for one question to the database

log = structlog.get_logger()


class Figures(Protocol):
    """What the database knows of its own load, and where alarms about the gateway are kept."""

    async def waiting(self, most: int) -> int:
        """How many submissions are accepted and not yet submitted; counted up to `most`."""
        ...

    async def size(self) -> int | None:
        """The size of the database in bytes; None where it does not say."""
        ...

    async def alarm(self, rule: str, subject: str, now: datetime, *, raised: bool) -> None:
        """Raise or resolve an alarm about the gateway itself."""
        ...


@dataclass(slots=True)
class LoadMonitor:
    """Watches for one process. `most_bytes` is the size that the database may grow to; None: as the disk allows."""

    pressure: Pressure
    figures: Figures
    clock: Clock
    directory: Path
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
        database_free, number = self._asked
        free = [limit for limit in (self.disk(self.directory), database_free) if limit is not None]
        began, ended = self.pressure.note(Reading(min(free) if free else None, self.memory(), number))
        for resource in began:
            log.warning("watch.refusing", resource=resource.value)
        for resource in ended:
            log.warning("watch.taking_again", resource=resource.value)
        self._unsaid |= dict.fromkeys(began, True) | dict.fromkeys(ended, False)
        await self._say(self.clock.now())

    async def _ask(self) -> tuple[int | None, int | None]:
        most = self.pressure.limits.waiting
        number = await self.figures.waiting(most) if most else None
        if self.most_bytes is None:
            return None, number
        size = await self.figures.size()
        return (None if size is None else max(self.most_bytes - size, 0)), number

    async def _say(self, now: datetime) -> None:
        """Raise and resolve alarms; what cannot be written now, as on a full disk, is written later."""
        for resource, raised in list(self._unsaid.items()):
            subject = "gateway" if resource is Resource.QUEUE else self.host
            try:
                await self.figures.alarm(ALARMS[resource], subject, now, raised=raised)
            except GatewayError:
                continue
            del self._unsaid[resource]
