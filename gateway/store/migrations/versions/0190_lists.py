"""Lists by state in the order of the list, however rare the state."""

from __future__ import annotations

from alembic import op

revision = "0190"
down_revision = "0180"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The index serves what is held as well."""
    op.execute("CREATE INDEX submissions_state_created_at_id_idx ON submissions (state, created_at, id)")
    op.execute("DROP INDEX submissions_held_idx")
