"""How long exchanges with counterparts took, for figures and the alarm about those that are slow."""

from __future__ import annotations

from alembic import op

revision = "0257"
down_revision = "0240"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.execute(
        "CREATE TABLE exchange_durations (counterpart TEXT NOT NULL, numbers BIGINT[] NOT NULL, "
        "seconds DOUBLE PRECISION NOT NULL, slow BIGINT NOT NULL, slow_at TIMESTAMPTZ, "
        "CONSTRAINT exchange_durations_pkey PRIMARY KEY (counterpart))"
    )
    op.execute("COMMENT ON TABLE exchange_durations IS 'Exchanges since the beginning, by kind of counterpart.'")
    op.execute("COMMENT ON COLUMN exchange_durations.numbers IS 'how many in each bucket'")
    op.execute("COMMENT ON COLUMN exchange_durations.slow_at IS 'when one took longer than usual last'")
