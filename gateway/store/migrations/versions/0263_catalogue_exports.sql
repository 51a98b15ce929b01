CREATE TABLE catalogue_exports (
    no BIGINT GENERATED ALWAYS AS IDENTITY,
    state TEXT NOT NULL,
    verified BOOLEAN NOT NULL,
    objects JSONB NOT NULL,
    services INTEGER NOT NULL,
    accepted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    allowed_by TEXT,
    allowed_why TEXT,
    CONSTRAINT catalogue_exports_pkey PRIMARY KEY (no)
);
COMMENT ON TABLE catalogue_exports IS 'Accepted exports of all municipalities; the newest is served.';
COMMENT ON COLUMN catalogue_exports.state IS 'SHA-256 of all that it was made of';
COMMENT ON COLUMN catalogue_exports.verified IS 'held to the official XSD';
COMMENT ON COLUMN catalogue_exports.objects IS 'how many of each kind';
COMMENT ON COLUMN catalogue_exports.allowed_by IS 'who allowed a loss';

CREATE TABLE catalogue_files (
    export BIGINT NOT NULL,
    name TEXT NOT NULL,
    position INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    size BIGINT NOT NULL,
    content BYTEA,
    first_municipality TEXT,
    last_municipality TEXT,
    CONSTRAINT catalogue_files_pkey PRIMARY KEY (export, name),
    CONSTRAINT catalogue_files_export_fkey FOREIGN KEY(export) REFERENCES catalogue_exports (no) ON DELETE CASCADE
);
COMMENT ON COLUMN catalogue_files.content IS 'compressed (zlib); none once two later exports were accepted';
COMMENT ON COLUMN catalogue_files.first_municipality IS 'whose objects it begins with; none: the index';

CREATE TABLE catalogue_delivered (
    municipality TEXT NOT NULL,
    service TEXT NOT NULL,
    export BIGINT NOT NULL,
    revision INTEGER NOT NULL,
    exported_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT catalogue_delivered_pkey PRIMARY KEY (municipality, service)
);
COMMENT ON TABLE catalogue_delivered IS 'Entries that stand in the last accepted export.';
COMMENT ON COLUMN catalogue_delivered.export IS 'the last that held it';
COMMENT ON COLUMN catalogue_delivered.revision IS 'in which state';

CREATE TABLE catalogue_objects (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    municipality TEXT NOT NULL,
    service TEXT,
    digest TEXT,
    export BIGINT NOT NULL,
    changed_in BIGINT NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT catalogue_objects_pkey PRIMARY KEY (kind, id)
);
COMMENT ON TABLE catalogue_objects IS 'Every object that was ever written; an id is never used for another.';
COMMENT ON COLUMN catalogue_objects.kind IS 'the class of the object in XZuFi';
COMMENT ON COLUMN catalogue_objects.id IS 'with its agency: AGENCY.OD.NUMBER';
COMMENT ON COLUMN catalogue_objects.service IS 'none: a unit';
COMMENT ON COLUMN catalogue_objects.digest IS 'SHA-256 of the object as it was written last; none: it was deleted';
COMMENT ON COLUMN catalogue_objects.export IS 'the last that held it';
COMMENT ON COLUMN catalogue_objects.changed_in IS 'the export that changed or deleted it last';
CREATE INDEX catalogue_objects_changed_idx ON catalogue_objects (changed_in);
CREATE INDEX catalogue_objects_written_idx ON catalogue_objects (export) WHERE digest IS NOT NULL;
