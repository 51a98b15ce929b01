"""Tells people of alarms, by mail and by webhook.

Knows: who is told, in which form, what a failure means for the next try. Never does: raise or resolve alarms of
submissions, decide what is told (`store.bulletins` gathers it), put anything but ids, rules and numbers in a message.
Standards: RFC 5321 (mail), Standard Webhooks 1.0. Start reading: `AlarmSender.look`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

import httpx
import structlog

from gateway import failpoints
from gateway.errors import (
    CounterpartBusy,
    CounterpartError,
    CounterpartRefused,
    GatewayError,
    InternalError,
    unexpected,
)
from gateway.errors.recurring import Failures
from gateway.notify import alarms as alarm
from gateway.notify import mail
from gateway.notify import message as webhook
from gateway.notify.alarms import AlarmMessage, AlarmMessages, Sent, Target
from gateway.outbound import smtp
from gateway.outbound.durations import Durations
from gateway.outbound.httpx_transport import exchange
from gateway.outbound.smtp import Relay
from gateway.ports.clock import Clock

log = structlog.get_logger()

LOOK_EVERY_S: Final = 5.0
GATHER_EVERY_S: Final = 60.0
LEASE: Final = timedelta(seconds=90)
"""Longer than any conversation with a mail server: only the messages of a dead worker come to another one."""
PATIENCE_S: Final = 10.0
ANSWER_BYTES: Final = 65_536
PERMANENT: Final = (CounterpartRefused,)
"""Failures that no further try would mend."""
Reach = tuple[Mapping[str, Target], Relay | None]
"""Who is told, and through which mail server."""


@dataclass(slots=True)
class AlarmSender:
    """Sends what is due to `targets` (by key). `sender` and `relay` are unset where there is no mail server."""

    bulletins: AlarmMessages
    targets: Mapping[str, Target]
    client: httpx.AsyncClient
    clock: Clock
    gateway: str
    relay: Relay | None = None
    sender: str = ""
    repeat: timedelta | None = timedelta(hours=24)
    quiet: timedelta = timedelta(minutes=15)
    patience_s: float = PATIENCE_S
    durations: Durations | None = None
    failures: Failures = field(default_factory=Failures)
    reach: Callable[[], Reach] | None = None
    """Targets and relay as they are now, where secrets and passwords may be corrected meanwhile."""
    _lanes: dict[str, asyncio.Task[None]] = field(default_factory=dict)

    async def run(self) -> None:
        """Gather each minute and send what is due, until cancelled; a database that went away is waited for."""
        looks = 0
        try:
            while self.targets:
                await self.look(gather=looks % int(GATHER_EVERY_S / LOOK_EVERY_S) == 0)
                looks += 1
                await asyncio.sleep(LOOK_EVERY_S)
        finally:
            for lane in self._lanes.values():
                lane.cancel()
            await asyncio.gather(*self._lanes.values(), return_exceptions=True)

    async def look(self, *, gather: bool = True) -> None:
        """Gather what is to be told and begin to send what is due; each target has a lane of its own.

        Each part is tried for itself: what fails is counted and holds up nothing else.
        """
        if self.reach:
            self.targets, self.relay = self.reach()
        if gather:
            await self.failures.attempt("alarms_prune", self.bulletins.prune)
            for target in self.targets.values():
                await self.failures.attempt(f"alarms_gather {target.name}", partial(self._gather, target))
        await self.failures.attempt("alarms_send", self._begin)

    async def _gather(self, target: Target) -> None:
        if number := await self.bulletins.compose(target, repeat=self.repeat, quiet=self.quiet):
            log.info("herald.gathered", recipient=target.name, alarms=number)

    async def _begin(self) -> None:
        self._lanes = {key: lane for key, lane in self._lanes.items() if not lane.done()}
        free = self.targets.keys() - self._lanes.keys()
        for bulletin in await self.bulletins.claim(free, LEASE) if free else ():
            self._lanes[bulletin.target] = asyncio.create_task(self._deliver(bulletin))

    async def idle(self) -> None:
        """Wait until everything begun has come to its end."""
        await asyncio.gather(*self._lanes.values())

    async def trial(self, target: Target, name: UUID) -> None:
        """Send a test to one target now. Raises what the way raises."""
        bulletin = AlarmMessage(name, target.key, (), 1, self.clock.now())
        if target.mail is not None:
            await self._mail(target, bulletin, mail.trial_mail)
        else:
            await self._post(target, bulletin, webhook.TEST)

    async def _deliver(self, bulletin: AlarmMessage) -> None:
        target = self.targets[bulletin.target]
        error: GatewayError | None = None
        try:
            if target.mail is not None:
                await self._mail(target, bulletin, mail.mail)
            else:
                await self._post(target, bulletin, alarm.TYPE)
        except CounterpartError as failure:
            error = failure
        except Exception as failure:  # noqa: BLE001 - whatever it is, it is a failed try like any other
            error = InternalError()
            log.error("herald.failed", recipient=target.name, **unexpected.named(failure))  # noqa: TRY400 - messages hold values
        outcome = self._outcome(bulletin, error, self.clock.now())
        # where this fails the lease ends, and the message is sent once more
        await self.failures.attempt("alarms_settle", lambda: self.bulletins.settle(outcome, target=target.name))
        if error is not None:
            log.warning("herald.not_delivered", recipient=target.name, code=error.code, tries=bulletin.tries)

    def _outcome(self, bulletin: AlarmMessage, error: GatewayError | None, now: datetime) -> Sent:
        if error is None:
            return Sent(bulletin.id, bulletin.tries, now, delivered=True, error=None, next_at=None)
        again = None if isinstance(error, PERMANENT) else alarm.following(bulletin, now, error.retry_after)
        return Sent(bulletin.id, bulletin.tries, now, delivered=False, error=error.code, next_at=again)

    async def _mail(self, target: Target, bulletin: AlarmMessage, form: mail.Form) -> None:
        failpoints.before("steps.mail")
        assert self.relay is not None  # the settings see to it
        assert target.mail is not None
        written = form(bulletin, sender=self.sender, to=target.mail, gateway=self.gateway, now=self.clock.now())
        await smtp.send(self.relay, self.sender, target.mail, written, durations=self.durations)

    async def _post(self, target: Target, bulletin: AlarmMessage, kind: str) -> None:
        """Raises `CounterpartBusy` for any answer but success: a webhook that was put right gets what it missed."""
        data = {"gateway": self.gateway, "alarms": [line.as_json() for line in bulletin.lines]}
        message = webhook.WebhookMessage(
            bulletin.id, kind, bulletin.began, data, bulletin.tries, bulletin.began, target.url or "", (target.secret,)
        )
        content = webhook.body(message)
        fields = webhook.headers(message, content, self.clock.now())
        try:
            async with asyncio.timeout(self.patience_s):
                answer = await exchange(
                    self.client,
                    "POST",
                    message.url,
                    headers=fields,
                    content=content,
                    limit=ANSWER_BYTES,
                    call="alarms.webhook",
                )
        except TimeoutError:
            raise CounterpartBusy(host="", http_status=408) from None
        if not 200 <= answer.status < 300:
            raise CounterpartBusy(host=answer.host, http_status=answer.status)
