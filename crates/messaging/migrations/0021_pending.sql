-- Pending rows are read shard by shard, urgent first, oldest first: that order is the key, and the tenant comes with
-- it, so the relay reads the index only.
ALTER TABLE outbox_pending DROP CONSTRAINT outbox_pending_pkey;
DROP INDEX outbox_pending_next;
ALTER TABLE outbox_pending ADD PRIMARY KEY (shard, lane, journal_id) INCLUDE (tenant_id);

-- Pending rows without a journal row: nothing to publish, and nobody else may wait for them. A person looks. Ids only.
CREATE TABLE outbox_quarantined (
    journal_id     uuid NOT NULL,
    tenant_id      bigint NOT NULL,
    shard          smallint NOT NULL,
    lane           smallint NOT NULL,
    quarantined_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (journal_id)
);
SELECT infrastructure_table('outbox_quarantined', 'SELECT');

DO $$
DECLARE relay text := current_schema() || '_relay';
BEGIN
    EXECUTE format('GRANT SELECT, INSERT ON outbox_quarantined TO %I', relay);
    EXECUTE format('CREATE POLICY relay ON outbox_quarantined FOR ALL TO %I USING (true) WITH CHECK (true)', relay);
END $$;
