"""Evidence that is only ever appended to.

Knows: chains, signed roots over them, time stamps, the public keys that they name. Never does: queries.
Standard: RFC 3161 (stamps), RFC 9162 (trees). Start reading: `evidence`.
"""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text, Uuid, text

from gateway.store.rows.tables.columns import at, metadata, municipality

_OWN_TRANSACTION = text("pg_current_xact_id()::text::bigint")

evidence = Table(
    "evidence",
    metadata,
    Column("submission", Uuid, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    municipality(),
    at("at"),
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
    at("at"),
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
    municipality(),
    Column("submission", Uuid, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Index(None, "submission", "seq"),
)

evidence_stamps = Table(
    "evidence_stamps",
    metadata,
    Column("root", BigInteger, primary_key=True, autoincrement=False),
    at("at"),
    Column("token", LargeBinary, nullable=False, comment="RFC 3161 response over the signed root"),
)
