"""Tells portals' servers that a browser signed out.

Knows: the form, how often it is tried. Never does: make or sign tokens (`login` does), end sessions, keep lanes and
repeats (`sending` does), hold a person's data. Standard: OpenID Connect Back-Channel Logout 1.0 §2.5 to §2.8.
Start reading: `LogoutSender`.

Each try has a token of its own: one lives for two minutes, and the portal may remember which it has seen.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import ClassVar, Final, Protocol
from uuid import UUID

from gateway.notify.schedule import GONE_STATUS, DueMessage
from gateway.notify.sending import MessageQueue, SendingLoop
from gateway.notify.webhooks import ANSWER_BYTES, AT_ONCE, LEASE, PATIENCE_S
from gateway.outbound.answer import Answer
from gateway.outbound.client import HttpClient, exchange

GIVEN_UP_AFTER: Final = timedelta(minutes=15)
REFUSED_STATUS: Final = 400
"""The portal's server does not want this, and would not want it again (§2.8)."""
_FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(frozen=True, slots=True)
class LogoutNotice(DueMessage):
    """One portal's server is to be told of one session. `id` is the session's, `login` whose it was."""

    municipality: str
    client: str
    login: UUID


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """What is posted where."""

    address: str
    logout_token: str = field(repr=False)


class LogoutQueue(MessageQueue, Protocol):
    """What the sender asks of the store."""

    async def busy(self, clients: Sequence[str]) -> Sequence[str]:
        """Those of the clients that have something waiting."""
        ...

    async def claim(self, client: str, limit: int, lease: timedelta) -> Sequence[LogoutNotice]:
        """Due notices of one client; nobody else gets them for `lease`."""
        ...


@dataclass(slots=True, kw_only=True)
class LogoutSender(SendingLoop[str, LogoutNotice]):
    """Sends what is due to the servers of these clients. `request` makes address and token for one try.

    `ready` raises where nothing can be signed on this machine: what waits is left to another worker then.
    """

    task: ClassVar = "logouts"
    look_every_s: ClassVar = 1.0
    chores_task: ClassVar = "logouts_prune"
    chores_every_s: ClassVar = 600.0
    final_statuses: ClassVar = frozenset({REFUSED_STATUS, GONE_STATUS})

    queue: LogoutQueue
    client: HttpClient
    clients: Sequence[str]
    request: Callable[[LogoutNotice], Awaitable[LogoutRequest]]
    ready: Callable[[], Awaitable[object]]

    async def _busy(self) -> Mapping[str, str]:
        busy = await self.queue.busy(self.clients)
        if busy:
            await self.ready()
        return {f"logouts {client}": client for client in busy}

    async def _claims(self, receiver: str) -> AsyncIterator[Sequence[LogoutNotice]]:
        while due := await self.queue.claim(receiver, AT_ONCE, LEASE):
            yield due

    async def _send(self, message: LogoutNotice) -> Answer:
        to = await self.request(message)
        content = f"logout_token={to.logout_token}".encode("ascii")  # base64url and dots: nothing to escape
        async with asyncio.timeout(PATIENCE_S):
            return await exchange(
                self.client, "POST", to.address, headers=_FORM, content=content, limit=ANSWER_BYTES, call="login.logout"
            )
