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
