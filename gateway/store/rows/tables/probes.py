"""Probes of services and dependencies: measurements, figures by hour and day, how each stands, outages.

Knows: rows that nobody's data stand in. Never does: queries. Standard: architecture §4; catalogue reference §6.2.
Start reading: `probe_standing`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Date, DateTime, Identity, Index, Integer, Table, Text, Uuid, text

from gateway.store.rows.tables.columns import at, metadata, municipality

probe_standing = Table(
    "probe_standing",
    metadata,
    Column("municipality", Text, primary_key=True, comment="empty: a dependency of the whole gateway"),
    Column("subject", Text, primary_key=True, comment="a service, or kind:name of a dependency"),
    Column("works", Boolean, comment="none before the first probe"),
    at("since", null=True),
    Column("failures", Integer, nullable=False, comment="in a row"),
    Column("successes", Integer, nullable=False, comment="in a row"),
    Column("reason", Text, comment="code of the last failure"),
    at("probed_at"),
    Column(
        "failed_runs", Integer, nullable=False, server_default=text("0"), comment="that failures in a row come from"
    ),
    Column("failed_at", DateTime(timezone=True), comment="the first of them"),
    Column("last_run", BigInteger),
    Column("worked", Boolean, nullable=False, server_default=text("false"), comment="whether any probe ever was good"),
)

probe_measurements = Table(
    "probe_measurements",
    metadata,
    Column("no", BigInteger, Identity(always=True), primary_key=True),
    municipality(),
    Column("subject", Text, nullable=False),
    Column("run", BigInteger, nullable=False),
    at("at"),
    Column("good", Boolean, nullable=False),
    Column("reason", Text),
    Column("milliseconds", Integer, nullable=False),
    Index(None, "municipality", "subject", "at"),
    Index(None, "at"),
)

probe_hours = Table(
    "probe_hours",
    metadata,
    Column("municipality", Text, primary_key=True),
    Column("subject", Text, primary_key=True),
    Column("hour", DateTime(timezone=True), primary_key=True),
    Column("good", Integer, nullable=False),
    Column("bad", Integer, nullable=False),
    Column("milliseconds", BigInteger, nullable=False, comment="sum"),
)

probe_days = Table(
    "probe_days",
    metadata,
    Column("municipality", Text, primary_key=True),
    Column("day", Date, primary_key=True, comment="of German calendars"),
    Column("subject", Text, primary_key=True),
    Column("good", Integer, nullable=False),
    Column("bad", Integer, nullable=False),
    comment="Hourly figures of services, summed: what pages show of ninety days.",
)

probe_runs = Table(
    "probe_runs",
    metadata,
    Column("no", BigInteger, Identity(always=True), primary_key=True),
    at("begun_at"),
    at("ended_at", null=True),
    Column("own_network", Boolean, comment="whether our own network was there"),
    comment="Whole runs over every subject, by the worker or a command.",
)

probe_lease = Table(
    "probe_lease",
    metadata,
    Column("name", Text, primary_key=True),
    Column("holder", Uuid),
    Column("run", BigInteger),
    Column("until", DateTime(timezone=True)),
    comment="One row: which process makes a run now.",
)

outages = Table(
    "outages",
    metadata,
    Column("no", BigInteger, Identity(always=True), primary_key=True),
    municipality(),
    Column("subject", Text, nullable=False),
    at("began_at"),
    at("ended_at", null=True),
    at("changed_at"),
    Column("reason", Text),
    Index(None, "municipality", "changed_at"),
    comment="What the feed tells.",
)
