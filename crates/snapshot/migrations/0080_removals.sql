-- Tenants that were removed (注销), seen whole like heads: codes, counts and times, nothing of what the tenant had. A row is
-- what this service says about the removal, and it keeps documents of before from coming back. The service reads it
-- only; it is written by the functions below, and never deleted. The column is not called `tenant_id`: all that is, goes.
CREATE TABLE removals (
    removed_id       bigint PRIMARY KEY,
    district_id      bigint NOT NULL,
    -- The tombstone's: documents up to it are of the removed tenant, newer ones of who was onboarded again.
    generation       bigint NOT NULL CHECK (generation >= 1),
    -- Of `document_revision`: replicas poll it with the heads.
    revision         bigint NOT NULL,
    begun_at         timestamptz NOT NULL,
    key_destroyed_at timestamptz,
    rows_removed     bigint NOT NULL DEFAULT 0,
    messages_dropped bigint NOT NULL DEFAULT 0,
    done_at          timestamptz
);
CREATE INDEX removals_revision ON removals (revision);
SELECT infrastructure_table('removals', 'SELECT');

-- Begins a removal; false if this one, or a later one, has begun already.
CREATE FUNCTION begin_removal(removed bigint, district bigint, of_generation bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    next_revision bigint;
    begun bigint;
BEGIN
    UPDATE document_revision SET revision = revision + 1 RETURNING revision INTO next_revision;
    INSERT INTO removals AS known (removed_id, district_id, generation, revision, begun_at)
    VALUES (removed, district, of_generation, next_revision, clock_timestamp())
    ON CONFLICT (removed_id) DO UPDATE
        SET district_id = excluded.district_id, generation = excluded.generation, revision = excluded.revision,
            begun_at = excluded.begun_at, key_destroyed_at = NULL, rows_removed = 0, messages_dropped = 0, done_at = NULL
        WHERE excluded.generation > known.generation;
    GET DIAGNOSTICS begun = ROW_COUNT;
    RETURN begun = 1;
END $$;

-- Removes at most so many rows of one table of a tenant whose removal has begun; answers how many, 0 when nothing is
-- left, nothing (null) while its tombstone still waits to be published. The tables are the catalogue's: whatever has a
-- `tenant_id`, the journal and its seals too. Data keys go first, what refers to a row before it. Each call is whole by
-- itself, so whoever dies between two is followed by anybody.
CREATE FUNCTION remove_tenant_rows(removed bigint, rows_max integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    known removals;
    place record;
    referring name;
    there boolean;
    blocked text;
    in_order text;
    keys text[];
    gone bigint;
BEGIN
    -- Whoever keeps a document holds this row: nobody is onboarded again between the look below and what is removed.
    PERFORM FROM document_revision FOR UPDATE;
    SELECT * INTO known FROM removals WHERE removed_id = removed FOR UPDATE;
    IF NOT FOUND OR rows_max NOT BETWEEN 1 AND 10000
        OR EXISTS (SELECT FROM document_heads WHERE tenant_id = removed AND generation > known.generation) THEN
        RAISE EXCEPTION 'refused: no removal of % is under way', removed;
    END IF;
    IF EXISTS (SELECT FROM outbox_pending p JOIN journal j ON j.tenant_id = p.tenant_id AND j.id = p.journal_id
            WHERE p.tenant_id = removed AND j.event_type LIKE 'directory.document.%') THEN
        RETURN NULL;
    END IF;
    <<tables>>
    FOR place IN
        SELECT c.oid, c.relname, k.attname AS partition_key
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
        LEFT JOIN pg_partitioned_table p ON p.partrelid = c.oid
        LEFT JOIN pg_attribute k ON k.attrelid = c.oid AND k.attnum = p.partattrs[0]
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        ORDER BY c.relname IN ('endpoint_secrets', 'tenant_keys') DESC, c.relname LIKE 'outbox%' DESC, c.relname
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE tenant_id = $1)', place.relname) USING removed INTO there;
        CONTINUE WHEN NOT there;
        FOR referring IN
            SELECT r.relname FROM pg_constraint f JOIN pg_class r ON r.oid = f.conrelid
            WHERE f.contype = 'f' AND f.confrelid = place.oid AND f.conrelid <> place.oid AND NOT r.relispartition
        LOOP
            EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE tenant_id = $1)', referring) USING removed INTO there;
            IF there THEN
                blocked := place.relname;
                CONTINUE tables;
            END IF;
        END LOOP;
        IF place.partition_key IS NOT NULL THEN
            -- By values, so that only the partitions that hold them are looked at.
            EXECUTE format('SELECT array_agg(key) FROM (SELECT %I::text AS key FROM %I WHERE tenant_id = $1 LIMIT $2) k',
                place.partition_key, place.relname) USING removed, rows_max INTO keys;
            EXECUTE format('DELETE FROM %I WHERE tenant_id = $1 AND %I = ANY (%L)',
                place.relname, place.partition_key, keys) USING removed;
        ELSE
            -- A table that refers to itself refers to smaller keys.
            SELECT 'ORDER BY ' || string_agg(quote_ident(a.attname) || ' DESC', ', ') INTO in_order
            FROM pg_constraint f JOIN pg_index i ON i.indrelid = place.oid AND i.indisprimary
            JOIN pg_attribute a ON a.attrelid = place.oid AND a.attnum = ANY (i.indkey)
            WHERE f.contype = 'f' AND f.conrelid = place.oid AND f.confrelid = place.oid;
            EXECUTE format('DELETE FROM %I WHERE ctid = ANY (ARRAY(SELECT ctid FROM %I WHERE tenant_id = $1 %s LIMIT $2))',
                place.relname, place.relname, coalesce(in_order, '')) USING removed, rows_max;
        END IF;
        GET DIAGNOSTICS gone = ROW_COUNT;
        UPDATE removals SET rows_removed = rows_removed + gone,
            key_destroyed_at = CASE WHEN place.relname = 'tenant_keys' THEN clock_timestamp() ELSE key_destroyed_at END
        WHERE removed_id = removed;
        RETURN gone;
    END LOOP;
    IF blocked IS NOT NULL THEN
        RAISE EXCEPTION 'rows of % in % refer to each other', removed, blocked;
    END IF;
    RETURN 0;
END $$;

-- Says that nothing is left; false while something is, or may be. What was under way when the tombstone came has ended
-- after ten seconds, or is found by the looks that follow for an hour.
CREATE FUNCTION end_removal(removed bigint) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    ended bigint;
BEGIN
    IF remove_tenant_rows(removed, 1) IS DISTINCT FROM 0 THEN
        RETURN false;
    END IF;
    UPDATE removals SET done_at = clock_timestamp()
    WHERE removed_id = removed AND done_at IS NULL AND begun_at <= clock_timestamp() - interval '10 seconds';
    GET DIAGNOSTICS ended = ROW_COUNT;
    RETURN ended = 1;
END $$;

-- Counts deliveries of messages that were dropped because their tenant is removed.
CREATE FUNCTION drop_messages(removed bigint, messages bigint) RETURNS bigint LANGUAGE sql SECURITY DEFINER AS
    'UPDATE removals SET messages_dropped = messages_dropped + messages WHERE removed_id = removed
     RETURNING messages_dropped';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['begin_removal(bigint, bigint, bigint)', 'remove_tenant_rows(bigint, integer)',
            'end_removal(bigint)', 'drop_messages(bigint, bigint)'] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', name, current_schema());
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', name);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', name, current_schema());
    END LOOP;
END $$;
