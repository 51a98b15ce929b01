"""Tells people of alarms, by mail and by webhook.

Knows: who is told, in which form, when alarms are gathered. Never does: raise or resolve alarms of submissions, decide
what is told (the queue gathers it), keep lanes and repeats (`sending` does), put anything but ids, rules and numbers in
a message. Standards: RFC 5321 (mail), Standard Webhooks 1.0. Start reading: `AlertSender`.
"""

from __future__ import annotations

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
from gateway.notify.alarms import AlertNotice, Target
from gateway.notify.message import TEST, WebhookMessage
from gateway.notify.schedule import seconds
from gateway.notify.sending import MessageQueue, SendingLoop
from gateway.notify.webhooks import post
from gateway.outbound import smtp
from gateway.outbound.durations import Durations
from gateway.outbound.httpx_transport import exchange
from gateway.outbound.smtp import Relay

log = structlog.get_logger()

LEASE: Final = timedelta(seconds=90)
"""Longer than any conversation with a mail server: only the messages of a dead worker come to another one."""
Reach = tuple[Mapping[str, Target], Relay | None]
"""Who is told, by key, and through which mail server; None where there is none."""


class AlertQueue(MessageQueue, Protocol):
    """What the sender asks of the store. Whether a target is reached becomes, or ends, an alarm of its own."""

    async def compose(self, target: Target, *, repeat: timedelta | None, quiet: timedelta) -> int:
        """Gather what this target has to be told in one message, if anything; how many alarms it holds.

        At most one message waits for a target: what comes meanwhile goes into the next. An alarm is told once, and
        again after `repeat` while nobody acknowledged it. Less than `quiet` after the last message nothing is made
        (debounce).
        """
        ...

    async def claim(self, targets: Collection[str], lease: timedelta) -> Sequence[AlertNotice]:
        """Due messages; nobody else gets them for `lease`."""
        ...


@dataclass(slots=True, kw_only=True)
class AlertSender(SendingLoop[AlertNotice, AlertNotice]):
    """Sends what is due. `reach` says to whom and how as of now: secrets and passwords may be corrected meanwhile."""

    task: ClassVar = "alarms_send"
    look_every_s: ClassVar = 5.0
    chores_task: ClassVar = "alarms_prune"
    chores_every_s: ClassVar = 60.0

    queue: AlertQueue
    reach: Callable[[], Reach]
    client: httpx.AsyncClient
    gateway: str
    sender: str = ""
    repeat: timedelta | None = timedelta(hours=24)
    quiet: timedelta = timedelta(minutes=15)
    durations: Durations | None = None

    @property
    def targets(self) -> Mapping[str, Target]:
        """Who is told, by key."""
        return self.reach()[0]

    async def chores(self) -> None:
        """Gather what is to be told, and forget old messages; what fails for one target holds up no other."""
        for target in self.targets.values():
            await self.failures.attempt(f"alarms_gather {target.name}", partial(self._gather, target))
        await self.queue.prune()

    async def trial(self, target: Target, name: UUID) -> None:
        """Send a test to one target now. Raises what the way raises."""
        await self._carry(target, AlertNotice(name, 1, self.clock.now(), target.key, ()), TEST)

    async def _gather(self, target: Target) -> None:
        if number := await self.queue.compose(target, repeat=self.repeat, quiet=self.quiet):
            log.info("alarms.gathered", recipient=target.name, alarms=number)

    async def _busy(self) -> Mapping[str, AlertNotice]:
        tasks = {key: f"alarms_send {key}" for key in self.targets}
        free = [key for key, task in tasks.items() if self._free(task)]
        return {tasks[notice.target]: notice for notice in (await self.queue.claim(free, LEASE) if free else ())}

    async def _claims(self, receiver: AlertNotice) -> AsyncIterator[Sequence[AlertNotice]]:
        yield [receiver]  # at most one message waits for a target

    async def _send(self, message: AlertNotice) -> None:
        target = self.targets[message.target]
        try:
            await self._carry(target, message, alarms.TYPE)
        except CounterpartError as error:
            log.warning("alarms.not_delivered", recipient=target.name, code=error.code, tries=message.tries)
            raise

    async def _carry(self, target: Target, message: AlertNotice, kind: str) -> None:
        if target.mail is None:
            await self._post(target, message, kind)
            return
        form = mail.trial_mail if kind == TEST else mail.alert_mail
        failpoints.before("steps.mail")
        _, relay = self.reach()
        assert relay is not None  # the settings see to it
        written = form(message, sender=self.sender, to=target.mail, gateway=self.gateway, now=self.clock.now())
        await smtp.send(relay, self.sender, target.mail, written, durations=self.durations)

    async def _post(self, target: Target, message: AlertNotice, kind: str) -> None:
        """Raises `CounterpartBusy` for any answer but success: a webhook that was put right gets what it missed."""
        data = {"gateway": self.gateway, "alarms": [line.as_json() for line in message.lines]}
        notice = WebhookMessage(
            message.id, message.tries, message.began, kind, message.began, data, target.url or "", (target.secret,)
        )
        try:
            answer = await post(partial(exchange, self.client), notice, self.clock.now(), call="alarms.webhook")
        except TimeoutError:
            raise CounterpartBusy(host="", http_status=408) from None
        if not 200 <= answer.status < 300:
            wish = seconds(answer.headers.get("retry-after", ""))
            raise CounterpartBusy(host=answer.host, http_status=answer.status, retry_after=wish)
