-- Webhooks: as tables.py declared them then, and frozen.

CREATE TABLE webhooks (
    id UUID NOT NULL,
    client TEXT NOT NULL,
    municipality TEXT NOT NULL,
    data_key UUID NOT NULL,
    url BYTEA NOT NULL,
    secret BYTEA NOT NULL,
    previous BYTEA,
    previous_until TIMESTAMP WITH TIME ZONE,
    events JSONB NOT NULL,
    cursor_xid xid8 NOT NULL,
    cursor_id BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT webhooks_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE webhooks IS 'Subscriptions of portals; the municipality is the one under whose key address and secret rest.';
COMMENT ON COLUMN webhooks.url IS 'encrypted';
COMMENT ON COLUMN webhooks.secret IS 'encrypted';
COMMENT ON COLUMN webhooks.previous IS 'encrypted: the secret before the last rotation';
COMMENT ON COLUMN webhooks.cursor_xid IS 'how far the change feed has become messages';
CREATE INDEX webhooks_client_created_at_idx ON webhooks (client, created_at);

CREATE TABLE webhook_messages (
    id UUID NOT NULL,
    webhook UUID NOT NULL,
    municipality TEXT NOT NULL,
    type TEXT NOT NULL,
    submission UUID,
    data JSONB NOT NULL,
    at TIMESTAMP WITH TIME ZONE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    state TEXT NOT NULL,
    tries INTEGER NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE NOT NULL,
    next_at TIMESTAMP WITH TIME ZONE NOT NULL,
    log JSONB NOT NULL,
    CONSTRAINT webhook_messages_pkey PRIMARY KEY (id),
    CONSTRAINT webhook_messages_webhook_fkey FOREIGN KEY(webhook) REFERENCES webhooks (id) ON DELETE CASCADE
);
COMMENT ON COLUMN webhook_messages.data IS 'what the message says; no personal data';
COMMENT ON COLUMN webhook_messages.state IS 'waiting, delivered, failed';
COMMENT ON COLUMN webhook_messages.log IS 'every try: at, status, error';
CREATE INDEX webhook_messages_done_idx ON webhook_messages (created_at) WHERE state <> 'waiting';
CREATE INDEX webhook_messages_due_idx ON webhook_messages (webhook, next_at) WHERE state = 'waiting';
CREATE INDEX webhook_messages_webhook_created_at_id_idx ON webhook_messages (webhook, created_at, id);
