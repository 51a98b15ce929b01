-- Uploads in pieces: as tables.py declared them then, and frozen.

CREATE TABLE tus_uploads (
    client TEXT NOT NULL,
    upload UUID NOT NULL,
    municipality TEXT NOT NULL,
    media_type TEXT NOT NULL,
    length BIGINT NOT NULL,
    arrived BIGINT NOT NULL,
    done BOOLEAN NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT tus_uploads_pkey PRIMARY KEY (client, upload)
);
COMMENT ON COLUMN tus_uploads.done IS 'stands in uploads, its pieces are gone';
CREATE INDEX tus_uploads_expires_at_idx ON tus_uploads (expires_at);

CREATE TABLE tus_pieces (
    client TEXT NOT NULL,
    upload UUID NOT NULL,
    start BIGINT NOT NULL,
    municipality TEXT NOT NULL,
    blob UUID NOT NULL,
    CONSTRAINT tus_pieces_pkey PRIMARY KEY (client, upload, start),
    CONSTRAINT tus_pieces_client_fkey FOREIGN KEY(client, upload) REFERENCES tus_uploads (client, upload) ON DELETE CASCADE
);
CREATE INDEX tus_pieces_blob_idx ON tus_pieces (blob);
