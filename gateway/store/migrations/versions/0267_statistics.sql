CREATE TABLE transaction_counts (
    municipality TEXT NOT NULL,
    service TEXT NOT NULL,
    day DATE NOT NULL,
    number BIGINT NOT NULL,
    counted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT transaction_counts_pkey PRIMARY KEY (municipality, service, day)
);
COMMENT ON TABLE transaction_counts IS 'Applications taken over, without tests, corrections and repeats; kept when submissions are erased.';
COMMENT ON COLUMN transaction_counts.day IS 'in Germany';
COMMENT ON COLUMN transaction_counts.counted_at IS 'when the number changed last';

CREATE TABLE page_views (
    municipality TEXT NOT NULL,
    month DATE NOT NULL,
    service TEXT NOT NULL,
    country TEXT NOT NULL,
    device TEXT NOT NULL,
    url TEXT NOT NULL,
    visits BIGINT NOT NULL,
    changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT page_views_pkey PRIMARY KEY (municipality, month, service, country, device)
);
COMMENT ON TABLE page_views IS 'Monthly aggregates that portals hand in; the last word on a service and month holds.';
COMMENT ON COLUMN page_views.month IS 'its first day';
COMMENT ON COLUMN page_views.country IS 'ISO 3166-1 alpha-2';
COMMENT ON COLUMN page_views.url IS 'of the entry, as it was when they were handed in';

CREATE TABLE statistics_transfers (
    id UUID NOT NULL,
    municipality TEXT NOT NULL,
    kind TEXT NOT NULL,
    month DATE NOT NULL,
    body JSONB NOT NULL,
    digest TEXT NOT NULL,
    transfer_id TEXT,
    state TEXT NOT NULL,
    tries INTEGER NOT NULL,
    prepared_at TIMESTAMP WITH TIME ZONE NOT NULL,
    began_at TIMESTAMP WITH TIME ZONE NOT NULL,
    next_at TIMESTAMP WITH TIME ZONE NOT NULL,
    log JSONB NOT NULL,
    CONSTRAINT statistics_transfers_pkey PRIMARY KEY (id)
);
COMMENT ON COLUMN statistics_transfers.kind IS 'transactions, views, feedback';
COMMENT ON COLUMN statistics_transfers.body IS 'what is sent, but for texts of feedback';
COMMENT ON COLUMN statistics_transfers.transfer_id IS 'given by the counterpart; a correction has the same';
COMMENT ON COLUMN statistics_transfers.state IS 'waiting, delivered, failed';
COMMENT ON COLUMN statistics_transfers.prepared_at IS 'as of when the body says all';
COMMENT ON COLUMN statistics_transfers.log IS 'every try: at, status, error';
CREATE UNIQUE INDEX statistics_transfers_municipality_kind_month_idx ON statistics_transfers (municipality, kind, month);

CREATE TABLE feedback (
    id UUID NOT NULL,
    municipality TEXT NOT NULL,
    service TEXT NOT NULL,
    month DATE NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    category TEXT NOT NULL,
    rating INTEGER NOT NULL,
    found_information TEXT NOT NULL,
    source TEXT NOT NULL,
    data_key UUID,
    free_text BYTEA,
    sent_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT feedback_pkey PRIMARY KEY (id)
);
COMMENT ON COLUMN feedback.month IS 'its first day, in Germany';
COMMENT ON COLUMN feedback.source IS 'address of the page that it is about';
COMMENT ON COLUMN feedback.data_key IS 'gone with the text';
COMMENT ON COLUMN feedback.free_text IS 'encrypted; gone once sent';
CREATE INDEX feedback_municipality_created_at_idx ON feedback (municipality, created_at);
CREATE INDEX feedback_unsent_idx ON feedback (municipality, month) WHERE sent_at IS NULL;
