"""Whether something new is taken over now: maintenance, load, room on disk, and the client's quota.

Knows: whom to ask, and that what was not used is given back. Never does: measure, count or store.
Standard: architecture §3 (accepted means on disk). Start reading: `admission`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.errors import Maintenance
from gateway.model import Client
from gateway.ports.store import View
from gateway.web.dependencies import WebDependencies

MAINTENANCE_S: Final = 120.0
"""When to ask again under maintenance."""


@dataclass(slots=True)
class Admission:
    """The admission for one application. `admit` is asked once it is known to be new; a repeat costs nothing."""

    dependencies: WebDependencies
    client: Client
    began: datetime
    held: bool = False

    async def admit(self) -> None:
        """Take admission for one more. Raises `TooManyRequests`."""
        if self.dependencies.quotas:
            await self.dependencies.quotas.submission(self.client.id)
            self.held = True

    def keep_if_new(self, view: View) -> None:
        """Keep the admission where the application is new."""
        if view.submission.created_at >= self.began:
            self.held = False


@asynccontextmanager
async def admission(dependencies: WebDependencies, client: Client) -> AsyncIterator[Admission]:
    """Around taking in one application; what is not kept is given back. Raises `Overloaded`."""
    if dependencies.pressure:
        dependencies.pressure.check()
    admitted = Admission(dependencies, client, dependencies.clock.now())
    try:
        yield admitted
    finally:
        if dependencies.quotas and admitted.held:
            dependencies.quotas.give_back(client.id)


async def require_capacity(dependencies: WebDependencies, size: int = 0) -> None:
    """Return where something new of `size` bytes may be taken over.

    Raises `Maintenance`, `Overloaded` or `StorageFull`; nothing was read then.
    """
    if await dependencies.store.in_maintenance():
        raise Maintenance(retry_after=MAINTENANCE_S)
    if dependencies.pressure:
        dependencies.pressure.check(size)


@contextmanager
def reserved_storage(dependencies: WebDependencies, size: int) -> Iterator[None]:
    """Around reading `size` bytes that will be stored: others see it promised. Raises as `require_capacity`."""
    if dependencies.pressure is None:
        yield
        return
    with dependencies.pressure.room(size):
        yield
