"""Webhooks as values: what is sent, and how it is signed.

Knows: message, signature, secret. Never does: I/O, time, randomness (all given).
Standard: Standard Webhooks 1.0 (`webhook-id`, `webhook-timestamp`, `webhook-signature: v1,…`), fixed interfaces §4.
Start reading: `WebhookMessage`, then `signed`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple, Protocol
from uuid import UUID, uuid5

from gateway.model import Reason, instant
from gateway.notify.schedule import DueMessage

STATE: Final = "submission.state"
TEST: Final = "webhook.test"
EVENTS: Final = (STATE,)
"""What can be subscribed: what is sent."""
GONE: Final = Reason(
    "receiver_gone",
    "Der Empfänger antwortete mit 410 und will nichts mehr hören; nichts wird mehr gesendet. Um fortzufahren, neu "
    "abonnieren.",
    "The receiver answered 410 and wants to hear nothing more; nothing is sent any more. Subscribe anew to go on.",
)
"""Why a subscription ended: the only way there is, but its removal."""
SECRET_BYTES: Final = 32
OVERLAP: Final = timedelta(hours=24)
"""How long the secret before a rotation signs beside the new one."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """One subscription of a client. `previous_until` is set while the secret before a rotation signs too.

    `ended_at` and `reason` are set once the receiver wants nothing more.
    """

    id: UUID
    url: str = field(repr=False)
    events: tuple[str, ...]
    created_at: datetime
    previous_until: datetime | None = None
    ended_at: datetime | None = None
    reason: Reason | None = None

    def as_json(self) -> dict[str, Any]:
        """The subscription as the API shows it."""
        return {
            "id": str(self.id),
            "url": self.url,
            "events": list(self.events),
            "created_at": instant(self.created_at),
            "previous_secret_until": instant(self.previous_until) if self.previous_until else None,
            "status": "ended" if self.ended_at else "active",
            "ended_at": instant(self.ended_at) if self.ended_at else None,
            "reason": self.reason.as_json() if self.reason else None,
        }


class BusyWebhook(NamedTuple):
    """A webhook with something to do; `news`: the change feed has something for it."""

    id: UUID
    client: str
    news: bool


@dataclass(frozen=True, slots=True)
class WebhookMessage(DueMessage):
    """One message with all that sending takes."""

    type: str
    at: datetime
    data: Mapping[str, Any]
    url: str = field(repr=False)
    secrets: tuple[bytes, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class WebhookDelivery:
    """One line of the delivery log. `tries` are JSON-ready: `at`, `status`, `error`."""

    id: UUID
    type: str
    submission: UUID | None
    state: str
    created_at: datetime
    next_at: datetime | None
    tries: Sequence[Mapping[str, Any]]

    def as_json(self) -> dict[str, Any]:
        """The line as the API shows it."""
        return {
            "id": name_of(self.id),
            "type": self.type,
            "submission_id": str(self.submission) if self.submission else None,
            "status": self.state,
            "created_at": instant(self.created_at),
            "next_at": instant(self.next_at) if self.next_at else None,
            "tries": [dict(entry) for entry in self.tries],
        }


class Subscriptions(Protocol):
    """What the routes ask of the store (`gateway/store/webhooks`); foreign webhooks are `NotFound`.

    One that has ended is listed, has its log and can be removed; all else raises `WebhookEnded`.
    """

    async def add(self, client: str, municipality: str, url: str, events: tuple[str, ...]) -> tuple[UUID, str]:
        """Subscribe; the id and the secret in its one readable form. Raises `LimitReached`."""
        ...

    async def listed(self, client: str) -> tuple[Webhook, ...]:
        """The client's webhooks, oldest first."""
        ...

    async def remove(self, client: str, webhook: UUID) -> None:
        """Unsubscribe; secret, address and log are gone."""
        ...

    async def rotate(self, client: str, webhook: UUID) -> tuple[str, datetime]:
        """A new secret, and until when the one before signs too."""
        ...

    async def test(self, client: str, webhook: UUID) -> UUID:
        """Put a test message on its way; its id."""
        ...

    async def replay(self, client: str, webhook: UUID, after: str | None) -> None:
        """Send everything behind that cursor of the change feed again. Raises `InvalidParameter` for a foreign one."""
        ...

    async def log(
        self, client: str, webhook: UUID, cursor: str | None, limit: int
    ) -> tuple[tuple[WebhookDelivery, ...], str | None]:
        """Deliveries, newest first, and the cursor of the next page."""
        ...


def webhook_task(webhook: UUID) -> str:
    """The name of the task that carries messages to a webhook; alarms about either have it as their subject."""
    return f"webhook {webhook}"


def secret_text(secret: bytes) -> str:
    """The secret as its owner gets it."""
    return "whsec_" + base64.b64encode(secret).decode()


def name_of(message: UUID) -> str:
    """The id of a message as receivers see it in `webhook-id`, and portals in the delivery log."""
    return f"msg_{message.hex}"


def message_id(webhook: UUID, cursor: str) -> UUID:
    """The id of the message about a change: the same however often it is sent, so that receivers can tell repeats."""
    return uuid5(webhook, cursor)


def body(message: WebhookMessage) -> bytes:
    """The bytes that are sent and signed."""
    members = {"type": message.type, "timestamp": instant(message.at), "data": dict(message.data)}
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()


def signed(message: WebhookMessage, now: datetime) -> tuple[bytes, dict[str, str]]:
    """The bytes and header fields of one try: a signature by every secret that is valid, the newest first."""
    content, name, stamp = body(message), name_of(message.id), str(int(now.timestamp()))
    return content, {
        "content-type": "application/json",
        "webhook-id": name,
        "webhook-timestamp": stamp,
        "webhook-signature": " ".join(signature(secret, name, stamp, content) for secret in message.secrets),
    }


def signature(secret: bytes, name: str, stamp: str, content: bytes) -> str:
    """`v1,` and the base64 HMAC-SHA-256 over id, timestamp and body (Standard Webhooks, symmetric)."""
    mac = hmac.new(secret, f"{name}.{stamp}.".encode() + content, hashlib.sha256)
    return "v1," + base64.b64encode(mac.digest()).decode()
