CREATE TABLE availability_reports (
    day DATE NOT NULL,
    body BYTEA NOT NULL,
    signature TEXT NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT availability_reports_pkey PRIMARY KEY (day)
);
COMMENT ON COLUMN availability_reports.body IS 'canonical JSON';
COMMENT ON COLUMN availability_reports.signature IS 'detached JWS';

CREATE TABLE catalogue_land_counts (
    municipality TEXT NOT NULL,
    source TEXT NOT NULL,
    unit TEXT NOT NULL,
    counted INTEGER NOT NULL,
    ours INTEGER NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT catalogue_land_counts_pkey PRIMARY KEY (municipality, source)
);
COMMENT ON TABLE catalogue_land_counts IS 'What sources count in the Land.';
COMMENT ON COLUMN catalogue_land_counts.source IS 'pvog, datahub';
COMMENT ON COLUMN catalogue_land_counts.unit IS 'what is counted: leistung, online_service';
COMMENT ON COLUMN catalogue_land_counts.ours IS 'of those, by the source itself, the municipality''s own';
