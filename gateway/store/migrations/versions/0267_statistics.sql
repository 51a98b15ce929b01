CREATE TABLE transaction_counts (
    municipality TEXT NOT NULL,
    service TEXT NOT NULL,
    month DATE NOT NULL,
    number BIGINT NOT NULL,
    counted_at TIMESTAMP WITH TIME ZONE NOT NULL,
    CONSTRAINT transaction_counts_pkey PRIMARY KEY (municipality, service, month)
);
COMMENT ON TABLE transaction_counts IS 'Applications taken over, without tests, corrections and repeats; kept when submissions are erased.';
COMMENT ON COLUMN transaction_counts.month IS 'its first day';

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
    began_at TIMESTAMP WITH TIME ZONE NOT NULL,
    next_at TIMESTAMP WITH TIME ZONE NOT NULL,
    log JSONB NOT NULL,
    CONSTRAINT statistics_transfers_pkey PRIMARY KEY (id)
);
COMMENT ON COLUMN statistics_transfers.kind IS 'transactions, views, feedback';
COMMENT ON COLUMN statistics_transfers.body IS 'aggregates as they are sent';
COMMENT ON COLUMN statistics_transfers.transfer_id IS 'given by the counterpart; a correction has the same';
COMMENT ON COLUMN statistics_transfers.state IS 'waiting, delivered, failed';
COMMENT ON COLUMN statistics_transfers.log IS 'every try: at, status, error';
CREATE UNIQUE INDEX statistics_transfers_municipality_kind_month_idx ON statistics_transfers (municipality, kind, month);

CREATE TABLE feedback (
    id UUID NOT NULL,
    municipality TEXT NOT NULL,
    service TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE NOT NULL,
    category TEXT NOT NULL,
    rating INTEGER NOT NULL,
    found_information TEXT NOT NULL,
    free_text BYTEA,
    sent_at TIMESTAMP WITH TIME ZONE,
    CONSTRAINT feedback_pkey PRIMARY KEY (id)
);
COMMENT ON COLUMN feedback.free_text IS 'encrypted; gone once sent';
CREATE INDEX feedback_municipality_created_at_idx ON feedback (municipality, created_at);
