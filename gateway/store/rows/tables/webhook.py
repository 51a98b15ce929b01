"""Subscriptions of portals and the messages made for them.

Knows: how far the change feed has become messages, and every try of each. Never does: queries.
Standard: Standard Webhooks. Start reading: `webhooks`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from gateway.store.rows.tables.columns import Xid8, at, id_column, metadata, municipality, sending

webhooks = Table(
    "webhooks",
    metadata,
    id_column(),
    Column("client", Text, nullable=False),
    municipality(),
    Column("data_key", Uuid, nullable=False),
    Column("url", LargeBinary, nullable=False, comment="encrypted"),
    Column("secret", LargeBinary, nullable=False, comment="encrypted"),
    Column("previous", LargeBinary, comment="encrypted: the secret before the last rotation"),
    at("previous_until", null=True),
    Column("events", JSONB, nullable=False),
    Column("cursor_xid", Xid8, nullable=False, comment="how far the change feed has become messages"),
    Column("cursor_id", BigInteger, nullable=False),
    at("created_at"),
    at("ended_at", null=True),
    Column("end_reason", Text, comment="why nothing is sent any more: receiver_gone"),
    Index(None, "client", "created_at"),
    comment="Subscriptions of portals; the municipality is the one under whose key address and secret rest.",
)

webhook_messages = Table(
    "webhook_messages",
    metadata,
    id_column(),
    Column("webhook", Uuid, ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    municipality(),
    Column("type", Text, nullable=False),
    Column("submission", Uuid),
    Column("data", JSONB, nullable=False, comment="what the message says; no personal data"),
    at("at"),
    at("created_at"),
    *sending(),
    Index("webhook_messages_due_idx", "webhook", "next_at", postgresql_where=text("state = 'waiting'")),
    Index(None, "webhook", "created_at", "id"),
    Index("webhook_messages_done_idx", "created_at", postgresql_where=text("state <> 'waiting'")),
)
