"""Subscriptions of portals: address and secret encrypted under a data key of their own.

Knows: to whom a webhook belongs, its secrets and its place in the change feed. Never does: send, show one client
another's. Standard: fixed interfaces §4, architecture §5. Start reading: `Webhooks.add`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from gateway.crypto import vault
from gateway.errors import LimitReached, NotFound, WebhookEnded
from gateway.notify.alarms import TASK_FAILING, WEBHOOK_ENDED
from gateway.notify.message import (
    GONE,
    OVERLAP,
    SECRET_BYTES,
    TEST,
    Webhook,
    WebhookDelivery,
    secret_text,
    webhook_task,
)
from gateway.ports.clock import Clock
from gateway.store.connection import database as db
from gateway.store.connection.database import Database, numbered
from gateway.store.keys.keyring import DataKey, DataKeyring
from gateway.store.operation import alarms
from gateway.store.submissions.changes import position
from gateway.store.submissions.reading import foreign_cursor

MOST: Final = 20
"""Webhooks of one client."""
URL: Final = b"webhook-url"
SECRET: Final = b"webhook-secret"

_LOCK = numbered("SELECT pg_advisory_xact_lock(hashtextextended('webhooks ' || %(client)s, 0))")
_ADD = numbered(
    """
WITH room AS (
    SELECT FROM (SELECT count(*) AS number FROM webhooks WHERE client = %(client)s) AS standing
    WHERE standing.number < %(most)s
), key AS (
    INSERT INTO data_keys (id, municipality, wrapped) SELECT %(data_key)s, %(municipality)s, %(wrapped)s FROM room
    RETURNING id
)
INSERT INTO webhooks
    (id, client, municipality, data_key, url, secret, events, cursor_xid, cursor_id, created_at)
SELECT %(id)s, %(client)s, %(municipality)s, id, %(url)s, %(secret)s, %(events)s::text::jsonb,
    pg_snapshot_xmin(pg_current_snapshot()), 0, %(now)s
FROM key
RETURNING id
"""
)
_READ = """
SELECT webhook.id, webhook.municipality, webhook.data_key, data_keys.wrapped, webhook.url, webhook.secret,
    webhook.events, webhook.created_at, webhook.ended_at, webhook.end_reason,
    CASE WHEN webhook.previous_until > %(now)s THEN webhook.previous_until END AS previous_until
FROM webhooks AS webhook JOIN data_keys ON data_keys.id = webhook.data_key
WHERE webhook.client = %(client)s
"""
_LIST = numbered(_READ + " ORDER BY webhook.created_at, webhook.id")
_ONE = numbered(_READ + " AND webhook.id = %(id)s")
_REMOVE = numbered(
    """
WITH gone AS (DELETE FROM webhooks WHERE id = %(id)s AND client = %(client)s RETURNING data_key),
    key AS (DELETE FROM data_keys USING gone WHERE data_keys.id = gone.data_key)
SELECT data_key FROM gone
""",
    commits="webhooks.remove",
)
_ROTATE = numbered(
    """
UPDATE webhooks SET previous = secret, previous_until = %(until)s, secret = %(secret)s
WHERE id = %(id)s AND client = %(client)s AND ended_at IS NULL
""",
    commits="webhooks.rotate",
)
_TEST = numbered(
    """
INSERT INTO webhook_messages
    (id, webhook, municipality, type, data, at, created_at, state, tries, began_at, next_at, log)
SELECT %(message)s, id, municipality, %(type)s, %(data)s::text::jsonb, %(now)s, %(now)s, 'waiting', 0, %(now)s,
    %(now)s, '[]'
FROM webhooks WHERE id = %(id)s AND client = %(client)s AND ended_at IS NULL
RETURNING id
""",
    commits="webhooks.test",
)
_REPLAY = numbered(
    """
UPDATE webhooks SET
    cursor_xid = CASE WHEN (%(xid)s::text::xid8, %(number)s) < (cursor_xid, cursor_id)
        THEN %(xid)s::text::xid8 ELSE cursor_xid END,
    cursor_id = CASE WHEN (%(xid)s::text::xid8, %(number)s) < (cursor_xid, cursor_id)
        THEN %(number)s ELSE cursor_id END
WHERE id = %(id)s AND client = %(client)s AND ended_at IS NULL
""",
    commits="webhooks.replay",
)
_LOG = numbered(
    """
SELECT id, type, submission, created_at, log AS tries,
    CASE WHEN state = 'waiting' AND NOT %(ended)s THEN next_at END AS next_at,
    CASE WHEN state = 'waiting' AND %(ended)s THEN 'failed' ELSE state END AS state
FROM webhook_messages
WHERE webhook = %(id)s AND (created_at, id) < (
    SELECT created_at, id FROM webhook_messages WHERE webhook = %(id)s AND id = %(before)s
    UNION ALL SELECT 'infinity', 'ffffffff-ffff-ffff-ffff-ffffffffffff' WHERE %(first)s
)
ORDER BY created_at DESC, id DESC LIMIT %(limit)s
"""
)


class Webhooks:
    """Keeps the port `gateway.notify.message.Subscriptions`."""

    def __init__(self, database: Database, keyring: DataKeyring, clock: Clock, random: Callable[[int], bytes]) -> None:
        self._database, self._keyring, self._clock, self._random = database, keyring, clock, random

    async def add(self, client: str, municipality: str, url: str, events: tuple[str, ...]) -> tuple[UUID, str]:
        """See the port. Changes from now on become messages. Those of one client are counted one after the other."""
        now, webhook, secret = self._clock.now(), uuid4(), self._random(SECRET_BYTES)
        key = await self._keyring.new(municipality, now)
        async with self._database.transaction("webhooks.add") as connection:
            await db.rows(connection, _LOCK, client=client)
            row = await db.one(
                connection,
                _ADD,
                id=webhook,
                client=client,
                municipality=municipality,
                data_key=key.id,
                wrapped=key.wrapped,
                url=self._keyring.seal(key, place(URL, webhook), url.encode()),
                secret=self._keyring.seal(key, place(SECRET, webhook), secret),
                events=json.dumps(events),
                most=MOST,
                now=now,
            )
        if row is None:
            raise LimitReached(limit=MOST)
        return webhook, secret_text(secret)

    async def listed(self, client: str) -> tuple[Webhook, ...]:
        """See the port."""
        rows = await self._database.rows(_LIST, client=client, now=self._clock.now())
        return tuple([await self._webhook(row) for row in rows])

    async def remove(self, client: str, webhook: UUID) -> None:
        """See the port. The data key goes with it, and what was told of it."""
        if await self._database.one(_REMOVE, id=webhook, client=client) is None:
            raise NotFound
        for rule in (TASK_FAILING, WEBHOOK_ENDED):
            await alarms.resolve_about_gateway(self._database, rule, webhook_task(webhook), self._clock.now())

    async def rotate(self, client: str, webhook: UUID) -> tuple[str, datetime]:
        """See the port. A second rotation ends the overlap of the first."""
        now, fresh = self._clock.now(), self._random(SECRET_BYTES)
        key = await self._key(await self._usable(client, webhook))
        sealed = self._keyring.seal(key, place(SECRET, webhook), fresh)
        until = now + OVERLAP
        if not await self._database.run(_ROTATE, id=webhook, client=client, secret=sealed, until=until):
            raise NotFound
        return secret_text(fresh), until

    async def test(self, client: str, webhook: UUID) -> UUID:
        """See the port."""
        await self._usable(client, webhook)
        data = json.dumps({"webhook_id": str(webhook)})
        values = {"message": uuid4(), "type": TEST, "data": data, "now": self._clock.now()}
        row = await self._database.one(_TEST, id=webhook, client=client, **values)
        if row is None:
            raise NotFound
        message: UUID = row["id"]
        return message

    async def replay(self, client: str, webhook: UUID, after: str | None) -> None:
        """See the port. A cursor that lies ahead changes nothing."""
        xid, number = position(after, "/after") if after else ("0", 0)
        await self._usable(client, webhook)
        if not await self._database.run(_REPLAY, id=webhook, client=client, xid=xid, number=number):
            raise NotFound

    async def log(
        self, client: str, webhook: UUID, cursor: str | None, limit: int
    ) -> tuple[tuple[WebhookDelivery, ...], str | None]:
        """See the port."""
        ended = (await self._owned(client, webhook))["ended_at"] is not None
        try:
            before = UUID(cursor) if cursor else None
        except ValueError:
            raise foreign_cursor("#query/cursor") from None
        page = {"before": before, "first": before is None, "limit": limit + 1}
        rows = await self._database.rows(_LOG, id=webhook, ended=ended, **page)
        deliveries = tuple(WebhookDelivery(**row) for row in rows[:limit])
        return deliveries, str(deliveries[-1].id) if len(rows) > limit else None

    async def _owned(self, client: str, webhook: UUID) -> Mapping[str, Any]:
        row = await self._database.one(_ONE, client=client, id=webhook, now=self._clock.now())
        if row is None:
            raise NotFound
        return row

    async def _usable(self, client: str, webhook: UUID) -> Mapping[str, Any]:
        row = await self._owned(client, webhook)
        if row["ended_at"] is not None:
            raise WebhookEnded
        return row

    async def _webhook(self, row: Mapping[str, Any]) -> Webhook:
        key = await self._key(row)
        url = vault.open_value(key.key, context=place(URL, row["id"]), sealed=row["url"]).decode()
        return Webhook(
            row["id"],
            url,
            tuple(row["events"]),
            row["created_at"],
            row["previous_until"],
            row["ended_at"],
            GONE if row["end_reason"] == GONE.code else None,
        )

    async def _key(self, row: Mapping[str, Any]) -> DataKey:
        return await self._keyring.unwrap(row["municipality"], row["data_key"], row["wrapped"])


def place(kind: bytes, webhook: UUID) -> bytes:
    """What an encrypted value of a webhook is bound to."""
    return kind + b"/" + webhook.bytes
