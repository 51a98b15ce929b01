"""Tells people of alarms, by mail and by webhook.

Knows: who is told, in which form, when alarms are gathered. Never does: raise or resolve alarms of submissions, decide
what is told (the queue gathers it), keep lanes and repeats (`sending` does), put anything but ids, rules and numbers in
a message. Standards: RFC 5321 (mail), Standard Webhooks 1.0. Start reading: `AlarmSender`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import ClassVar, Final, Protocol
from uuid import UUID

import httpx
import structlog

from gateway import failpoints
from gateway.errors import CounterpartBusy, CounterpartError
from gateway.notify import alarms, mail
from gateway.notify import message as webhook
from gateway.notify.alarms import AlarmMessage, Target
from gateway.notify.schedule import seconds
from gateway.notify.sending import ANSWER_BYTES, MessageQueue, SendingLoop
from gateway.outbound import smtp
from gateway.outbound.durations import Durations
from gateway.outbound.httpx_transport import exchange
from gateway.outbound.smtp import Relay

log = structlog.get_logger()

LEASE: Final = timedelta(seconds=90)
"""Longer than any conversation with a mail server: only the messages of a dead worker come to another one."""
Reach = tuple[Mapping[str, Target], Relay | None]
"""Who is told, and through which mail server."""


class AlarmQueue(MessageQueue, Protocol):
    """What the sender asks of the store. Whether a target is reached becomes, or ends, an alarm of its own."""

    async def compose(self, target: Target, *, repeat: timedelta | None, quiet: timedelta) -> int:
        """Gather what this target has to be told in one message, if anything; how many alarms it holds.

        At most one message waits for a target: what comes meanwhile goes into the next. An alarm is told once, and
        again after `repeat` while nobody acknowledged it. Less than `quiet` after the last message nothing is made
        (debounce).
        """
        ...

    async def claim(self, targets: Collection[str], lease: timedelta) -> Sequence[AlarmMessage]:
        """Due messages; nobody else gets them for `lease`."""
        ...


@dataclass(slots=True, kw_only=True)
class AlarmSender(SendingLoop[AlarmMessage, AlarmMessage]):
    """Sends what is due to `targets` (by key). `sender` and `relay` are unset where there is no mail server."""

    task: ClassVar = "alarms_send"
    look_every_s: ClassVar = 5.0
    chores_every: ClassVar = 12

    queue: AlarmQueue
    targets: Mapping[str, Target]
    client: httpx.AsyncClient
    gateway: str
    relay: Relay | None = None
    sender: str = ""
    repeat: timedelta | None = timedelta(hours=24)
    quiet: timedelta = timedelta(minutes=15)
    durations: Durations | None = None
    reach: Callable[[], Reach] | None = None
    """Targets and relay as they are now, where secrets and passwords may be corrected meanwhile."""

    async def chores(self) -> None:
        """Forget old messages and gather what is to be told; what fails for one target holds up no other."""
        self._follow()
        await self.failures.attempt("alarms_prune", self.queue.prune)
        for target in self.targets.values():
            await self.failures.attempt(f"alarms_gather {target.name}", partial(self._gather, target))

    async def trial(self, target: Target, name: UUID) -> None:
        """Send a test to one target now. Raises what the way raises."""
        await self._carry(target, AlarmMessage(name, 1, self.clock.now(), target.key, ()), webhook.TEST)

    def _follow(self) -> None:
        if self.reach:
            self.targets, self.relay = self.reach()

    async def _gather(self, target: Target) -> None:
        if number := await self.queue.compose(target, repeat=self.repeat, quiet=self.quiet):
            log.info("alarms.gathered", recipient=target.name, alarms=number)

    async def _busy(self) -> Mapping[str, AlarmMessage]:
        self._follow()
        due = await self.queue.claim(self.targets.keys(), LEASE) if self.targets else ()
        return {f"alarms_send {message.target}": message for message in due}

    async def _claims(self, receiver: AlarmMessage) -> AsyncIterator[Sequence[AlarmMessage]]:
        yield [receiver]  # at most one message waits for a target

    async def _send(self, message: AlarmMessage) -> None:
        target = self.targets[message.target]
        try:
            await self._carry(target, message, alarms.TYPE)
        except CounterpartError as error:
            log.warning("alarms.not_delivered", recipient=target.name, code=error.code, tries=message.tries)
            raise

    async def _carry(self, target: Target, message: AlarmMessage, kind: str) -> None:
        if target.mail is None:
            await self._post(target, message, kind)
            return
        form = mail.trial_mail if kind == webhook.TEST else mail.mail
        failpoints.before("steps.mail")
        assert self.relay is not None  # the settings see to it
        written = form(message, sender=self.sender, to=target.mail, gateway=self.gateway, now=self.clock.now())
        await smtp.send(self.relay, self.sender, target.mail, written, durations=self.durations)

    async def _post(self, target: Target, message: AlarmMessage, kind: str) -> None:
        """Raises `CounterpartBusy` for any answer but success: a webhook that was put right gets what it missed."""
        data = {"gateway": self.gateway, "alarms": [line.as_json() for line in message.lines]}
        content, fields = webhook.signed(
            webhook.WebhookMessage(
                message.id, message.tries, message.began, kind, message.began, data, target.url or "", (target.secret,)
            ),
            self.clock.now(),
        )
        try:
            async with asyncio.timeout(self.patience_s):
                answer = await exchange(
                    self.client,
                    "POST",
                    target.url or "",
                    headers=fields,
                    content=content,
                    limit=ANSWER_BYTES,
                    call="alarms.webhook",
                )
        except TimeoutError:
            raise CounterpartBusy(host="", http_status=408) from None
        if not 200 <= answer.status < 300:
            wish = seconds(answer.headers.get("retry-after", ""))
            raise CounterpartBusy(host=answer.host, http_status=answer.status, retry_after=wish)
