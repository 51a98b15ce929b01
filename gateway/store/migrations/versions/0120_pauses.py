"""Pauses of destinations and of the whole gateway; an index for what is held."""

from __future__ import annotations

from alembic import op

revision = "0120"
down_revision = "0111"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make table and index."""
    op.execute("CREATE TABLE pauses (target TEXT NOT NULL, since TIMESTAMPTZ NOT NULL, PRIMARY KEY (target))")
    op.execute("COMMENT ON COLUMN pauses.target IS 'a destination, ''all'' or ''maintenance'''")
    op.execute("CREATE INDEX submissions_held_idx ON submissions (id) WHERE state = 'held'")
