"""Alarms: what an operator has to look at, once for each rule and submission."""

from __future__ import annotations

from alembic import op

revision = "0150"
down_revision = "0140"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.execute(
        "CREATE TABLE alarms (rule TEXT NOT NULL, submission UUID NOT NULL, municipality TEXT NOT NULL, "
        "raised_at TIMESTAMPTZ NOT NULL, acknowledged_at TIMESTAMPTZ, resolved_at TIMESTAMPTZ, "
        "CONSTRAINT alarms_pkey PRIMARY KEY (rule, submission), "
        "CONSTRAINT alarms_submission_fkey FOREIGN KEY (submission) REFERENCES submissions (id) ON DELETE CASCADE)"
    )
