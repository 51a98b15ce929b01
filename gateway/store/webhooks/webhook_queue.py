"""Messages to webhooks that wait: made from the change feed, claimed, settled.

Knows: each webhook's cursor in the feed. Never does: send; write anything while a submission is committed.
Standard: fixed interfaces §4. Start reading: `StoredWebhookQueue.follow`, then `claim`.

A webhook's cursor and the messages up to it are written in one transaction, so that each change becomes one message,
whoever follows and however often it is interrupted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import structlog

from gateway.crypto import vault
from gateway.model import Scope
from gateway.notify.alarms import WEBHOOK_ENDED
from gateway.notify.message import GONE, STATE, BusyWebhook, WebhookMessage, message_id
from gateway.notify.schedule import SendingResult
from gateway.ports.clock import Clock
from gateway.store.connection import database as db
from gateway.store.connection.database import Database, numbered
from gateway.store.keys.keyring import DataKeyring
from gateway.store.operation.message_queue import claiming, read, settled, settling, waiting
from gateway.store.webhooks.subscriptions import SECRET, URL, place

log = structlog.get_logger()

LINES: Final = 500  # of the change feed at once
KEPT: Final = timedelta(days=30)
AT_ONCE: Final = 1000

_BUSY = numbered(
    """
SELECT id, client, news FROM (
    SELECT webhook.id, webhook.client,
        webhook.events ? %(state)s AND EXISTS (
            SELECT FROM changes AS change WHERE change.client = webhook.client
            AND change.xid < feed_horizon()
            AND (change.xid, change.id) > (webhook.cursor_xid, webhook.cursor_id)
        ) AS news,
        EXISTS (
            SELECT FROM webhook_messages AS message
            WHERE message.webhook = webhook.id AND message.state = 'waiting' AND message.next_at <= %(now)s
        ) AS due
    FROM webhooks AS webhook WHERE webhook.client = ANY(%(clients)s) AND webhook.ended_at IS NULL
) AS each WHERE news OR due
"""
)
_LOCK = numbered(
    """
SELECT client, cursor_xid::text AS xid, cursor_id AS number, events ? %(state)s AS wanted
FROM webhooks WHERE id = %(id)s AND client = %(client)s AND ended_at IS NULL FOR UPDATE SKIP LOCKED
"""
)
_NEWS = numbered(
    """
SELECT change.xid::text AS xid, change.id, change.submission, change.municipality, change.state, change.at,
    submission.service, submission.test
FROM changes AS change LEFT JOIN submissions AS submission ON submission.id = change.submission
WHERE change.client = %(client)s AND change.xid < feed_horizon()
    AND (change.xid, change.id) > (%(xid)s::text::xid8, %(number)s)
ORDER BY change.xid, change.id LIMIT %(limit)s
"""
)
_PUT = numbered(
    """
INSERT INTO webhook_messages
    (id, webhook, municipality, type, submission, data, at, created_at, state, tries, began_at, next_at, log)
SELECT new.id, %(webhook)s, new.municipality, %(type)s, new.submission, new.data::jsonb, new.at, %(now)s, 'waiting', 0,
    %(now)s, %(now)s, '[]'
FROM unnest(%(ids)s::uuid[], %(towns)s::text[], %(submissions)s::uuid[], %(data)s::text[], %(ats)s::timestamptz[])
    AS new (id, municipality, submission, data, at)
ON CONFLICT (id) DO UPDATE SET state = 'waiting', tries = 0, began_at = excluded.began_at, next_at = excluded.next_at
"""
)
_MOVE = numbered("UPDATE webhooks SET cursor_xid = %(xid)s::text::xid8, cursor_id = %(number)s WHERE id = %(id)s")
_CLAIM = numbered(
    claiming(
        "webhook_messages",
        "webhook = %(webhook)s AND EXISTS (SELECT FROM webhooks WHERE webhooks.id = %(webhook)s AND ended_at IS NULL)",
        order="at",
        more=""", webhook.municipality AS key_municipality, webhook.data_key, data_keys.wrapped,
    webhook.url, webhook.secret, CASE WHEN webhook.previous_until > %(now)s THEN webhook.previous END AS previous""",
        joined=""" JOIN webhooks AS webhook ON webhook.id = claimed.webhook
    JOIN data_keys ON data_keys.id = webhook.data_key""",
    ),
    commits="webhooks.claim",
)
_SETTLE = numbered(
    f"""
WITH settled AS ({settling("webhook_messages")}), ended AS (
    UPDATE webhooks SET ended_at = %(now)s, end_reason = %(reason)s
    WHERE ended_at IS NULL AND id IN (SELECT webhook FROM webhook_messages WHERE id = ANY(%(gone)s::uuid[]))
    RETURNING id, client
), told AS (
    INSERT INTO house_alarms (rule, subject, raised_at) SELECT %(rule)s, 'webhook ' || id, %(now)s FROM ended
    ON CONFLICT (rule, subject) DO NOTHING
)
SELECT id, client FROM ended
""",  # noqa: S608 - names of our own tables
    commits="webhooks.settle",
)
_PRUNE = numbered(
    """
DELETE FROM webhook_messages WHERE id IN (
    SELECT id FROM webhook_messages WHERE state <> 'waiting' AND created_at < %(before)s
    LIMIT %(limit)s FOR UPDATE SKIP LOCKED
) OR id IN (
    SELECT message.id FROM webhooks AS ended JOIN webhook_messages AS message ON message.webhook = ended.id
    WHERE ended.ended_at IS NOT NULL AND message.created_at < %(before)s
    LIMIT %(limit)s FOR UPDATE OF message SKIP LOCKED
)
""",
    commits="webhooks.prune",
)


class StoredWebhookQueue:
    """Keeps the port `gateway.notify.webhooks.WebhookQueue`."""

    def __init__(self, database: Database, keyring: DataKeyring, clock: Clock) -> None:
        self._database, self._keyring, self._clock = database, keyring, clock

    async def busy(self, clients: Sequence[str]) -> tuple[BusyWebhook, ...]:
        """See the port."""
        rows = await self._database.rows(_BUSY, state=STATE, clients=list(clients), now=self._clock.now())
        return tuple(BusyWebhook(**row) for row in rows)

    async def follow(self, webhook: UUID, scope: Scope) -> int:
        """See the port. Nothing is done where another worker follows this webhook just now."""
        async with self._database.transaction("webhooks.follow") as connection:
            hook = await db.one(connection, _LOCK, id=webhook, client=scope.client, state=STATE)
            if hook is None or not hook["wanted"]:
                return 0
            lines = await db.rows(
                connection, _NEWS, client=scope.client, xid=hook["xid"], number=hook["number"], limit=LINES
            )
            if not lines:
                return 0
            visible = [e for e in lines if scope.municipalities is None or e["municipality"] in scope.municipalities]
            if visible:
                await db.run(connection, _PUT, **self._columns(webhook, visible))
            await db.run(connection, _MOVE, id=webhook, xid=lines[-1]["xid"], number=lines[-1]["id"])
            return len(lines)

    def _columns(self, webhook: UUID, lines: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        return {
            "webhook": webhook,
            "type": STATE,
            "now": self._clock.now(),
            "ids": [message_id(webhook, _cursor(line)) for line in lines],
            "towns": [line["municipality"] for line in lines],
            "submissions": [line["submission"] for line in lines],
            "data": [json.dumps(_data(line)) for line in lines],
            "ats": [line["at"] for line in lines],
        }

    async def claim(self, webhook: UUID, limit: int, lease: timedelta) -> Sequence[WebhookMessage]:
        """See the port."""
        now = self._clock.now()
        rows = await self._database.rows(_CLAIM, webhook=webhook, now=now, leased=now + lease, limit=limit)
        return await read(rows, self._message, self.settle, now, again=True)

    async def _message(self, row: Mapping[str, Any]) -> WebhookMessage:
        key = await self._keyring.unwrap(row["key_municipality"], row["data_key"], row["wrapped"])
        hook: UUID = row["webhook"]

        def opened(kind: bytes, sealed: bytes) -> bytes:
            return vault.open_value(key.key, context=place(kind, hook), sealed=sealed)

        return WebhookMessage(
            **waiting(row),
            type=row["type"],
            at=row["at"],
            data=row["data"],
            url=opened(URL, row["url"]).decode(),
            secrets=tuple(opened(SECRET, secret) for secret in (row["secret"], row["previous"]) if secret is not None),
        )

    async def settle(self, results: Sequence[SendingResult]) -> None:
        """See the port."""
        ended = await self._database.rows(
            _SETTLE,
            **settled(results),
            gone=[result.message for result in results if result.gone],
            now=self._clock.now(),
            reason=GONE.code,
            rule=WEBHOOK_ENDED,
        )
        for hook in ended:
            log.warning("webhook.ended", webhook=str(hook["id"]), client=hook["client"], reason=GONE.code)

    async def prune(self) -> int:
        """See the port: lines older than 30 days that wait for nothing."""
        return await self._database.run(_PRUNE, before=self._clock.now() - KEPT, limit=AT_ONCE)


def _cursor(line: Mapping[str, Any]) -> str:
    return f"{line['xid']}.{line['id']}"


def _data(line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": str(line["submission"]),
        "submission_id": str(line["submission"]),
        "state": line["state"],
        "service": line["service"],
        "municipality": line["municipality"],
        "test": line["test"],
        "cursor": _cursor(line),
    }
