"""Carries messages to the portals' webhooks.

Knows: which clients are served, the way to a receiver. Never does: decide what is worth a message (the queue follows
the change feed), keep lanes and repeats (`sending` does), touch a submission.
Standard: Standard Webhooks 1.0, fixed interfaces §4. Start reading: `WebhookSender`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar, Final, Protocol
from uuid import UUID

from gateway.model import Scope
from gateway.notify import message as webhook
from gateway.notify.message import BusyWebhook, WebhookMessage, webhook_task
from gateway.notify.sending import MessageQueue, SendingLoop
from gateway.outbound.answer import Answer
from gateway.outbound.client import HttpClient, exchange

PATIENCE_S: Final = 10.0
"""A receiver has so long for its whole answer."""
ANSWER_BYTES: Final = 65_536
LEASE: Final = timedelta(seconds=15)
"""Longer than the patience: only the messages of a dead worker come to another one."""
AT_ONCE: Final = 8
"""Messages on their way to one webhook at once, from one worker."""


class WebhookQueue(MessageQueue, Protocol):
    """What the sender asks of the store.

    Where a receiver is gone its subscription ends: nothing of it is busy, followed or claimed any more.
    """

    async def busy(self, clients: Sequence[str]) -> Sequence[BusyWebhook]:
        """The webhooks with something to do."""
        ...

    async def follow(self, webhook: UUID, scope: Scope) -> int:
        """Turn the next changes behind the webhook's cursor into messages; how many changes were looked at."""
        ...

    async def claim(self, webhook: UUID, limit: int, lease: timedelta) -> Sequence[WebhookMessage]:
        """Due messages of one webhook; nobody else gets them for `lease`."""
        ...


@dataclass(slots=True, kw_only=True)
class WebhookSender(SendingLoop[BusyWebhook, WebhookMessage]):
    """Sends what is due. `served` are the municipalities of each client; whoever is not in it gets nothing."""

    task: ClassVar = "webhooks"
    look_every_s: ClassVar = 1.0
    chores_task: ClassVar = "webhooks_prune"
    chores_every_s: ClassVar = 600.0

    queue: WebhookQueue
    client: HttpClient
    served: Mapping[str, frozenset[str]]

    async def _busy(self) -> Mapping[str, BusyWebhook]:
        return {webhook_task(webhook.id): webhook for webhook in await self.queue.busy(sorted(self.served))}

    async def _claims(self, receiver: BusyWebhook) -> AsyncIterator[Sequence[WebhookMessage]]:
        news, scope = receiver.news, Scope(receiver.client, self.served[receiver.client])
        while True:
            looked = await self.queue.follow(receiver.id, scope) if news else 0
            if due := await self.queue.claim(receiver.id, AT_ONCE, LEASE):
                yield due
            elif not looked:
                return
            news = looked > 0

    async def _send(self, message: WebhookMessage) -> Answer:
        return await post(partial(exchange, self.client), message, self.clock.now(), call="webhook.message")


async def post(
    exchange: Callable[..., Awaitable[Answer]], message: WebhookMessage, now: datetime, *, call: str
) -> Answer:
    """Send a signed message to its receiver. Raises `CounterpartError`, and `TimeoutError` where it takes too long."""
    content, fields = webhook.signed(message, now)
    async with asyncio.timeout(PATIENCE_S):
        return await exchange("POST", message.url, headers=fields, content=content, limit=ANSWER_BYTES, call=call)
