"""What a client said of an upload in pieces, such as the file's name: kept encrypted."""

from __future__ import annotations

from alembic import op

revision = "0258"
down_revision = "0257"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both columns."""
    op.execute("ALTER TABLE tus_uploads ADD COLUMN metadata BYTEA, ADD COLUMN data_key UUID")
    op.execute(
        "COMMENT ON COLUMN tus_uploads.metadata IS 'encrypted: what the client said of it, such as the file''s name'"
    )
    op.execute("COMMENT ON COLUMN tus_uploads.data_key IS 'of metadata; deleted with the row'")
