"""Reports, monthly statistics and feedback.

Knows: what of feedback is encrypted. Never does: queries. Standard: architecture §5; Regulation (EU) 2018/1724
articles 24 and 25. Start reading: `availability_reports`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Date, Index, Integer, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from gateway.store.rows.tables.columns import at, id_column, metadata, municipality, sending

availability_reports = Table(
    "availability_reports",
    metadata,
    Column("day", Date, primary_key=True),
    Column("body", LargeBinary, nullable=False, comment="canonical JSON"),
    Column("signature", Text, nullable=False, comment="detached JWS"),
    at("made_at"),
)

catalogue_land_counts = Table(
    "catalogue_land_counts",
    metadata,
    Column("municipality", Text, primary_key=True),
    Column("source", Text, primary_key=True, comment="pvog, datahub"),
    Column("unit", Text, nullable=False, comment="what is counted: leistung, online_service"),
    Column("counted", Integer, nullable=False),
    Column("ours", Integer, nullable=False, comment="of those, by the source itself, the municipality's own"),
    at("at"),
    comment="What sources count in the Land.",
)

transaction_counts = Table(
    "transaction_counts",
    metadata,
    Column("municipality", Text, primary_key=True),
    Column("service", Text, primary_key=True),
    Column("month", Date, primary_key=True, comment="its first day"),
    Column("number", BigInteger, nullable=False),
    at("counted_at"),
    comment="Applications taken over, without tests, corrections and repeats; kept when submissions are erased.",
)

statistics_transfers = Table(
    "statistics_transfers",
    metadata,
    id_column(),
    municipality(),
    Column("kind", Text, nullable=False, comment="transactions, views, feedback"),
    Column("month", Date, nullable=False),
    Column("body", JSONB, nullable=False, comment="aggregates as they are sent"),
    Column("digest", Text, nullable=False),
    Column("transfer_id", Text, comment="given by the counterpart; a correction has the same"),
    *sending(),
    Index(None, "municipality", "kind", "month", unique=True),
)

feedback = Table(
    "feedback",
    metadata,
    id_column(),
    municipality(),
    Column("service", Text, nullable=False),
    at("created_at"),
    Column("category", Text, nullable=False),
    Column("rating", Integer, nullable=False),
    Column("found_information", Text, nullable=False),
    Column("free_text", LargeBinary, comment="encrypted; gone once sent"),
    at("sent_at", null=True),
    Index(None, "municipality", "created_at"),
)
