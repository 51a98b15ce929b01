"""The change feed's numbers outlive a restore: each database counts on from a base of its own."""

from __future__ import annotations

from alembic import op

revision = "0140"
down_revision = "0130"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the three functions and count by them."""
    op.execute("CREATE FUNCTION feed_base() RETURNS bigint LANGUAGE sql IMMUTABLE AS 'SELECT 0::bigint'")
    op.execute(
        "CREATE FUNCTION feed_now() RETURNS xid8 LANGUAGE sql VOLATILE AS "
        "'SELECT (feed_base() + pg_current_xact_id()::text::bigint)::text::xid8'"
    )
    op.execute(
        "CREATE FUNCTION feed_horizon() RETURNS xid8 LANGUAGE sql STABLE AS "
        "'SELECT (feed_base() + pg_snapshot_xmin(pg_current_snapshot())::text::bigint)::text::xid8'"
    )
    op.execute("ALTER TABLE changes ALTER COLUMN xid SET DEFAULT feed_now()")
