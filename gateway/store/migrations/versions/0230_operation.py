"""Operation: alarms that reach people, turns at destinations, what clients may ask for and used up."""

from __future__ import annotations

from alembic import op

revision = "0230"
down_revision = "0190"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add columns and tables."""
    _alarms()
    _turns()
    _clients()


def _alarms() -> None:
    op.execute("ALTER TABLE alarms ADD COLUMN told JSONB NOT NULL DEFAULT '{}'")
    op.execute("COMMENT ON COLUMN alarms.told IS 'when each target was told last'")
    op.execute("CREATE INDEX alarms_open_idx ON alarms (raised_at) WHERE resolved_at IS NULL")
    op.execute(
        "CREATE TABLE house_alarms (rule TEXT NOT NULL, subject TEXT NOT NULL, raised_at TIMESTAMPTZ NOT NULL, "
        "acknowledged_at TIMESTAMPTZ, resolved_at TIMESTAMPTZ, told JSONB NOT NULL DEFAULT '{}', "
        "CONSTRAINT house_alarms_pkey PRIMARY KEY (rule, subject))"
    )
    op.execute("COMMENT ON TABLE house_alarms IS 'Alarms about the gateway itself.'")
    op.execute("COMMENT ON COLUMN house_alarms.subject IS 'a machine, or the name of a recipient'")
    op.execute("COMMENT ON COLUMN house_alarms.told IS 'when each target was told last'")
    op.execute(
        "CREATE TABLE bulletins (id UUID NOT NULL, target TEXT NOT NULL, lines JSONB NOT NULL, "
        "created_at TIMESTAMPTZ NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL, "
        "began_at TIMESTAMPTZ NOT NULL, next_at TIMESTAMPTZ NOT NULL, log JSONB NOT NULL, "
        "CONSTRAINT bulletins_pkey PRIMARY KEY (id))"
    )
    op.execute("COMMENT ON TABLE bulletins IS 'Messages that tell of alarms.'")
    op.execute("COMMENT ON COLUMN bulletins.target IS 'name of the recipient and a digest of its address'")
    op.execute("COMMENT ON COLUMN bulletins.lines IS 'what it says: rules, numbers, ids'")
    op.execute("COMMENT ON COLUMN bulletins.state IS 'waiting, delivered, failed'")
    op.execute("COMMENT ON COLUMN bulletins.log IS 'every try: at, error'")
    op.execute("CREATE UNIQUE INDEX bulletins_waiting_idx ON bulletins (target) WHERE state = 'waiting'")
    op.execute("CREATE INDEX bulletins_target_created_at_idx ON bulletins (target, created_at)")


def _turns() -> None:
    op.execute(
        "CREATE TABLE destination_pace (destination TEXT NOT NULL, bucket TIMESTAMPTZ, rest_until TIMESTAMPTZ, "
        "CONSTRAINT destination_pace_pkey PRIMARY KEY (destination))"
    )
    op.execute("COMMENT ON COLUMN destination_pace.bucket IS 'when the next token is there'")
    op.execute("COMMENT ON COLUMN destination_pace.rest_until IS 'as the counterpart asked'")
    op.execute(
        "CREATE TABLE destination_turns (submission UUID NOT NULL, destination TEXT NOT NULL, "
        "since TIMESTAMPTZ NOT NULL, go_at TIMESTAMPTZ, holder UUID, until TIMESTAMPTZ, "
        "CONSTRAINT destination_turns_pkey PRIMARY KEY (submission), "
        "CONSTRAINT destination_turns_submission_fkey FOREIGN KEY (submission) REFERENCES submissions (id) "
        "ON DELETE CASCADE)"
    )
    op.execute("COMMENT ON TABLE destination_turns IS 'On their way to a destination with bounds, or waiting for it.'")
    op.execute("COMMENT ON COLUMN destination_turns.holder IS 'the process that carries it out'")
    op.execute("CREATE INDEX destination_turns_destination_since_idx ON destination_turns (destination, since)")


def _clients() -> None:
    op.execute(
        "CREATE TABLE spent_assertions (digest BYTEA NOT NULL, until TIMESTAMPTZ NOT NULL, "
        "CONSTRAINT spent_assertions_pkey PRIMARY KEY (digest))"
    )
    op.execute("COMMENT ON COLUMN spent_assertions.digest IS 'of client and jti'")
    op.execute("CREATE INDEX spent_assertions_until_idx ON spent_assertions (until)")
    op.execute(
        "CREATE TABLE client_allowances (client TEXT NOT NULL, kind TEXT NOT NULL, bucket TIMESTAMPTZ, used INTEGER, "
        "at TIMESTAMPTZ NOT NULL, CONSTRAINT client_allowances_pkey PRIMARY KEY (client, kind))"
    )
    op.execute("COMMENT ON COLUMN client_allowances.kind IS 'requests, or a day'")
