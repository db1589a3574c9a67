-- Daily partitions and what has served its time, one table and one day a transaction: two parents locked in one
-- transaction ran into consumers, which lock them the other way round.

-- Makes one day's partition, if it is not there. A row of that day that strayed into the rest (a forged id, a clock far
-- ahead) moves into it. The new table is made aside and attached, which lets readers and writers of the parent go on;
-- only the rest is locked, and not waited for longer than a second.
CREATE FUNCTION make_day_partition(parent text, day date) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    child text := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
    key text := CASE parent WHEN 'journal' THEN 'id' WHEN 'inbox' THEN 'message_id' END;
    first uuid := uuid_of_day(day);
    after uuid := uuid_of_day(day + 1);
BEGIN
    IF key IS NULL THEN
        RAISE EXCEPTION 'refused';
    END IF;
    IF to_regclass(quote_ident(child)) IS NOT NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING ALL)', child, parent);
    EXECUTE format('LOCK TABLE %I IN ACCESS EXCLUSIVE MODE', parent || '_rest');
    EXECUTE format(
        'WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %I SELECT * FROM moved',
        parent, key, first, key, after, child);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', child);
    EXECUTE format('ALTER TABLE %I FORCE ROW LEVEL SECURITY', child);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, child, first, after);
    RETURN true;
END $$;

-- Drops one day's partition. Refuses a day that is younger than it has to be kept (30 days at the least: a stream's
-- greatest age and the oldest backup), and a journal day of which something is still to be published.
CREATE FUNCTION drop_day_partition(parent text, day date, kept_days integer) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    child text := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
BEGIN
    IF parent NOT IN ('journal', 'inbox') OR kept_days < 30
        OR day >= (clock_timestamp() AT TIME ZONE 'UTC')::date - kept_days THEN
        RAISE EXCEPTION 'refused: % of % is to be kept', parent, day;
    END IF;
    IF parent = 'journal' AND EXISTS (SELECT FROM outbox_pending
            WHERE journal_id >= uuid_of_day(day) AND journal_id < uuid_of_day(day + 1)) THEN
        RAISE EXCEPTION 'refused: % of % has events to be published', parent, day;
    END IF;
    IF to_regclass(quote_ident(child)) IS NULL THEN
        RETURN false;
    END IF;
    EXECUTE format('DROP TABLE %I', child);
    RETURN true;
END $$;

-- What one service keeps for a time only; each service may put its own in this one's place. Returns rows removed.
CREATE FUNCTION housekeeping_of_service() RETURNS bigint LANGUAGE sql AS 'SELECT 0::bigint';

-- Removes what has served its time, a bounded number of rows a call; returns how many that were.
CREATE FUNCTION housekeeping() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER AS $$
DECLARE
    removed bigint;
BEGIN
    -- Parked messages that were applied or discarded; who did it and why stays in the journal.
    DELETE FROM parked WHERE id IN (
        SELECT id FROM parked WHERE settled_at < clock_timestamp() - interval '30 days' LIMIT 10000);
    GET DIAGNOSTICS removed = ROW_COUNT;
    RETURN removed + housekeeping_of_service();
END $$;
CREATE INDEX parked_settled ON parked (settled_at) WHERE settled_at IS NOT NULL;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['make_day_partition(text, date)', 'drop_day_partition(text, date, integer)',
            'housekeeping()'] LOOP
        EXECUTE format('ALTER FUNCTION %s SET search_path = %I, pg_temp', name, current_schema());
        EXECUTE format('ALTER FUNCTION %s SET lock_timeout = ''1s''', name);
        EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM PUBLIC', name);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', name, current_schema());
    END LOOP;
    REVOKE EXECUTE ON FUNCTION housekeeping_of_service() FROM PUBLIC;
END $$;
