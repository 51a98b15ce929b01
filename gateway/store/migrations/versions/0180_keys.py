"""Generations of municipality keys, the master key each hangs on, and what was done to master keys."""

from __future__ import annotations

from alembic import op

revision = "0180"
down_revision = "0150"
branch_labels = None
depends_on = None

COMMENTS = {
    "TABLE municipality_keys": (
        "New data keys hang on the newest generation; a rotation of the master key begins one."
    ),
    "COLUMN municipality_keys.master": "id of the master key; unset: written by a release that had but one",
    "COLUMN data_keys.wrapped": "by a generation of the municipality''s key; deleting it erases",
    "TABLE key_log": "What was done to master keys; append-only.",
    "COLUMN key_log.kind": "began, ended",
    "COLUMN key_log.master": "id of the master key rotated to",
    "COLUMN key_log.data_keys": "how many were wrapped anew",
}


def upgrade() -> None:
    """Add columns and table; processes of the release before go on writing generation 1."""
    op.execute("ALTER TABLE municipality_keys ADD COLUMN generation INTEGER NOT NULL DEFAULT 1")
    op.execute("ALTER TABLE municipality_keys ADD COLUMN master TEXT")
    op.execute(
        "ALTER TABLE municipality_keys DROP CONSTRAINT municipality_keys_pkey, "
        "ADD CONSTRAINT municipality_keys_pkey PRIMARY KEY (municipality, generation)"
    )
    op.execute(
        "CREATE TABLE key_log (id BIGINT GENERATED ALWAYS AS IDENTITY, at TIMESTAMPTZ NOT NULL, kind TEXT NOT NULL, "
        "master TEXT NOT NULL, data_keys BIGINT NOT NULL, CONSTRAINT key_log_pkey PRIMARY KEY (id))"
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON key_log "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    for target, comment in COMMENTS.items():
        op.execute(f"COMMENT ON {target} IS '{comment}'")
