"""The senders of one process, of webhooks, alarms and sign-outs, wired: settings, store and ways out.

Knows: how their parts fit together. Never does: any work of theirs. Standard: architecture §2.
Start reading: `open_webhook_sender`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from functools import partial

from gateway.errors.recurring import Failures
from gateway.keys.following import Following
from gateway.login.id_token_keys import IdTokenKeys
from gateway.login.logout_requests import LogoutReceiver, LogoutRequests
from gateway.notify.alerts import AlertSender, Reach
from gateway.notify.logouts import LogoutSender
from gateway.notify.webhooks import WebhookSender
from gateway.outbound.client import Policy, http_client
from gateway.outbound.httpx_transport import httpx_client
from gateway.outbound.pace import Counterpart
from gateway.settings.gateway import Settings
from gateway.store.login.logout_queue import StoredLogoutQueue
from gateway.store.operation.alert_queue import StoredAlertQueue
from gateway.wiring import id_token_signing, recipients
from gateway.wiring.outbound import policy
from gateway.wiring.runtime import Runtime


@asynccontextmanager
async def open_webhook_sender(runtime: Runtime, counted: Failures) -> AsyncIterator[WebhookSender]:
    """The sender of webhook messages, with connections of its own: a hanging receiver takes none from others."""
    everywhere = frozenset(runtime.municipalities)
    served = {client.id: frozenset(client.municipalities) or everywhere for client in runtime.settings.clients}
    async with http_client(_way(runtime.settings, Counterpart.WEBHOOK), durations=runtime.durations) as client:
        yield WebhookSender(
            queue=runtime.store.messages, client=client, clock=runtime.clock, served=served, failures=counted
        )


@asynccontextmanager
async def open_alert_sender(runtime: Runtime, counted: Failures | None = None) -> AsyncIterator[AlertSender]:
    """The sender of alarms. Raises `SettingsInvalid` for a secret or password that cannot be read."""
    section = runtime.settings.alarms
    reach = Following("alarms", recipients.files(runtime.settings), partial(_reach, runtime.settings))
    way = _way(runtime.settings, Counterpart.ALARM_WEBHOOK)
    async with httpx_client(way, durations=runtime.durations) as client:
        yield AlertSender(
            queue=StoredAlertQueue(runtime.store.database, runtime.clock, runtime.store.new_id),
            client=client,
            clock=runtime.clock,
            gateway=runtime.base_url,
            sender=section.smtp.sender if section.smtp else "",
            repeat=timedelta(hours=section.repeat_hours) if section.repeat_hours else None,
            quiet=timedelta(minutes=section.quiet_minutes),
            durations=runtime.durations,
            failures=counted or Failures(),
            reach=reach,
        )


@asynccontextmanager
async def open_logout_sender(runtime: Runtime, counted: Failures) -> AsyncIterator[LogoutSender]:
    """The sender of sign-outs to portals' servers; each try reads the keys of ID tokens as they are then."""
    settings = runtime.settings

    async def keys() -> IdTokenKeys:
        return await asyncio.to_thread(id_token_signing.at_work, settings)

    requests = LogoutRequests(
        receivers={
            client.id: LogoutReceiver(client.backchannel_logout_uri, client.id_token_alg)
            for client in settings.clients
            if client.backchannel_logout_uri is not None
        },
        issuers={town.ars: town.public_url for town in runtime.municipalities.values()},
        logins=runtime.store.logins,
        keys=keys,
        clock=runtime.clock,
        new_id=runtime.store.new_id,
    )
    async with http_client(_way(settings, Counterpart.LOGOUT), durations=runtime.durations) as client:
        yield LogoutSender(
            queue=StoredLogoutQueue(runtime.store.database, runtime.clock),
            client=client,
            clock=runtime.clock,
            clients=sorted(requests.receivers),
            request=requests.of,
            ready=keys,
            failures=counted,
        )


def _way(settings: Settings, counterpart: Counterpart) -> Policy:
    """As many connections as there are lanes: a bound for all would let many slow receivers hold up the others."""
    return replace(policy(settings), max_connections=0, keepalive_s=2.0, counterpart=counterpart)


def _reach(settings: Settings) -> Reach:
    return {target.key: target for target in recipients.targets(settings)}, recipients.relay(settings)
