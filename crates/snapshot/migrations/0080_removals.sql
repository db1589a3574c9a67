-- Tenants that were removed: the deletion log of this schema, ids only. A row is what lets a late message be dropped, a
-- replica that slept forget, and a tenant that comes back go on above its last generation. While no newer document is
-- there, nothing else of the tenant may be in the schema.
CREATE TABLE removals (
    tenant_id    bigint PRIMARY KEY,
    district_id  bigint NOT NULL,
    generation   bigint NOT NULL CHECK (generation >= 1),
    revision     bigint NOT NULL,
    heard_at     timestamptz NOT NULL,
    removed_at   timestamptz,
    rows_removed bigint NOT NULL DEFAULT 0
);
CREATE INDEX removals_revision ON removals (revision);
SELECT infrastructure_table('removals', 'SELECT, INSERT, UPDATE');

-- Deletes rows of a removed tenant, of each table at most so many, from every table that has a tenant: found in the
-- catalogue, so that a new one is not forgotten. Runs as the owner, because a service may not delete from its journal;
-- refused for a tenant that nobody removed. Keys go first: what is sealed by them is unreadable from then on, in backups
-- too. What is still to be published is left to the relay, and with it the journal. A table whose rows others point at
-- is done when those are gone: the caller calls again until nothing is left.
CREATE FUNCTION remove_tenant(gone bigint, at_most integer, OUT removed bigint, OUT left_over boolean)
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    named record;
    count bigint;
    pending boolean;
BEGIN
    IF NOT EXISTS (SELECT FROM removals r WHERE r.tenant_id = gone AND NOT EXISTS
            (SELECT FROM tenant_documents d WHERE d.tenant_id = gone AND d.generation > r.generation)) THEN
        RAISE EXCEPTION 'refused: the tenant is not removed';
    END IF;
    removed := 0;
    left_over := false;
    pending := EXISTS (SELECT FROM outbox_pending WHERE tenant_id = gone);
    FOR named IN
        SELECT c.relname AS name
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND c.relname <> 'removals'
        ORDER BY c.relname LIKE '%key%' OR c.relname LIKE '%secret%' DESC, c.relname
    LOOP
        IF pending AND named.name IN ('journal', 'outbox_pending', 'seals') THEN
            left_over := true;
            CONTINUE;
        END IF;
        BEGIN
            EXECUTE format('DELETE FROM %1$I WHERE tenant_id = $1 AND (tableoid, ctid) IN '
                '(SELECT tableoid, ctid FROM %1$I WHERE tenant_id = $1 LIMIT $2)', named.name) USING gone, at_most;
            GET DIAGNOSTICS count = ROW_COUNT;
        EXCEPTION WHEN foreign_key_violation THEN
            count := 0;
            -- Rows that point at each other go together.
            BEGIN
                EXECUTE format('DELETE FROM %I WHERE tenant_id = $1', named.name) USING gone;
                GET DIAGNOSTICS count = ROW_COUNT;
            EXCEPTION WHEN foreign_key_violation THEN
                left_over := true;
            END;
        END;
        removed := removed + count;
        left_over := left_over OR count >= at_most;
    END LOOP;
END $$;

DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION remove_tenant(bigint, integer) SET search_path = %I, pg_temp', current_schema());
    EXECUTE format('GRANT EXECUTE ON FUNCTION remove_tenant(bigint, integer) TO %I', current_schema());
END $$;
REVOKE EXECUTE ON FUNCTION remove_tenant(bigint, integer) FROM PUBLIC;
