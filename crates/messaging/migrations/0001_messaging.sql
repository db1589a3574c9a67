-- One row per change: audit entry, event and outbox payload at once (D11). Append-only for the service.
CREATE TABLE journal (
    tenant_id      bigint NOT NULL,
    id             uuid NOT NULL,
    at             timestamptz NOT NULL,
    event_type     text NOT NULL,
    lane           smallint NOT NULL,
    aggregate_id   uuid NOT NULL,
    version        bigint NOT NULL CHECK (version >= 1),
    actor          text NOT NULL,
    purpose        text,
    traceparent    text NOT NULL,
    drill          boolean NOT NULL,
    payload        bytea NOT NULL,
    content_sha256 bytea NOT NULL CHECK (octet_length(content_sha256) = 32),
    PRIMARY KEY (tenant_id, id)
) PARTITION BY RANGE (id);
CREATE INDEX journal_aggregate ON journal (tenant_id, aggregate_id, version);
CREATE TABLE journal_rest PARTITION OF journal DEFAULT;
ALTER TABLE journal_rest ENABLE ROW LEVEL SECURITY;
ALTER TABLE journal_rest FORCE ROW LEVEL SECURITY;
SELECT tenant_table('journal', 'SELECT, INSERT');

-- What is still to be published; narrow, deleted after the broker's ack. Ids only (D4).
CREATE TABLE outbox_pending (
    journal_id uuid PRIMARY KEY,
    tenant_id  bigint NOT NULL,
    shard      smallint NOT NULL CHECK (shard BETWEEN 0 AND 7),
    lane       smallint NOT NULL
);
CREATE INDEX outbox_pending_next ON outbox_pending (shard, lane, journal_id);
SELECT infrastructure_table('outbox_pending', 'SELECT, INSERT');

-- The chain of a tenant: one row per tenant and relay batch, made before the batch is published. The primary
-- key fences a relay that lost its shard. `event_ids` in order give each event its position: the cursor of
-- live readers (D25).
CREATE TABLE seals (
    tenant_id      bigint NOT NULL,
    n              bigint NOT NULL CHECK (n >= 1),
    first_position bigint NOT NULL,
    event_ids      uuid[] NOT NULL,
    prev           bytea NOT NULL,
    root           bytea NOT NULL,
    sealed_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (tenant_id, n)
);
SELECT tenant_table('seals', 'SELECT');

-- Messages a consumer has applied, in the transaction of their effect. Kept 30 days by partition.
CREATE TABLE inbox (
    consumer   text NOT NULL,
    message_id uuid NOT NULL,
    PRIMARY KEY (consumer, message_id)
) PARTITION BY RANGE (message_id);
CREATE TABLE inbox_rest PARTITION OF inbox DEFAULT;
ALTER TABLE inbox_rest ENABLE ROW LEVEL SECURITY;
ALTER TABLE inbox_rest FORCE ROW LEVEL SECURITY;
SELECT infrastructure_table('inbox', 'SELECT, INSERT');

-- Poison: messages that can never be applied, raw, with the reason. A person replays or drops them.
CREATE TABLE parked (
    id         uuid PRIMARY KEY,
    tenant_id  bigint,
    consumer   text NOT NULL,
    subject    text NOT NULL,
    headers    jsonb NOT NULL,
    payload    bytea NOT NULL,
    reason     text NOT NULL,
    parked_at  timestamptz NOT NULL,
    settled_at timestamptz
);
CREATE INDEX parked_open ON parked (parked_at) WHERE settled_at IS NULL;
SELECT infrastructure_table('parked', 'SELECT, INSERT, UPDATE');

-- The relay's role: reads the journal, deletes pending rows, inserts seals, nothing else (D5).
DO $$
DECLARE relay text := current_schema() || '_relay';
BEGIN
    EXECUTE format('GRANT SELECT ON journal TO %I', relay);
    EXECUTE format('GRANT SELECT, DELETE ON outbox_pending TO %I', relay);
    EXECUTE format('GRANT SELECT, INSERT ON seals TO %I', relay);
    EXECUTE format('CREATE POLICY relay ON outbox_pending FOR ALL TO %I USING (true)', relay);
END $$;

SELECT ensure_day_partitions('journal', (now() AT TIME ZONE 'UTC')::date, 14);
SELECT ensure_day_partitions('inbox', (now() AT TIME ZONE 'UTC')::date, 14);
