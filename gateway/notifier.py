"""Carries messages to the portals' webhooks.

Knows: one lane for each webhook with something to send, so that a slow receiver holds up nobody but itself.
Never does: decide what is worth a message (`store.webhooks` follows the change feed), touch a submission.
Standard: Standard Webhooks 1.0, fixed interfaces §4. Start reading: `Notifier.look`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from gateway import webhook
from gateway.errors import CounterpartError, DatabaseAway
from gateway.outbound.client import Client, exchange
from gateway.ports import Clock, Scope
from gateway.webhook import Message, Outbox, Outcome

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
class Notifier:
    """Sends what is due. `served` are the municipalities of each client; whoever is not in it gets nothing."""

    outbox: Outbox
    client: Client
    clock: Clock
    served: Mapping[str, frozenset[str]]
    patience_s: float = PATIENCE_S
    _lanes: dict[UUID, asyncio.Task[None]] = field(default_factory=dict)

    async def run(self) -> None:
        """Look every second until cancelled; a database that went away is waited for."""
        looks = 0
        try:
            while True:
                try:
                    await self.look()
                    if looks % PRUNE_EVERY == 0:
                        await self.outbox.prune()
                except DatabaseAway:
                    log.warning("notifier.database_away")
                except Exception as error:  # noqa: BLE001 - one bad row must not end all webhooks
                    log.error("notifier.failed", error=type(error).__name__)  # noqa: TRY400 - messages hold values
                looks += 1
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            for lane in self._lanes.values():
                lane.cancel()
            await asyncio.gather(*self._lanes.values(), return_exceptions=True)

    async def look(self) -> None:
        """Start a lane for every webhook that has something to do and none running."""
        self._lanes = {name: lane for name, lane in self._lanes.items() if not lane.done()}
        for name, client, news in await self.outbox.busy(sorted(self.served)):
            if name not in self._lanes:
                self._lanes[name] = asyncio.create_task(self._lane(name, client, news=news))

    async def idle(self) -> None:
        """Wait until every lane has come to its end."""
        await asyncio.gather(*self._lanes.values())

    async def _lane(self, name: UUID, client: str, *, news: bool) -> None:
        try:
            scope = Scope(client, self.served[client])
            while True:
                looked = await self.outbox.follow(name, scope) if news else 0
                due = await self.outbox.claim(name, AT_ONCE, LEASE)
                if due:
                    await self.outbox.settle(await asyncio.gather(*(self._send(message) for message in due)))
                elif not looked:
                    return
                news = looked > 0
        except DatabaseAway:
            log.warning("notifier.database_away")
        except Exception as error:  # noqa: BLE001 - whatever it is, it concerns one webhook and is tried again
            log.error("notifier.lane_failed", webhook=str(name), error=type(error).__name__)  # noqa: TRY400 - as above

    async def _send(self, message: Message) -> Outcome:
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
        again = None if delivered else webhook.following(message, now, wish)
        return Outcome(message.id, message.tries, now, delivered, status, error, again)


def _seconds(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 9 else None
