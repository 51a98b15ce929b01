CREATE TABLE availability_reports (
    day DATE NOT NULL,
    body BYTEA NOT NULL,
    signature TEXT NOT NULL,
    made_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT availability_reports_pkey PRIMARY KEY (day)
);
COMMENT ON COLUMN availability_reports.body IS 'canonical JSON';
COMMENT ON COLUMN availability_reports.signature IS 'detached JWS';
