-- Signed roots over evidence, and evidence that can only grow.

ALTER TABLE evidence ADD COLUMN tx BIGINT DEFAULT pg_current_xact_id()::text::bigint NOT NULL;
COMMENT ON COLUMN evidence.tx IS 'transaction that wrote it';
CREATE INDEX evidence_tx_idx ON evidence USING brin (tx) WITH (autosummarize = on);

CREATE TABLE evidence_keys (
    sha256 TEXT NOT NULL,
    jwk JSON NOT NULL,
    CONSTRAINT evidence_keys_pkey PRIMARY KEY (sha256)
);
COMMENT ON TABLE evidence_keys IS 'Public keys that evidence names by digest, of other sides too; append-only as all of evidence.';
COMMENT ON COLUMN evidence_keys.jwk IS 'public';

CREATE TABLE evidence_roots (
    no BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    key TEXT NOT NULL,
    token TEXT NOT NULL,
    periodic BOOLEAN NOT NULL,
    horizon BIGINT NOT NULL,
    CONSTRAINT evidence_roots_pkey PRIMARY KEY (no)
);
COMMENT ON COLUMN evidence_roots.key IS 'digest of the key that signed';
COMMENT ON COLUMN evidence_roots.token IS 'the signed root, compact JWS';
COMMENT ON COLUMN evidence_roots.periodic IS 'made in its minute; not for an export';
COMMENT ON COLUMN evidence_roots.horizon IS 'transactions below this number were looked at';

CREATE TABLE evidence_leaves (
    root BIGINT NOT NULL,
    no INTEGER NOT NULL,
    municipality TEXT NOT NULL,
    submission UUID NOT NULL,
    seq INTEGER NOT NULL,
    head BYTEA NOT NULL,
    CONSTRAINT evidence_leaves_pkey PRIMARY KEY (root, no)
);
CREATE INDEX evidence_leaves_submission_seq_idx ON evidence_leaves (submission, seq);

CREATE TABLE evidence_stamps (
    root BIGINT NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    token BYTEA NOT NULL,
    CONSTRAINT evidence_stamps_pkey PRIMARY KEY (root)
);
COMMENT ON COLUMN evidence_stamps.token IS 'RFC 3161 response over the signed root';

-- First bar, for every role including the owner: a trigger refuses.
CREATE FUNCTION refuse_change() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION 'evidence is append-only' USING ERRCODE = 'insufficient_privilege';
END;
$$;
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence_keys
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence_roots
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence_leaves
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON evidence_stamps
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- Second bar: the service works under a role that owns nothing and may only add to evidence. Where we may not make
-- roles (a database server of somebody else), its administrator makes it; until then the trigger stands alone.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'ozg_gateway_service') THEN
        BEGIN
            CREATE ROLE ozg_gateway_service NOLOGIN;
        EXCEPTION
            WHEN insufficient_privilege THEN
                RETURN;
            WHEN duplicate_object OR unique_violation THEN
                NULL; -- another database of the server migrates at the same time
        END;
    END IF;
    IF NOT pg_has_role('ozg_gateway_service', 'MEMBER') THEN
        BEGIN
            GRANT ozg_gateway_service TO CURRENT_USER;
        EXCEPTION
            WHEN insufficient_privilege THEN
                RETURN; -- somebody else's role of that name
        END;
    END IF;
    GRANT USAGE ON SCHEMA public TO ozg_gateway_service;
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ozg_gateway_service;
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO ozg_gateway_service;
    REVOKE UPDATE, DELETE ON evidence, evidence_keys, evidence_roots, evidence_leaves, evidence_stamps
        FROM ozg_gateway_service;
    REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM ozg_gateway_service;
    ALTER DEFAULT PRIVILEGES IN SCHEMA public
        GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ozg_gateway_service;
    ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO ozg_gateway_service;
END;
$$;
