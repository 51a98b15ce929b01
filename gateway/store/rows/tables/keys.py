"""What the installation remembers of itself and the keys that everything stored hangs on.

Knows: keys in their wrappings, what was done to master keys. Never does: queries.
Standard: architecture §5 (encryption at rest). Start reading: `data_keys`.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Identity, Integer, LargeBinary, Table, Text, text

from gateway.store.rows.tables.columns import at, id_column, metadata, municipality

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
    at("created_at"),
    comment="New data keys hang on the newest generation; a rotation of the master key begins one.",
)

key_log = Table(
    "key_log",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    at("at"),
    Column("kind", Text, nullable=False, comment="began, ended"),
    Column("master", Text, nullable=False, comment="id of the master key rotated to"),
    Column("data_keys", BigInteger, nullable=False, comment="how many were wrapped anew"),
    comment="What was done to master keys; append-only.",
)

data_keys = Table(
    "data_keys",
    metadata,
    id_column(),
    municipality(),
    Column(
        "wrapped", LargeBinary, nullable=False, comment="by a generation of the municipality's key; deleting it erases"
    ),
)
