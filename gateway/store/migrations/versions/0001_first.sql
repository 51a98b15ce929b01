-- The gateway's first schema: as tables.py declared it then, and frozen.

CREATE TABLE blobs (
    id UUID NOT NULL,
    municipality TEXT NOT NULL,
    data_key UUID NOT NULL,
    submission UUID,
    size BIGINT NOT NULL,
    frames INTEGER NOT NULL,
    finished BOOLEAN NOT NULL,
    touched_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT blobs_pkey PRIMARY KEY (id)
);
COMMENT ON COLUMN blobs.submission IS 'unset: an upload that no submission uses yet';
COMMENT ON COLUMN blobs.size IS 'plain bytes; final once finished';
CREATE INDEX blobs_submission_idx ON blobs (submission);
CREATE INDEX blobs_unfinished_idx ON blobs (touched_at) WHERE NOT finished;

CREATE TABLE changes (
    xid xid8 DEFAULT pg_current_xact_id() NOT NULL,
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    submission UUID NOT NULL,
    municipality TEXT NOT NULL,
    client TEXT NOT NULL,
    state TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT changes_pkey PRIMARY KEY (xid, id)
);
CREATE INDEX changes_client_xid_id_idx ON changes (client, xid, id);

CREATE TABLE data_keys (
    id UUID NOT NULL,
    municipality TEXT NOT NULL,
    wrapped BYTEA NOT NULL,
    CONSTRAINT data_keys_pkey PRIMARY KEY (id)
);
COMMENT ON COLUMN data_keys.wrapped IS 'by the municipality''s key; deleting it erases';

CREATE TABLE evidence (
    submission UUID NOT NULL,
    seq INTEGER NOT NULL,
    municipality TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    kind TEXT NOT NULL,
    body JSON NOT NULL,
    prev BYTEA NOT NULL,
    hash BYTEA NOT NULL,
    CONSTRAINT evidence_pkey PRIMARY KEY (submission, seq)
);
COMMENT ON COLUMN evidence.body IS 'canonical JSON, kept to the byte';

CREATE TABLE facts (
    name TEXT NOT NULL,
    value BYTEA NOT NULL,
    CONSTRAINT facts_pkey PRIMARY KEY (name)
);
COMMENT ON TABLE facts IS 'What the installation remembers of itself: check value of the master key, version of the job schema.';

CREATE TABLE idempotency (
    client TEXT NOT NULL,
    key BYTEA NOT NULL,
    municipality TEXT NOT NULL,
    digest BYTEA NOT NULL,
    submission UUID NOT NULL,
    answer JSONB NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT idempotency_pkey PRIMARY KEY (client, key)
);
COMMENT ON COLUMN idempotency.key IS 'keyed digest; portals put anything into a key';
COMMENT ON COLUMN idempotency.answer IS 'the submission as answered then';

CREATE TABLE municipality_keys (
    municipality TEXT NOT NULL,
    wrapped BYTEA NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT municipality_keys_pkey PRIMARY KEY (municipality)
);
COMMENT ON COLUMN municipality_keys.wrapped IS 'by the master key';

CREATE TABLE submissions (
    id UUID NOT NULL,
    municipality TEXT NOT NULL,
    client TEXT NOT NULL,
    service TEXT NOT NULL,
    state TEXT NOT NULL,
    version INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    channel TEXT NOT NULL,
    destination_id TEXT,
    case_id TEXT,
    remote_id TEXT,
    region TEXT,
    service_identifier TEXT,
    parts JSONB NOT NULL,
    events JSONB NOT NULL,
    reason JSONB,
    intent TEXT,
    attempts INTEGER NOT NULL,
    next_at TIMESTAMP WITH TIME ZONE,
    announced_at TIMESTAMP WITH TIME ZONE,
    submitted_at TIMESTAMP WITH TIME ZONE,
    deadline TIMESTAMP WITH TIME ZONE,
    held_from TEXT,
    test BOOLEAN NOT NULL,
    data_key UUID NOT NULL,
    standard TEXT NOT NULL,
    schema_uri TEXT NOT NULL,
    document_sha256 TEXT NOT NULL,
    reference BYTEA,
    reference_index BYTEA,
    receipt TEXT NOT NULL,
    supersedes UUID,
    superseded_by UUID,
    evidence_seq INTEGER NOT NULL,
    evidence_head BYTEA NOT NULL,
    CONSTRAINT submissions_pkey PRIMARY KEY (id)
);
COMMENT ON COLUMN submissions.reference IS 'encrypted';
COMMENT ON COLUMN submissions.reference_index IS 'keyed digest';
COMMENT ON COLUMN submissions.evidence_seq IS 'entries in the evidence chain';
COMMENT ON COLUMN submissions.evidence_head IS 'hash of the last one';
CREATE INDEX submissions_client_created_at_id_idx ON submissions (client, created_at, id);
CREATE INDEX submissions_created_at_id_idx ON submissions (created_at, id);
CREATE INDEX submissions_open_idx ON submissions (id) WHERE state NOT IN ('accepted', 'rejected', 'expired', 'cancelled', 'held');
CREATE INDEX submissions_reference_idx ON submissions (reference_index) WHERE reference_index IS NOT NULL;
CREATE INDEX submissions_remote_id_idx ON submissions (remote_id);

CREATE TABLE uploads (
    client TEXT NOT NULL,
    upload UUID NOT NULL,
    municipality TEXT NOT NULL,
    blob UUID NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    media_type TEXT NOT NULL,
    submission UUID,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT uploads_pkey PRIMARY KEY (client, upload)
);
COMMENT ON COLUMN uploads.submission IS 'the one that uses it';
CREATE INDEX uploads_unused_idx ON uploads (expires_at) WHERE submission IS NULL;

CREATE TABLE attachments (
    submission UUID NOT NULL,
    no INTEGER NOT NULL,
    municipality TEXT NOT NULL,
    kind TEXT NOT NULL,
    filename BYTEA NOT NULL,
    media_type TEXT NOT NULL,
    size BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    purpose TEXT NOT NULL,
    upload UUID,
    blob UUID,
    CONSTRAINT attachments_pkey PRIMARY KEY (submission, no),
    CONSTRAINT attachments_submission_fkey FOREIGN KEY(submission) REFERENCES submissions (id) ON DELETE CASCADE
);
COMMENT ON COLUMN attachments.filename IS 'encrypted';

CREATE TABLE blob_frames (
    blob UUID NOT NULL,
    no INTEGER NOT NULL,
    data BYTEA NOT NULL,
    CONSTRAINT blob_frames_pkey PRIMARY KEY (blob, no),
    CONSTRAINT blob_frames_blob_fkey FOREIGN KEY(blob) REFERENCES blobs (id) ON DELETE CASCADE
);
COMMENT ON COLUMN blob_frames.data IS 'encrypted, 1 MiB of plain bytes at most';

CREATE TABLE journal (
    id BIGINT GENERATED ALWAYS AS IDENTITY,
    submission UUID NOT NULL,
    municipality TEXT NOT NULL,
    version INTEGER NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    step TEXT NOT NULL,
    kind TEXT NOT NULL,
    detail JSONB NOT NULL,
    CONSTRAINT journal_pkey PRIMARY KEY (id),
    CONSTRAINT journal_submission_fkey FOREIGN KEY(submission) REFERENCES submissions (id) ON DELETE CASCADE
);
CREATE INDEX journal_submission_id_idx ON journal (submission, id);

CREATE TABLE submission_secrets (
    submission UUID NOT NULL,
    municipality TEXT NOT NULL,
    record BYTEA NOT NULL,
    document BYTEA NOT NULL,
    namespace TEXT NOT NULL,
    media_type TEXT NOT NULL,
    CONSTRAINT submission_secrets_pkey PRIMARY KEY (submission),
    CONSTRAINT submission_secrets_submission_fkey FOREIGN KEY(submission) REFERENCES submissions (id) ON DELETE CASCADE
);
COMMENT ON COLUMN submission_secrets.record IS 'encrypted';
COMMENT ON COLUMN submission_secrets.document IS 'encrypted';

-- ciphertext does not compress; EXTERNAL spares PostgreSQL the attempt
ALTER TABLE blob_frames ALTER COLUMN data SET STORAGE EXTERNAL;

-- room on each page for the row's next version
ALTER TABLE submissions SET (fillfactor = 60);

-- the fetch of a job asks for other jobs with the same lock
CREATE INDEX procrastinate_jobs_lock_any_idx ON procrastinate_jobs (lock);

-- Have a submission advanced at an instant (NULL: now). One waiting job a submission is enough: a second wish only
-- brings it forward. A job that runs already does not count, for it may have read the row before the wish was born.
CREATE FUNCTION wake_submission(submission uuid, wish timestamptz) RETURNS void
    LANGUAGE plpgsql
AS $$
DECLARE
    brought_forward boolean;
BEGIN
    INSERT INTO procrastinate_jobs AS job (queue_name, task_name, lock, queueing_lock, args, scheduled_at)
    VALUES (
        'delivery', 'advance', submission::text, submission::text,
        jsonb_build_object('submission_id', submission), wish
    )
    ON CONFLICT (queueing_lock) WHERE status = 'todo' DO UPDATE SET scheduled_at = excluded.scheduled_at
    WHERE job.scheduled_at IS NOT NULL AND (excluded.scheduled_at IS NULL OR excluded.scheduled_at < job.scheduled_at)
    RETURNING job.xmax <> 0 INTO brought_forward;
    -- the job engine tells its workers of inserted jobs only
    IF brought_forward AND wish IS NULL THEN
        PERFORM pg_notify('procrastinate_queue_v1#delivery', '{"type": "job_inserted", "job_id": 0}');
    END IF;
END;
$$;
