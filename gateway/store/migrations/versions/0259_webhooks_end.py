"""Subscriptions end where their receiver wants nothing more."""

from __future__ import annotations

from alembic import op

revision = "0259"
down_revision = "0258"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both columns."""
    op.execute("ALTER TABLE webhooks ADD COLUMN ended_at TIMESTAMPTZ, ADD COLUMN end_reason TEXT")
    op.execute("COMMENT ON COLUMN webhooks.end_reason IS 'why nothing is sent any more: receiver_gone'")
