CREATE TABLE catalogue_listings (
    municipality TEXT NOT NULL,
    service TEXT NOT NULL,
    source TEXT NOT NULL,
    listed BOOLEAN NOT NULL,
    url TEXT,
    place TEXT,
    seen_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT catalogue_listings_pkey PRIMARY KEY (municipality, service, source)
);
COMMENT ON COLUMN catalogue_listings.source IS 'pvog, datahub, routing';

CREATE TABLE catalogue_findings (
    no BIGINT GENERATED ALWAYS AS IDENTITY,
    municipality TEXT NOT NULL,
    service TEXT,
    code TEXT NOT NULL,
    source TEXT,
    place TEXT NOT NULL,
    expected TEXT,
    found TEXT,
    leika_key TEXT,
    since TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT catalogue_findings_pkey PRIMARY KEY (no)
);
COMMENT ON TABLE catalogue_findings IS 'Open contradictions between claim and read-back.';
COMMENT ON COLUMN catalogue_findings.service IS 'none: nothing claims it';
CREATE INDEX catalogue_findings_municipality_idx ON catalogue_findings (municipality);

CREATE TABLE catalogue_readback_turns (
    municipality TEXT NOT NULL,
    source TEXT NOT NULL,
    next_at TIMESTAMP WITH TIME ZONE NOT NULL,
    leased_until TIMESTAMP WITH TIME ZONE,
    tries BIGINT NOT NULL,
    failures INTEGER NOT NULL,
    failing_since TIMESTAMP WITH TIME ZONE,
    shrunk_since TIMESTAMP WITH TIME ZONE,
    read_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT catalogue_readback_turns_pkey PRIMARY KEY (municipality, source)
);
COMMENT ON TABLE catalogue_readback_turns IS 'When each source is read back for each municipality.';
COMMENT ON COLUMN catalogue_readback_turns.tries IS 'who settles shows the number that it claimed';
COMMENT ON COLUMN catalogue_readback_turns.failures IS 'in a row';

CREATE TABLE catalogue_readbacks (
    no BIGINT GENERATED ALWAYS AS IDENTITY,
    municipality TEXT NOT NULL,
    source TEXT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    outcome TEXT NOT NULL,
    reason TEXT,
    status INTEGER,
    requests INTEGER NOT NULL,
    rows INTEGER,
    total BIGINT,
    CONSTRAINT catalogue_readbacks_pkey PRIMARY KEY (no)
);
COMMENT ON COLUMN catalogue_readbacks.outcome IS 'sound, refused, failed';
COMMENT ON COLUMN catalogue_readbacks.reason IS 'rule or code of an error';
COMMENT ON COLUMN catalogue_readbacks.status IS 'of the last answer';
COMMENT ON COLUMN catalogue_readbacks.rows IS 'that the source lists as the municipality''s own';
COMMENT ON COLUMN catalogue_readbacks.total IS 'rows that the source has of the Land';
CREATE INDEX catalogue_readbacks_municipality_source_at_idx ON catalogue_readbacks (municipality, source, at);
CREATE INDEX catalogue_readbacks_at_idx ON catalogue_readbacks (at);

CREATE TABLE catalogue_answers (
    readback BIGINT NOT NULL,
    position INTEGER NOT NULL,
    municipality TEXT NOT NULL,
    address TEXT NOT NULL,
    status INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    body BYTEA,
    CONSTRAINT catalogue_answers_pkey PRIMARY KEY (readback, position),
    CONSTRAINT catalogue_answers_readback_fkey FOREIGN KEY(readback) REFERENCES catalogue_readbacks (no) ON DELETE CASCADE
);
COMMENT ON TABLE catalogue_answers IS 'Answers as they came.';
COMMENT ON COLUMN catalogue_answers.body IS 'compressed; none where it names persons';
