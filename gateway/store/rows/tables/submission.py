"""A submission and all that is stored with it.

Knows: the row with its state, what is secret of it, its journal, its lines in the change feed. Never does: queries.
Standard: architecture §3 and §5. Start reading: `submissions`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from gateway.store.rows.states import OPEN
from gateway.store.rows.tables.columns import Xid8, at, id_column, metadata, municipality, of_submission

submissions = Table(
    "submissions",
    metadata,
    id_column(),
    municipality(),
    Column("client", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    at("created_at"),
    at("updated_at"),
    Column("channel", Text, nullable=False),
    Column("destination_id", Text),
    Column("case_id", Text),
    Column("remote_id", Text),
    Column("region", Text),
    Column("service_identifier", Text),
    Column("parts", JSONB, nullable=False),
    Column("events", JSONB, nullable=False),
    Column("reason", JSONB(none_as_null=True)),
    Column("intent", Text),
    Column("attempts", Integer, nullable=False),
    at("next_at", null=True),
    at("announced_at", null=True),
    at("submitted_at", null=True),
    at("deadline", null=True),
    Column("held_from", Text),
    Column("test", Boolean, nullable=False),
    Column("data_key", Uuid, nullable=False),
    Column("standard", Text, nullable=False),
    Column("schema_uri", Text, nullable=False),
    Column("document_sha256", Text, nullable=False),
    Column("reference", LargeBinary, comment="encrypted"),
    Column("reference_index", LargeBinary, comment="keyed digest"),
    Column("receipt", Text, nullable=False),
    Column("supersedes", Uuid),
    Column("superseded_by", Uuid),
    Column("evidence_seq", Integer, nullable=False, comment="entries in the evidence chain"),
    Column("evidence_head", LargeBinary, nullable=False, comment="hash of the last one"),
    at("erased_at", null=True),
    Index(None, "client", "created_at", "id"),
    Index(None, "created_at", "id"),
    Index("submissions_reference_idx", "reference_index", postgresql_where=text("reference_index IS NOT NULL")),
    Index("submissions_open_idx", "id", postgresql_where=text(OPEN)),
    Index(None, "remote_id"),
    Index(None, "state", "created_at", "id"),
)

submission_secrets = Table(
    "submission_secrets",
    metadata,
    of_submission(primary_key=True),
    municipality(),
    Column("record", LargeBinary, nullable=False, comment="encrypted"),
    Column("document", LargeBinary, nullable=False, comment="encrypted"),
    Column("namespace", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("identity", LargeBinary, comment="encrypted: who logged in for it"),
)

attachments = Table(
    "attachments",
    metadata,
    of_submission(primary_key=True),
    Column("no", Integer, primary_key=True, autoincrement=False),
    municipality(),
    Column("kind", Text, nullable=False),
    Column("filename", LargeBinary, nullable=False, comment="encrypted"),
    Column("media_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("upload", Uuid),
    Column("blob", Uuid),
)

legal_holds = Table("legal_holds", metadata, Column("submission", Uuid, primary_key=True), municipality(), at("since"))

idempotency = Table(
    "idempotency",
    metadata,
    Column("client", Text, primary_key=True),
    Column("key", LargeBinary, primary_key=True, comment="keyed digest; portals put anything into a key"),
    municipality(),
    Column("digest", LargeBinary, nullable=False),
    Column("submission", Uuid, nullable=False),
    Column("answer", JSONB, nullable=False, comment="the submission as answered then"),
    at("created_at"),
)

journal = Table(
    "journal",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    of_submission(),
    municipality(),
    Column("version", Integer, nullable=False),
    at("at"),
    Column("step", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("detail", JSONB, nullable=False),
    Index(None, "submission", "id"),
)

changes = Table(
    "changes",
    metadata,
    Column("xid", Xid8, server_default=text("feed_now()"), nullable=False),
    Column("id", BigInteger, Identity(always=True), nullable=False),
    Column("submission", Uuid, nullable=False),
    municipality(),
    Column("client", Text, nullable=False),
    Column("state", Text, nullable=False),
    at("at"),
    PrimaryKeyConstraint("xid", "id"),
    Index(None, "client", "xid", "id"),
)
