"""Every table of the gateway, declared once; the migrations must yield exactly these (a test compares).

Knows: columns, keys, indexes. Never does: queries. Standard: architecture §4 (every row names its municipality) and §5
(what may stand where). Start reading: `submissions`, then `changes`.

Columns that every commit changes stay out of indexes, so that most commits touch the row's page alone; `state` does
not change with each, and lists by state would read the whole table without it.
Personal data stand only in columns whose comment says `encrypted` and in `blob_frames.data`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.types import UserDefinedType

from gateway.store.rows.states import OPEN

metadata = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
    }
)


_OWN_TRANSACTION = text("pg_current_xact_id()::text::bigint")


class Xid8(UserDefinedType[str]):
    """PostgreSQL's 64-bit transaction id, which never wraps."""

    cache_ok = True

    def get_col_spec(self, **_: object) -> str:
        """The type's name in DDL."""
        return "xid8"


def _id(name: str = "id") -> Column[Any]:
    return Column(name, Uuid, primary_key=True)


def _municipality() -> Column[Any]:
    return Column("municipality", Text, nullable=False)


def _at(name: str, *, null: bool = False) -> Column[Any]:
    return Column(name, DateTime(timezone=True), nullable=null)


def _told() -> Column[Any]:
    return Column("told", JSONB, nullable=False, server_default=text("'{}'"), comment="when each target was told last")


def _of_submission(*, primary_key: bool = False) -> Column[Any]:
    owner = ForeignKey("submissions.id", ondelete="CASCADE")
    return Column("submission", Uuid, owner, nullable=False, primary_key=primary_key)


facts = Table(
    "facts",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", LargeBinary, nullable=False),
    comment="What the installation remembers of itself: check value of the master key, version of the job schema.",
)

municipality_keys = Table(
    "municipality_keys",
    metadata,
    Column("municipality", Text, primary_key=True),
    Column("generation", Integer, primary_key=True, autoincrement=False, server_default=text("1")),
    Column("master", Text, comment="id of the master key; unset: written by a release that had but one"),
    Column("wrapped", LargeBinary, nullable=False, comment="by the master key"),
    _at("created_at"),
    comment="New data keys hang on the newest generation; a rotation of the master key begins one.",
)

key_log = Table(
    "key_log",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _at("at"),
    Column("kind", Text, nullable=False, comment="began, ended"),
    Column("master", Text, nullable=False, comment="id of the master key rotated to"),
    Column("data_keys", BigInteger, nullable=False, comment="how many were wrapped anew"),
    comment="What was done to master keys; append-only.",
)

pauses = Table(
    "pauses",
    metadata,
    Column("target", Text, primary_key=True, comment="a destination, 'all' or 'maintenance'"),
    _at("since"),
)

data_keys = Table(
    "data_keys",
    metadata,
    _id(),
    _municipality(),
    Column(
        "wrapped", LargeBinary, nullable=False, comment="by a generation of the municipality's key; deleting it erases"
    ),
)

blobs = Table(
    "blobs",
    metadata,
    _id(),
    _municipality(),
    Column("data_key", Uuid, nullable=False),
    Column("submission", Uuid, comment="unset: an upload that no submission uses yet"),
    Column("size", BigInteger, nullable=False, comment="plain bytes; final once finished"),
    Column("frames", Integer, nullable=False),
    Column("finished", Boolean, nullable=False),
    _at("touched_at"),
    Index(None, "submission"),
    Index("blobs_unfinished_idx", "touched_at", postgresql_where=text("NOT finished")),
)

blob_frames = Table(
    "blob_frames",
    metadata,
    Column("blob", Uuid, ForeignKey("blobs.id", ondelete="CASCADE"), primary_key=True),
    Column("no", Integer, primary_key=True, autoincrement=False),
    Column("data", LargeBinary, nullable=False, comment="encrypted, 1 MiB of plain bytes at most"),
)

uploads = Table(
    "uploads",
    metadata,
    Column("client", Text, primary_key=True),
    Column("upload", Uuid, primary_key=True),
    _municipality(),
    Column("blob", Uuid, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("submission", Uuid, comment="the one that uses it"),
    _at("created_at"),
    _at("expires_at"),
    Index("uploads_unused_idx", "expires_at", postgresql_where=text("submission IS NULL")),
)

submissions = Table(
    "submissions",
    metadata,
    _id(),
    _municipality(),
    Column("client", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("version", Integer, nullable=False),
    _at("created_at"),
    _at("updated_at"),
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
    _at("next_at", null=True),
    _at("announced_at", null=True),
    _at("submitted_at", null=True),
    _at("deadline", null=True),
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
    _at("erased_at", null=True),
    Index(None, "client", "created_at", "id"),
    Index(None, "created_at", "id"),
    Index("submissions_reference_idx", "reference_index", postgresql_where=text("reference_index IS NOT NULL")),
    Index(
        "submissions_open_idx",
        "id",
        postgresql_where=text(OPEN),
    ),
    Index(None, "remote_id"),
    Index(None, "state", "created_at", "id"),
)

submission_secrets = Table(
    "submission_secrets",
    metadata,
    _of_submission(primary_key=True),
    _municipality(),
    Column("record", LargeBinary, nullable=False, comment="encrypted"),
    Column("document", LargeBinary, nullable=False, comment="encrypted"),
    Column("namespace", Text, nullable=False),
    Column("media_type", Text, nullable=False),
)

attachments = Table(
    "attachments",
    metadata,
    _of_submission(primary_key=True),
    Column("no", Integer, primary_key=True, autoincrement=False),
    _municipality(),
    Column("kind", Text, nullable=False),
    Column("filename", LargeBinary, nullable=False, comment="encrypted"),
    Column("media_type", Text, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("upload", Uuid),
    Column("blob", Uuid),
)

legal_holds = Table(
    "legal_holds",
    metadata,
    Column("submission", Uuid, primary_key=True),
    _municipality(),
    _at("since"),
)

alarms = Table(
    "alarms",
    metadata,
    Column("rule", Text, primary_key=True),
    _of_submission(primary_key=True),
    _municipality(),
    _at("raised_at"),
    _at("acknowledged_at", null=True),
    _at("resolved_at", null=True),
    _told(),
    Index("alarms_open_idx", "raised_at", postgresql_where=text("resolved_at IS NULL")),
)

house_alarms = Table(
    "house_alarms",
    metadata,
    Column("rule", Text, primary_key=True),
    Column("subject", Text, primary_key=True, comment="a machine, or the name of a recipient"),
    _at("raised_at"),
    _at("acknowledged_at", null=True),
    _at("resolved_at", null=True),
    _told(),
    comment="Alarms about the gateway itself.",
)

bulletins = Table(
    "bulletins",
    metadata,
    _id(),
    Column("target", Text, nullable=False, comment="name of the recipient and a digest of its address"),
    Column("lines", JSONB, nullable=False, comment="what it says: rules, numbers, ids"),
    _at("created_at"),
    Column("state", Text, nullable=False, comment="waiting, delivered, failed"),
    Column("tries", Integer, nullable=False),
    _at("began_at"),
    _at("next_at"),
    Column("log", JSONB, nullable=False, comment="every try: at, error"),
    Index("bulletins_waiting_idx", "target", unique=True, postgresql_where=text("state = 'waiting'")),
    Index(None, "target", "created_at"),
    comment="Messages that tell of alarms.",
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("client", Text, primary_key=True),
    Column("key", LargeBinary, primary_key=True, comment="keyed digest; portals put anything into a key"),
    _municipality(),
    Column("digest", LargeBinary, nullable=False),
    Column("submission", Uuid, nullable=False),
    Column("answer", JSONB, nullable=False, comment="the submission as answered then"),
    _at("created_at"),
)

spent_assertions = Table(
    "spent_assertions",
    metadata,
    Column("digest", LargeBinary, primary_key=True, comment="of client and jti"),
    _at("until"),
    Index(None, "until"),
)

client_allowances = Table(
    "client_allowances",
    metadata,
    Column("client", Text, primary_key=True),
    Column("kind", Text, primary_key=True, comment="requests, or a day"),
    Column("bucket", DateTime(timezone=True)),
    Column("used", Integer),
    _at("at"),
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
    _of_submission(primary_key=True),
    Column("destination", Text, nullable=False),
    _at("since"),
    _at("go_at", null=True),
    Column("holder", Uuid, comment="the process that carries it out"),
    _at("until", null=True),
    Index(None, "destination", "since"),
    comment="On their way to a destination with bounds, or waiting for it.",
)

journal = Table(
    "journal",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _of_submission(),
    _municipality(),
    Column("version", Integer, nullable=False),
    _at("at"),
    Column("step", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("detail", JSONB, nullable=False),
    Index(None, "submission", "id"),
)

evidence = Table(
    "evidence",
    metadata,
    Column("submission", Uuid, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    _municipality(),
    _at("at"),
    Column("kind", Text, nullable=False),
    Column("body", JSON, nullable=False, comment="canonical JSON, kept to the byte"),
    Column("prev", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    Column("tx", BigInteger, server_default=_OWN_TRANSACTION, nullable=False, comment="transaction that wrote it"),
    # costs a writer nothing: one small range entry for many pages
    Index("evidence_tx_idx", "tx", postgresql_using="brin", postgresql_with={"autosummarize": "on"}),
)

evidence_keys = Table(
    "evidence_keys",
    metadata,
    Column("sha256", Text, primary_key=True),
    Column("jwk", JSON, nullable=False, comment="public"),
    comment="Public keys that evidence names by digest, of other sides too; append-only as all of evidence.",
)

evidence_roots = Table(
    "evidence_roots",
    metadata,
    Column("no", BigInteger, primary_key=True, autoincrement=False),
    _at("at"),
    Column("key", Text, nullable=False, comment="digest of the key that signed"),
    Column("token", Text, nullable=False, comment="the signed root, compact JWS"),
    Column("periodic", Boolean, nullable=False, comment="made in its minute; not for an export"),
    Column("horizon", BigInteger, nullable=False, comment="transactions below this number were looked at"),
)

evidence_leaves = Table(
    "evidence_leaves",
    metadata,
    Column("root", BigInteger, primary_key=True, autoincrement=False),
    Column("no", Integer, primary_key=True, autoincrement=False),
    _municipality(),
    Column("submission", Uuid, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Index(None, "submission", "seq"),
)

evidence_stamps = Table(
    "evidence_stamps",
    metadata,
    Column("root", BigInteger, primary_key=True, autoincrement=False),
    _at("at"),
    Column("token", LargeBinary, nullable=False, comment="RFC 3161 response over the signed root"),
)

changes = Table(
    "changes",
    metadata,
    Column("xid", Xid8, server_default=text("feed_now()"), nullable=False),
    Column("id", BigInteger, Identity(always=True), nullable=False),
    Column("submission", Uuid, nullable=False),
    _municipality(),
    Column("client", Text, nullable=False),
    Column("state", Text, nullable=False),
    _at("at"),
    PrimaryKeyConstraint("xid", "id"),
    Index(None, "client", "xid", "id"),
)

webhooks = Table(
    "webhooks",
    metadata,
    _id(),
    Column("client", Text, nullable=False),
    _municipality(),
    Column("data_key", Uuid, nullable=False),
    Column("url", LargeBinary, nullable=False, comment="encrypted"),
    Column("secret", LargeBinary, nullable=False, comment="encrypted"),
    Column("previous", LargeBinary, comment="encrypted: the secret before the last rotation"),
    _at("previous_until", null=True),
    Column("events", JSONB, nullable=False),
    Column("cursor_xid", Xid8, nullable=False, comment="how far the change feed has become messages"),
    Column("cursor_id", BigInteger, nullable=False),
    _at("created_at"),
    _at("ended_at", null=True),
    Column("end_reason", Text, comment="why nothing is sent any more: receiver_gone"),
    Index(None, "client", "created_at"),
    comment="Subscriptions of portals; the municipality is the one under whose key address and secret rest.",
)

webhook_messages = Table(
    "webhook_messages",
    metadata,
    _id(),
    Column("webhook", Uuid, ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False),
    _municipality(),
    Column("type", Text, nullable=False),
    Column("submission", Uuid),
    Column("data", JSONB, nullable=False, comment="what the message says; no personal data"),
    _at("at"),
    _at("created_at"),
    Column("state", Text, nullable=False, comment="waiting, delivered, failed"),
    Column("tries", Integer, nullable=False),
    _at("began_at"),
    _at("next_at"),
    Column("log", JSONB, nullable=False, comment="every try: at, status, error"),
    Index("webhook_messages_due_idx", "webhook", "next_at", postgresql_where=text("state = 'waiting'")),
    Index(None, "webhook", "created_at", "id"),
    Index("webhook_messages_done_idx", "created_at", postgresql_where=text("state <> 'waiting'")),
)

tus_uploads = Table(
    "tus_uploads",
    metadata,
    Column("client", Text, primary_key=True),
    Column("upload", Uuid, primary_key=True),
    _municipality(),
    Column("media_type", Text, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("arrived", BigInteger, nullable=False),
    Column("done", Boolean, nullable=False, comment="stands in uploads, its pieces are gone"),
    _at("expires_at"),
    Column("metadata", LargeBinary, comment="encrypted: what the client said of it, such as the file's name"),
    Column("data_key", Uuid, comment="of metadata; deleted with the row"),
    Index(None, "expires_at"),
)

tus_pieces = Table(
    "tus_pieces",
    metadata,
    Column("client", Text, primary_key=True),
    Column("upload", Uuid, primary_key=True),
    Column("start", BigInteger, primary_key=True, autoincrement=False),
    _municipality(),
    Column("blob", Uuid, nullable=False),
    ForeignKeyConstraint(["client", "upload"], ["tus_uploads.client", "tus_uploads.upload"], ondelete="CASCADE"),
    Index(None, "blob"),
)
