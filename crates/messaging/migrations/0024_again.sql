-- Events that were sealed and published before and are to be published once more, because a reader's inbox does not have
-- them: after a restore the broker no longer holds what a reader had not applied at the restored instant. A table
-- of its own, because what is pending is sealed by the relay, and an event is in one seal only. Written by
-- `streetwise refill` as an administrator, emptied by the relay. Ids only (D4).
CREATE TABLE outbox_again (
    shard      smallint NOT NULL CHECK (shard BETWEEN 0 AND 7),
    lane       smallint NOT NULL,
    journal_id uuid NOT NULL,
    tenant_id  bigint NOT NULL,
    PRIMARY KEY (shard, lane, journal_id)
);
SELECT infrastructure_table('outbox_again', 'SELECT');

DO $$
DECLARE relay text := current_schema() || '_relay';
BEGIN
    EXECUTE format('GRANT SELECT, DELETE ON outbox_again TO %I', relay);
    EXECUTE format('CREATE POLICY relay ON outbox_again FOR ALL TO %I USING (true)', relay);
END $$;
