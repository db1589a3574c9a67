-- Helpers every later migration of this schema uses. They run as the schema's owner; `current_schema()` is
-- the service's name, its roles are `<service>` and `<service>_relay` (D5).

-- Row security for a table that holds a tenant's rows (D2): one policy, all commands, forced on the owner too.
-- The sub-select is compulsory: it is evaluated once a statement instead of once a row.
CREATE FUNCTION tenant_table(name text, privileges text DEFAULT 'SELECT, INSERT, UPDATE, DELETE') RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format(
        'CREATE POLICY tenant ON %I FOR ALL '
        'USING (tenant_id = ANY ((SELECT current_setting(''app.tenants'')::bigint[])::bigint[])) '
        'WITH CHECK (tenant_id = ANY ((SELECT current_setting(''app.tenants'')::bigint[])::bigint[]))', name);
    EXECUTE format('CREATE POLICY maintenance ON %I FOR ALL TO %I USING (true) WITH CHECK (true)',
        name, current_schema() || '_owner');
    EXECUTE format('GRANT %s ON %I TO %I', privileges, name, current_schema());
END $$;

-- Row security for an infrastructure table that holds ids only (D4): the service sees all of it.
CREATE FUNCTION infrastructure_table(name text, privileges text DEFAULT 'SELECT, INSERT, UPDATE, DELETE')
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', name);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', name);
    EXECUTE format('CREATE POLICY service ON %I FOR ALL TO %I USING (true) WITH CHECK (true)',
        name, current_schema());
    EXECUTE format('CREATE POLICY maintenance ON %I FOR ALL TO %I USING (true) WITH CHECK (true)',
        name, current_schema() || '_owner');
    EXECUTE format('GRANT %s ON %I TO %I', privileges, name, current_schema());
END $$;

-- The smallest UUIDv7 of a day (UTC): tables keyed by minted ids are partitioned by day through their id.
CREATE FUNCTION uuid_of_day(day date) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM day::timestamp AT TIME ZONE 'UTC') * 1000)::bigint), 12, '0')
        || '00000000000000000000')::uuid
$$;

-- Makes the daily partitions of a table for some days. Runs as the owner, because a service's role may not
-- change the schema; children get no grants, so they are reached through the parent and its policy only.
CREATE FUNCTION ensure_day_partitions(parent text, first_day date, days integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    day date;
    child text;
    made integer := 0;
BEGIN
    IF parent NOT IN ('journal', 'inbox') OR days NOT BETWEEN 1 AND 60 THEN
        RAISE EXCEPTION 'refused';
    END IF;
    FOR i IN 0 .. days - 1 LOOP
        day := first_day + i;
        child := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
        IF to_regclass(format('%I', child)) IS NULL THEN
            EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (%L) TO (%L)',
                child, parent, uuid_of_day(day), uuid_of_day(day + 1));
            EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', child);
            EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', child);
            made := made + 1;
        END IF;
    END LOOP;
    RETURN made;
END $$;

DO $$
BEGIN
    EXECUTE format('ALTER FUNCTION ensure_day_partitions(text, date, integer) SET search_path = %I, pg_temp',
        current_schema());
    EXECUTE format('GRANT EXECUTE ON FUNCTION ensure_day_partitions(text, date, integer) TO %I', current_schema());
END $$;
REVOKE EXECUTE ON FUNCTION ensure_day_partitions(text, date, integer) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION tenant_table(text, text) FROM PUBLIC;
REVOKE EXECUTE ON FUNCTION infrastructure_table(text, text) FROM PUBLIC;
