"""When a submission's payload was erased, and which ones the law holds."""

from __future__ import annotations

from alembic import op

revision = "0130"
down_revision = "0120"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add column and table."""
    op.execute("ALTER TABLE submissions ADD COLUMN erased_at TIMESTAMPTZ")
    op.execute(
        "CREATE TABLE legal_holds (submission UUID NOT NULL, municipality TEXT NOT NULL, since TIMESTAMPTZ NOT NULL, "
        "PRIMARY KEY (submission))"
    )
