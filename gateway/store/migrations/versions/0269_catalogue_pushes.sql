CREATE TABLE catalogue_pushes (
    no BIGINT GENERATED ALWAYS AS IDENTITY,
    municipality TEXT NOT NULL,
    address TEXT NOT NULL,
    since BIGINT NOT NULL,
    export BIGINT NOT NULL,
    state TEXT NOT NULL,
    tries BIGINT NOT NULL,
    failures INTEGER NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    next_at TIMESTAMP WITH TIME ZONE NOT NULL,
    leased_until TIMESTAMP WITH TIME ZONE,
    failing_since TIMESTAMP WITH TIME ZONE,
    settled_at TIMESTAMP WITH TIME ZONE,
    files INTEGER,
    cause TEXT,
    status INTEGER,
    CONSTRAINT catalogue_pushes_pkey PRIMARY KEY (no)
);
COMMENT ON TABLE catalogue_pushes IS 'What was pushed to the collector for each municipality, and what waits.';
COMMENT ON COLUMN catalogue_pushes.address IS 'whom it is pushed to';
COMMENT ON COLUMN catalogue_pushes.since IS 'the export that the counterpart holds; 0: nothing';
COMMENT ON COLUMN catalogue_pushes.export IS 'the export that it is to hold';
COMMENT ON COLUMN catalogue_pushes.state IS 'waiting, accepted, refused';
COMMENT ON COLUMN catalogue_pushes.tries IS 'who settles shows the number that it claimed';
COMMENT ON COLUMN catalogue_pushes.failures IS 'in a row';
COMMENT ON COLUMN catalogue_pushes.files IS 'that were taken';
COMMENT ON COLUMN catalogue_pushes.cause IS 'code of the last error';
COMMENT ON COLUMN catalogue_pushes.status IS 'of the last answer that was no success';
CREATE UNIQUE INDEX catalogue_pushes_open_key ON catalogue_pushes (municipality) WHERE state <> 'accepted';
CREATE INDEX catalogue_pushes_accepted_idx ON catalogue_pushes (municipality, export) WHERE state = 'accepted';

CREATE TABLE catalogue_failures (
    kind TEXT NOT NULL,
    municipality TEXT NOT NULL,
    service TEXT NOT NULL,
    cause TEXT NOT NULL,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT catalogue_failures_pkey PRIMARY KEY (kind, municipality, service)
);
COMMENT ON TABLE catalogue_failures IS 'Work on the catalogue that failed last, until it succeeds.';
COMMENT ON COLUMN catalogue_failures.kind IS 'export, report';
COMMENT ON COLUMN catalogue_failures.municipality IS 'empty: of all';
COMMENT ON COLUMN catalogue_failures.service IS 'empty: of none alone';
COMMENT ON COLUMN catalogue_failures.cause IS 'code of an error, or a rule';
