"""Carries messages to the portals' webhooks.

Knows: one lane for each webhook with something to send, so that a slow receiver holds up nobody but itself.
Never does: decide what is worth a message (`store.webhooks` follows the change feed), touch a submission.
Standard: Standard Webhooks 1.0, fixed interfaces §4. Start reading: `WebhookSender.look`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import structlog

from gateway.errors import CounterpartError, DatabaseAway, InternalError, unexpected
from gateway.errors.recurring import Failures
from gateway.model import Scope
from gateway.notify import message as webhook
from gateway.notify.alarms import webhook_task
from gateway.notify.message import Outbox, SendingResult, WebhookMessage
from gateway.outbound.client import HttpClient, exchange
from gateway.ports.clock import Clock

log = structlog.get_logger()

LOOK_EVERY_S: Final = 1.0
PATIENCE_S: Final = 10.0
"""A receiver has so long for its whole answer."""
LEASE: Final = timedelta(seconds=15)
"""Longer than the patience: only the messages of a dead worker come to another one."""
AT_ONCE: Final = 8
"""Messages on their way to one webhook at once, from one worker."""
ANSWER_BYTES: Final = 65_536
PRUNE_EVERY: Final = 600  # looks


@dataclass(slots=True)
class WebhookSender:
    """Sends what is due. `served` are the municipalities of each client; whoever is not in it gets nothing."""

    outbox: Outbox
    client: HttpClient
    clock: Clock
    served: Mapping[str, frozenset[str]]
    patience_s: float = PATIENCE_S
    failures: Failures = field(default_factory=Failures)
    _lanes: dict[UUID, asyncio.Task[None]] = field(default_factory=dict)
    _rests: dict[UUID, datetime] = field(default_factory=dict)

    async def run(self) -> None:
        """Look every second until cancelled; a database that went away is waited for."""
        looks = 0
        try:
            while True:
                await self.failures.attempt("webhooks", self.look)
                if looks % PRUNE_EVERY == 0:
                    await self.failures.attempt("webhooks_prune", self.outbox.prune)
                looks += 1
                await asyncio.sleep(self.failures.gap("webhooks", LOOK_EVERY_S))
        finally:
            for lane in self._lanes.values():
                lane.cancel()
            await asyncio.gather(*self._lanes.values(), return_exceptions=True)

    async def look(self) -> None:
        """Start a lane for every webhook that has something to do and none running; one that failed rests first."""
        now = self.clock.now()
        self._rests = {name: until for name, until in self._rests.items() if until > now}
        self._lanes = {name: lane for name, lane in self._lanes.items() if not lane.done()}
        for name, client, news in await self.outbox.busy(sorted(self.served)):
            if name not in self._lanes and name not in self._rests:
                self._lanes[name] = asyncio.create_task(self._lane(name, client, news=news))

    async def idle(self) -> None:
        """Wait until every lane has come to its end."""
        await asyncio.gather(*self._lanes.values())

    async def _lane(self, name: UUID, client: str, *, news: bool) -> None:
        task = webhook_task(name)
        if not await self.failures.attempt(task, lambda: self._carry(name, client, news=news)):
            self._rests[name] = self.clock.now() + timedelta(seconds=self.failures.gap(task, LOOK_EVERY_S))

    async def _carry(self, name: UUID, client: str, *, news: bool) -> None:
        scope = Scope(client, self.served[client])
        while True:
            looked = await self.outbox.follow(name, scope) if news else 0
            due = await self.outbox.claim(name, AT_ONCE, LEASE)
            if due:
                await self.outbox.settle(await asyncio.gather(*(self._sent(message) for message in due)))
            elif not looked:
                return
            news = looked > 0

    async def _sent(self, message: WebhookMessage) -> SendingResult:
        """As `_send`; an exception that nobody foresaw is a failed try of this message alone."""
        try:
            return await self._send(message)
        except DatabaseAway:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the other messages have been sent
            log.error("notifier.not_sent", message=str(message.id), **unexpected.named(error))  # noqa: TRY400 - messages hold values
            now = self.clock.now()
            again = webhook.following(message, now)
            return SendingResult(message.id, message.tries, now, False, None, InternalError.code, again)

    async def _send(self, message: WebhookMessage) -> SendingResult:
        content = webhook.body(message)
        fields = webhook.headers(message, content, self.clock.now())
        status, error, wish = None, None, None
        try:
            async with asyncio.timeout(self.patience_s):
                answer = await exchange(
                    self.client,
                    "POST",
                    message.url,
                    headers=fields,
                    content=content,
                    limit=ANSWER_BYTES,
                    call="webhook.message",
                )
            status, wish = answer.status, _seconds(answer.headers.get("retry-after", ""))
        except TimeoutError:
            error = "timeout"
        except CounterpartError as failure:
            error = failure.code
        delivered = status is not None and 200 <= status < 300
        now = self.clock.now()
        over = delivered or status == webhook.GONE_STATUS
        again = None if over else webhook.following(message, now, wish)
        return SendingResult(message.id, message.tries, now, delivered, status, error, again)


def _seconds(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 9 else None
