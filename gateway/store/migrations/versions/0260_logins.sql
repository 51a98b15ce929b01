-- Logins: as tables/login.py declared them then, and frozen.

CREATE TABLE logins_under_way (
    id UUID NOT NULL,
    municipality TEXT NOT NULL,
    handle BYTEA NOT NULL,
    browser BYTEA NOT NULL,
    client TEXT NOT NULL,
    level SMALLINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    request BYTEA NOT NULL,
    provider TEXT,
    request_id TEXT,
    requested_at TIMESTAMP WITH TIME ZONE,
    address BYTEA NOT NULL,
    answer BYTEA,
    CONSTRAINT logins_under_way_pkey PRIMARY KEY (id)
);
COMMENT ON COLUMN logins_under_way.handle IS 'keyed digest of what goes through the identity provider';
COMMENT ON COLUMN logins_under_way.browser IS 'digest of the browser''s cookie';
COMMENT ON COLUMN logins_under_way.request IS 'encrypted: what the portal asked for';
COMMENT ON COLUMN logins_under_way.address IS 'keyed digest of the caller''s address';
COMMENT ON COLUMN logins_under_way.answer IS 'encrypted: what the identity provider answered';
CREATE INDEX logins_under_way_address_expires_at_idx ON logins_under_way (address, expires_at);
CREATE INDEX logins_under_way_expires_at_idx ON logins_under_way (expires_at);
CREATE UNIQUE INDEX logins_under_way_handle_idx ON logins_under_way (handle);

CREATE TABLE logins (
    id UUID NOT NULL,
    municipality TEXT NOT NULL,
    login_ref BYTEA NOT NULL,
    client TEXT NOT NULL,
    owner TEXT NOT NULL,
    issuer TEXT NOT NULL,
    provider TEXT NOT NULL,
    level SMALLINT NOT NULL,
    authenticated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    subject BYTEA NOT NULL,
    data_key UUID,
    identity BYTEA,
    submission UUID,
    CONSTRAINT logins_pkey PRIMARY KEY (id)
);
COMMENT ON COLUMN logins.login_ref IS 'digest';
COMMENT ON COLUMN logins.owner IS 'the client that may hand it off';
COMMENT ON COLUMN logins.subject IS 'encrypted: the pairwise sub';
COMMENT ON COLUMN logins.data_key IS 'of identity; deleted with it';
COMMENT ON COLUMN logins.identity IS 'encrypted; gone after the hour in which an application may take it over';
COMMENT ON COLUMN logins.submission IS 'the one that took it over';
CREATE INDEX logins_expires_at_idx ON logins (expires_at);
CREATE UNIQUE INDEX logins_login_ref_idx ON logins (login_ref);
CREATE INDEX logins_submission_idx ON logins (submission) WHERE submission IS NOT NULL;

CREATE TABLE login_sessions (
    id UUID NOT NULL,
    municipality TEXT NOT NULL,
    cookie BYTEA NOT NULL,
    client TEXT NOT NULL,
    login UUID NOT NULL,
    level SMALLINT NOT NULL,
    authenticated_at TIMESTAMP WITH TIME ZONE NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    idle_s BIGINT NOT NULL,
    CONSTRAINT login_sessions_pkey PRIMARY KEY (id),
    CONSTRAINT login_sessions_login_fkey FOREIGN KEY(login) REFERENCES logins (id) ON DELETE CASCADE
);
COMMENT ON COLUMN login_sessions.cookie IS 'digest';
CREATE INDEX login_sessions_cookie_idx ON login_sessions (cookie);
CREATE INDEX login_sessions_login_idx ON login_sessions (login);

CREATE TABLE login_codes (
    code BYTEA NOT NULL,
    municipality TEXT NOT NULL,
    client TEXT NOT NULL,
    login UUID NOT NULL,
    session UUID,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    request BYTEA NOT NULL,
    used_at TIMESTAMP WITH TIME ZONE,
    revoked BOOLEAN DEFAULT false NOT NULL,
    CONSTRAINT login_codes_pkey PRIMARY KEY (code),
    CONSTRAINT login_codes_login_fkey FOREIGN KEY(login) REFERENCES logins (id) ON DELETE CASCADE
);
COMMENT ON COLUMN login_codes.code IS 'keyed digest';
COMMENT ON COLUMN login_codes.request IS 'encrypted: what the portal asked for';
COMMENT ON COLUMN login_codes.revoked IS 'used twice';
CREATE INDEX login_codes_expires_at_idx ON login_codes (expires_at);
CREATE INDEX login_codes_login_idx ON login_codes (login);

CREATE TABLE login_tokens (
    token BYTEA NOT NULL,
    municipality TEXT NOT NULL,
    code BYTEA NOT NULL,
    client TEXT NOT NULL,
    login UUID NOT NULL,
    opens BYTEA NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT login_tokens_pkey PRIMARY KEY (token),
    CONSTRAINT login_tokens_code_fkey FOREIGN KEY(code) REFERENCES login_codes (code) ON DELETE CASCADE
);
COMMENT ON COLUMN login_tokens.token IS 'keyed digest';
COMMENT ON COLUMN login_tokens.opens IS 'encrypted: scopes and claims';
CREATE INDEX login_tokens_code_idx ON login_tokens (code);
CREATE INDEX login_tokens_expires_at_idx ON login_tokens (expires_at);

CREATE TABLE login_requests (
    uri BYTEA NOT NULL,
    client TEXT NOT NULL,
    request BYTEA NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT login_requests_pkey PRIMARY KEY (uri)
);
COMMENT ON TABLE login_requests IS 'Pushed authorization requests; a client may serve many municipalities.';
COMMENT ON COLUMN login_requests.uri IS 'keyed digest';
COMMENT ON COLUMN login_requests.request IS 'encrypted: what the portal asked for';
CREATE INDEX login_requests_expires_at_idx ON login_requests (expires_at);

CREATE TABLE login_answers (
    digest BYTEA NOT NULL,
    municipality TEXT NOT NULL,
    until TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT login_answers_pkey PRIMARY KEY (digest)
);
COMMENT ON TABLE login_answers IS 'Answers of identity providers that were used.';
CREATE INDEX login_answers_until_idx ON login_answers (until);

CREATE TABLE login_accounts (
    municipality TEXT NOT NULL,
    provider TEXT NOT NULL,
    account BYTEA NOT NULL,
    entity_id TEXT NOT NULL,
    first_at TIMESTAMP WITH TIME ZONE NOT NULL,
    last_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT login_accounts_pkey PRIMARY KEY (municipality, provider, account)
);
COMMENT ON COLUMN login_accounts.account IS 'digest';
COMMENT ON COLUMN login_accounts.entity_id IS 'ours, under which the identity provider knows the account';

CREATE TABLE subject_keys (
    municipality TEXT NOT NULL,
    data_key UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT subject_keys_pkey PRIMARY KEY (municipality)
);
COMMENT ON COLUMN subject_keys.data_key IS 'never deleted: every sub hangs on it';

ALTER TABLE submission_secrets ADD COLUMN identity BYTEA;
COMMENT ON COLUMN submission_secrets.identity IS 'encrypted: who logged in for it';
