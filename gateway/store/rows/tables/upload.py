"""Bytes on disk and the files that portals send ahead.

Knows: blobs and their frames, uploads at once and in pieces. Never does: queries.
Standard: architecture §1 (blobs), tus 1.0. Start reading: `blobs`.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    Uuid,
    text,
)

from gateway.store.rows.tables.columns import at, id_column, metadata, municipality

blobs = Table(
    "blobs",
    metadata,
    id_column(),
    municipality(),
    Column("data_key", Uuid, nullable=False),
    Column("submission", Uuid, comment="unset: an upload that no submission uses yet"),
    Column("size", BigInteger, nullable=False, comment="plain bytes; final once finished"),
    Column("frames", Integer, nullable=False),
    Column("finished", Boolean, nullable=False),
    at("touched_at"),
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
    municipality(),
    Column("blob", Uuid, nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("submission", Uuid, comment="the one that uses it"),
    at("created_at"),
    at("expires_at"),
    Index("uploads_unused_idx", "expires_at", postgresql_where=text("submission IS NULL")),
)

tus_uploads = Table(
    "tus_uploads",
    metadata,
    Column("client", Text, primary_key=True),
    Column("upload", Uuid, primary_key=True),
    municipality(),
    Column("media_type", Text, nullable=False),
    Column("length", BigInteger, nullable=False),
    Column("arrived", BigInteger, nullable=False),
    Column("done", Boolean, nullable=False, comment="stands in uploads, its pieces are gone"),
    at("expires_at"),
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
    municipality(),
    Column("blob", Uuid, nullable=False),
    ForeignKeyConstraint(["client", "upload"], ["tus_uploads.client", "tus_uploads.upload"], ondelete="CASCADE"),
    Index(None, "blob"),
)
