"""The sender of alarms of one process: settings, store and ways out put together.

Knows: how its parts fit together. Never does: any work of theirs. Standard: architecture §2.
Start reading: `open_alarm_sender`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial

from gateway.errors.recurring import Failures
from gateway.keys.following import Following
from gateway.notify.alerts import AlarmSender, Reach
from gateway.outbound.httpx_transport import httpx_client
from gateway.outbound.pace import Counterpart
from gateway.settings.gateway import Settings
from gateway.store.operation.alarm_messages import StoredAlarmMessages
from gateway.wiring import recipients
from gateway.wiring.outbound import policy
from gateway.wiring.runtime import Runtime


@asynccontextmanager
async def open_alarm_sender(runtime: Runtime, counted: Failures | None = None) -> AsyncIterator[AlarmSender]:
    """What tells people of alarms. Raises `SettingsInvalid` for a secret or password that cannot be read."""
    section = runtime.settings.alarms
    reach = Following("alarms", recipients.files(runtime.settings), partial(_reach, runtime.settings))
    targets, relay = reach()
    way = replace(policy(runtime.settings), max_connections=0, keepalive_s=2.0, counterpart=Counterpart.ALARM_WEBHOOK)
    async with httpx_client(way, durations=runtime.durations) as client:
        yield AlarmSender(
            bulletins=StoredAlarmMessages(runtime.store.database, runtime.clock, runtime.store.new_id),
            targets=targets,
            client=client,
            clock=runtime.clock,
            gateway=runtime.base_url,
            relay=relay,
            sender=section.smtp.sender if section.smtp else "",
            repeat=timedelta(hours=section.repeat_hours) if section.repeat_hours else None,
            quiet=timedelta(minutes=section.quiet_minutes),
            durations=runtime.durations,
            failures=counted or Failures(),
            reach=reach,
        )


def _reach(settings: Settings) -> Reach:
    return {target.key: target for target in recipients.targets(settings)}, recipients.relay(settings)
