CREATE TABLE logins_done (
    handle BYTEA NOT NULL,
    municipality TEXT NOT NULL,
    browser BYTEA NOT NULL,
    request BYTEA NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT logins_done_pkey PRIMARY KEY (handle)
);
COMMENT ON TABLE logins_done IS 'Logins that were finished, for the browser that loads one of their pages again.';
COMMENT ON COLUMN logins_done.handle IS 'keyed digest of what went through the identity provider';
COMMENT ON COLUMN logins_done.browser IS 'digest of the browser''s cookie';
COMMENT ON COLUMN logins_done.request IS 'encrypted: what the portal asked for';
CREATE INDEX logins_done_expires_at_idx ON logins_done (expires_at);
