CREATE TABLE logout_notices (
    id UUID NOT NULL,
    municipality TEXT NOT NULL,
    client TEXT NOT NULL,
    login UUID NOT NULL,
    state TEXT NOT NULL,
    tries INTEGER NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE NOT NULL,
    next_at TIMESTAMP WITH TIME ZONE NOT NULL,
    log JSONB NOT NULL,
    CONSTRAINT logout_notices_pkey PRIMARY KEY (id)
);
COMMENT ON TABLE logout_notices IS 'Sessions that ended, while their portals'' servers are told; the id is the session''s.';
COMMENT ON COLUMN logout_notices.state IS 'waiting, delivered, failed';
COMMENT ON COLUMN logout_notices.log IS 'every try: at, status, error';
CREATE INDEX logout_notices_due_idx ON logout_notices (client, next_at) WHERE state = 'waiting';

CREATE TABLE login_outcomes (
    municipality TEXT NOT NULL,
    provider TEXT NOT NULL,
    minute TIMESTAMP WITH TIME ZONE NOT NULL,
    accepted BIGINT NOT NULL,
    refused BIGINT NOT NULL,
    CONSTRAINT login_outcomes_pkey PRIMARY KEY (municipality, provider, minute)
);
COMMENT ON TABLE login_outcomes IS 'Answers of identity providers in each minute of the last hour.';

COMMENT ON COLUMN client_allowances.kind IS 'requests, failures, or a day';
