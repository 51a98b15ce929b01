"""The OZG catalogue: entries and their revisions, objects that were written, exports, pushes, what is listed.

Knows: rows that nobody's data stand in. Never does: queries. Standard: architecture §4; catalogue reference §6.2.
Start reading: `catalogue_revisions`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Identity, Index, Integer, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from gateway.store.rows.tables.columns import at, metadata, municipality

catalogue_revisions = Table(
    "catalogue_revisions",
    metadata,
    Column("municipality", Text, primary_key=True),
    Column("service", Text, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("latest", Boolean, nullable=False),
    Column("entry", JSONB, nullable=False, comment="the facts of the entry"),
    Column("digest", Text, nullable=False, comment="SHA-256 of the facts as canonical JSON"),
    at("changed_at"),
    Column("changed_by", Text, nullable=False, comment="a person, or: files"),
    Index("catalogue_revisions_latest_key", "municipality", "service", unique=True, postgresql_where=text("latest")),
    comment="Every state that an entry ever had.",
)

catalogue_exports = Table(
    "catalogue_exports",
    metadata,
    Column("no", BigInteger, Identity(always=True), primary_key=True),
    Column("state", Text, nullable=False, comment="SHA-256 of all that it was made of"),
    Column("verified", Boolean, nullable=False, comment="held to the official XSD"),
    Column("objects", JSONB, nullable=False, comment="how many of each kind"),
    Column("services", Integer, nullable=False),
    at("accepted_at"),
    Column("allowed_by", Text, comment="who allowed a loss"),
    Column("allowed_why", Text),
    comment="Accepted exports of all municipalities; the newest is served.",
)

catalogue_files = Table(
    "catalogue_files",
    metadata,
    Column("export", BigInteger, ForeignKey("catalogue_exports.no", ondelete="CASCADE"), primary_key=True),
    Column("name", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("content", LargeBinary, comment="compressed (zlib); none once two later exports were accepted"),
)

catalogue_delivered = Table(
    "catalogue_delivered",
    metadata,
    Column("municipality", Text, primary_key=True),
    Column("service", Text, primary_key=True),
    Column("export", BigInteger, nullable=False, comment="the last that held it"),
    Column("revision", Integer, nullable=False, comment="in which state"),
    at("exported_at"),
    comment="Entries that stand in the last accepted export.",
)

catalogue_objects = Table(
    "catalogue_objects",
    metadata,
    Column("kind", Text, primary_key=True, comment="the class of the object in XZuFi"),
    Column("id", Text, primary_key=True, comment="with its agency: AGENCY.OD.NUMBER"),
    Column("municipality", Text, nullable=False),
    Column("service", Text, comment="none: a unit"),
    Column("digest", Text, comment="SHA-256 of the object as it was written last; none: it was deleted"),
    Column("export", BigInteger, nullable=False, comment="the last that held it"),
    Column("changed_in", BigInteger, nullable=False, comment="the export that changed or deleted it last"),
    at("changed_at"),
    Index("catalogue_objects_changed_idx", "changed_in"),
    Index("catalogue_objects_written_idx", "export", postgresql_where=text("digest IS NOT NULL")),
    comment="Every object that was ever written; an id is never used for another.",
)

catalogue_listings = Table(
    "catalogue_listings",
    metadata,
    Column("municipality", Text, primary_key=True),
    Column("service", Text, primary_key=True),
    Column("source", Text, primary_key=True, comment="pvog, datahub, routing"),
    Column("listed", Boolean, nullable=False),
    Column("url", Text),
    Column("place", Text),
    at("seen_at"),
)

catalogue_findings = Table(
    "catalogue_findings",
    metadata,
    Column("no", BigInteger, Identity(always=True), primary_key=True),
    municipality(),
    Column("service", Text, comment="none: nothing claims it"),
    Column("code", Text, nullable=False),
    Column("source", Text),
    Column("place", Text, nullable=False),
    Column("expected", Text),
    Column("found", Text),
    Column("leika_key", Text),
    at("since"),
    Index(None, "municipality"),
    comment="Open contradictions between claim and read-back.",
)

catalogue_readback_turns = Table(
    "catalogue_readback_turns",
    metadata,
    Column("municipality", Text, primary_key=True),
    Column("source", Text, primary_key=True),
    at("next_at"),
    at("leased_until", null=True),
    Column("tries", BigInteger, nullable=False, comment="who settles shows the number that it claimed"),
    Column("failures", Integer, nullable=False, comment="in a row"),
    at("failing_since", null=True),
    at("shrunk_since", null=True),
    at("read_at", null=True),
    comment="When each source is read back for each municipality.",
)

catalogue_readbacks = Table(
    "catalogue_readbacks",
    metadata,
    Column("no", BigInteger, Identity(always=True), primary_key=True),
    municipality(),
    Column("source", Text, nullable=False),
    at("at"),
    Column("outcome", Text, nullable=False, comment="sound, refused, failed"),
    Column("reason", Text, comment="rule or code of an error"),
    Column("status", Integer, comment="of the last answer"),
    Column("requests", Integer, nullable=False),
    Column("rows", Integer, comment="that the source lists as the municipality's own"),
    Column("total", BigInteger, comment="rows that the source has of the Land"),
    Index(None, "municipality", "source", "at"),
    Index(None, "at"),
)

catalogue_answers = Table(
    "catalogue_answers",
    metadata,
    Column("readback", BigInteger, ForeignKey("catalogue_readbacks.no", ondelete="CASCADE"), primary_key=True),
    Column("position", Integer, primary_key=True),
    municipality(),
    Column("address", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("body", LargeBinary, comment="compressed; none where it names persons"),
    comment="Answers as they came.",
)
