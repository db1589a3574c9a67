-- Idempotency rows are kept seven days (D19), then removed, across tenants, as the owner (called by `housekeeping()`, a
-- bounded number a call). The report stays: a key that is used again after that names a report that is there.
CREATE OR REPLACE FUNCTION housekeeping_of_service() RETURNS bigint LANGUAGE sql AS $$
    WITH gone AS (
        DELETE FROM idempotency WHERE (tenant_id, report_id) IN (
            SELECT tenant_id, report_id FROM idempotency
            WHERE accepted_at < clock_timestamp() - interval '7 days' LIMIT 10000)
        RETURNING 1
    )
    SELECT count(*) FROM gone
$$;
