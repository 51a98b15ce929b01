"""Jobs: the engine writes no history of what a submission's journal tells better.

A line when a job is made and one when it is taken cost a tenth of the database's work for a submission; nobody reads
them. How a job ended badly stays, since its age is asked for. Triggers are switched off, not dropped: the engine's own
migrations know them.
"""

from __future__ import annotations

from alembic import op

revision = "0240"
down_revision = "0230"
branch_labels = None
depends_on = None

UNREAD = (
    "procrastinate_trigger_status_events_insert_v1",
    "procrastinate_trigger_scheduled_events_v1",
    "procrastinate_trigger_status_events_update_v1",
)


def upgrade() -> None:
    """Switch the triggers off but for jobs that end otherwise than well."""
    for name in UNREAD:
        op.execute(f"ALTER TABLE procrastinate_jobs DISABLE TRIGGER {name}")
    op.execute(
        "CREATE TRIGGER job_ended_badly AFTER UPDATE OF status ON procrastinate_jobs FOR EACH ROW "
        "WHEN (new.status IN ('failed', 'cancelled', 'aborted')) "
        "EXECUTE FUNCTION procrastinate_trigger_function_status_events_update_v1()"
    )
