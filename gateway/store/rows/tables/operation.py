"""What operators and limits need: pauses, alarms and their messages, allowances, places at destinations.

Knows: rows that may go without loss to a submission. Never does: queries.
Standard: fixed interfaces §1. Start reading: `pauses`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ARRAY, BigInteger, Column, DateTime, Double, Index, Integer, LargeBinary, Table, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB

from gateway.store.rows.tables.columns import at, id_column, metadata, municipality, of_submission, sending


def _told() -> Column[Any]:
    return Column("told", JSONB, nullable=False, server_default=text("'{}'"), comment="when each target was told last")


pauses = Table(
    "pauses",
    metadata,
    Column("target", Text, primary_key=True, comment="a destination, 'all' or 'maintenance'"),
    at("since"),
)

alarms = Table(
    "alarms",
    metadata,
    Column("rule", Text, primary_key=True),
    of_submission(primary_key=True),
    municipality(),
    at("raised_at"),
    at("acknowledged_at", null=True),
    at("resolved_at", null=True),
    _told(),
    Index("alarms_open_idx", "raised_at", postgresql_where=text("resolved_at IS NULL")),
)

house_alarms = Table(
    "house_alarms",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("subject", Text, primary_key=True, comment="a machine, or the name of a recipient"),
    at("raised_at"),
    at("acknowledged_at", null=True),
    at("resolved_at", null=True),
    _told(),
    Column("municipality", Text, comment="whose recipients hear of it too; none: nobody's but the gateway's"),
    Column("service", Text),
    comment="Alarms about the gateway itself.",
)

bulletins = Table(
    "bulletins",
    metadata,
    id_column(),
    Column("target", Text, nullable=False, comment="name of the recipient and a digest of its address"),
    Column("lines", JSONB, nullable=False, comment="what it says: rules, numbers, ids"),
    at("created_at"),
    *sending("every try: at, error"),
    Index("bulletins_waiting_idx", "target", unique=True, postgresql_where=text("state = 'waiting'")),
    Index(None, "target", "created_at"),
    comment="Messages that tell of alarms.",
)

spent_assertions = Table(
    "spent_assertions",
    metadata,
    Column("digest", LargeBinary, primary_key=True, comment="of client and jti"),
    at("until"),
    Index(None, "until"),
)

client_allowances = Table(
    "client_allowances",
    metadata,
    Column("client", Text, primary_key=True),
    Column("kind", Text, primary_key=True, comment="requests, failures, or a day"),
    Column("bucket", DateTime(timezone=True)),
    Column("used", Integer),
    at("at"),
)

destination_pace = Table(
    "destination_pace",
    metadata,
    Column("destination", Text, primary_key=True),
    Column("bucket", DateTime(timezone=True), comment="when the next token is there"),
    Column("rest_until", DateTime(timezone=True), comment="as the counterpart asked"),
)

exchange_durations = Table(
    "exchange_durations",
    metadata,
    Column("counterpart", Text, primary_key=True),
    Column("numbers", ARRAY(BigInteger), nullable=False, comment="how many in each bucket"),
    Column("seconds", Double, nullable=False),
    Column("slow", BigInteger, nullable=False),
    Column("slow_at", DateTime(timezone=True), comment="when one took longer than usual last"),
    comment="Exchanges since the beginning, by kind of counterpart.",
)

destination_turns = Table(
    "destination_turns",
    metadata,
    of_submission(primary_key=True),
    Column("destination", Text, nullable=False),
    at("since"),
    at("go_at", null=True),
    Column("holder", Uuid, comment="the process that carries it out"),
    at("until", null=True),
    Index(None, "destination", "since"),
    comment="On their way to a destination with bounds, or waiting for it.",
)
