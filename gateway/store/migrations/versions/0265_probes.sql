CREATE TABLE probe_standing (
    municipality TEXT NOT NULL,
    subject TEXT NOT NULL,
    works BOOLEAN,
    since TIMESTAMP WITH TIME ZONE,
    failures INTEGER NOT NULL,
    successes INTEGER NOT NULL,
    reason TEXT,
    probed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    failed_runs INTEGER NOT NULL DEFAULT 0,
    failed_at TIMESTAMP WITH TIME ZONE,
    last_run BIGINT,
    worked BOOLEAN NOT NULL DEFAULT false,
    CONSTRAINT probe_standing_pkey PRIMARY KEY (municipality, subject)
);
COMMENT ON COLUMN probe_standing.municipality IS 'empty: a dependency of the whole gateway';
COMMENT ON COLUMN probe_standing.subject IS 'a service, or kind:name of a dependency';
COMMENT ON COLUMN probe_standing.works IS 'none before the first probe';
COMMENT ON COLUMN probe_standing.failures IS 'in a row';
COMMENT ON COLUMN probe_standing.successes IS 'in a row';
COMMENT ON COLUMN probe_standing.reason IS 'code of the last failure';
COMMENT ON COLUMN probe_standing.failed_runs IS 'that failures in a row come from';
COMMENT ON COLUMN probe_standing.failed_at IS 'the first of them';
COMMENT ON COLUMN probe_standing.worked IS 'whether any probe ever was good';

CREATE TABLE probe_measurements (
    no BIGINT GENERATED ALWAYS AS IDENTITY,
    municipality TEXT NOT NULL,
    subject TEXT NOT NULL,
    run BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    good BOOLEAN NOT NULL,
    reason TEXT,
    milliseconds INTEGER NOT NULL,
    CONSTRAINT probe_measurements_pkey PRIMARY KEY (no)
);
CREATE INDEX probe_measurements_at_idx ON probe_measurements (at);
CREATE INDEX probe_measurements_municipality_subject_at_idx ON probe_measurements (municipality, subject, at);

CREATE TABLE probe_hours (
    municipality TEXT NOT NULL,
    subject TEXT NOT NULL,
    hour TIMESTAMP WITH TIME ZONE NOT NULL,
    good INTEGER NOT NULL,
    bad INTEGER NOT NULL,
    milliseconds BIGINT NOT NULL,
    CONSTRAINT probe_hours_pkey PRIMARY KEY (municipality, subject, hour)
);
COMMENT ON COLUMN probe_hours.milliseconds IS 'sum';

CREATE TABLE probe_days (
    municipality TEXT NOT NULL,
    day DATE NOT NULL,
    subject TEXT NOT NULL,
    good INTEGER NOT NULL,
    bad INTEGER NOT NULL,
    CONSTRAINT probe_days_pkey PRIMARY KEY (municipality, day, subject)
);
COMMENT ON TABLE probe_days IS 'Hourly figures of services, summed: what pages show of ninety days.';
COMMENT ON COLUMN probe_days.day IS 'of German calendars';

CREATE TABLE probe_runs (
    no BIGINT GENERATED ALWAYS AS IDENTITY,
    begun_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    own_network BOOLEAN,
    CONSTRAINT probe_runs_pkey PRIMARY KEY (no)
);
COMMENT ON TABLE probe_runs IS 'Whole runs over every subject, by the worker or a command.';
COMMENT ON COLUMN probe_runs.own_network IS 'whether our own network was there';

CREATE TABLE probe_lease (
    name TEXT NOT NULL,
    holder UUID,
    run BIGINT,
    until TIMESTAMP WITH TIME ZONE,
    CONSTRAINT probe_lease_pkey PRIMARY KEY (name)
);
COMMENT ON TABLE probe_lease IS 'One row: which process makes a run now.';

CREATE TABLE outages (
    no BIGINT GENERATED ALWAYS AS IDENTITY,
    municipality TEXT NOT NULL,
    subject TEXT NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE NOT NULL,
    ended_at TIMESTAMP WITH TIME ZONE,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    reason TEXT,
    CONSTRAINT outages_pkey PRIMARY KEY (no)
);
COMMENT ON TABLE outages IS 'What the feed tells.';
CREATE INDEX outages_municipality_changed_at_idx ON outages (municipality, changed_at);

ALTER TABLE house_alarms ADD COLUMN municipality TEXT, ADD COLUMN service TEXT;
COMMENT ON COLUMN house_alarms.municipality IS 'whose recipients hear of it too; none: nobody''s but the gateway''s';
