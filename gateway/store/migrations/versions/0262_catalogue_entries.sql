CREATE TABLE catalogue_revisions (
    municipality TEXT NOT NULL,
    service TEXT NOT NULL,
    number INTEGER NOT NULL,
    latest BOOLEAN NOT NULL,
    entry JSONB NOT NULL,
    digest TEXT NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    changed_by TEXT NOT NULL,
    CONSTRAINT catalogue_revisions_pkey PRIMARY KEY (municipality, service, number)
);
COMMENT ON TABLE catalogue_revisions IS 'Every state that an entry ever had.';
COMMENT ON COLUMN catalogue_revisions.entry IS 'the facts of the entry';
COMMENT ON COLUMN catalogue_revisions.digest IS 'SHA-256 of the facts as canonical JSON';
COMMENT ON COLUMN catalogue_revisions.changed_by IS 'a person, or: files';
CREATE UNIQUE INDEX catalogue_revisions_latest_key ON catalogue_revisions (municipality, service) WHERE latest;
