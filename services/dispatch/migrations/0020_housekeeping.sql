-- Answers are kept seven days (D19), then removed, across tenants, as the owner (called by `housekeeping()`, a bounded
-- number a call). A caller's own old answers go with its next request; this is for callers that do not come back.
CREATE INDEX answers_age ON answers (answered_at);
CREATE OR REPLACE FUNCTION housekeeping_of_service() RETURNS bigint LANGUAGE sql AS $$
    WITH gone AS (
        DELETE FROM answers WHERE (tenant_id, principal, route, key) IN (
            SELECT tenant_id, principal, route, key FROM answers
            WHERE answered_at < clock_timestamp() - interval '7 days' LIMIT 10000)
        RETURNING 1
    )
    SELECT count(*) FROM gone
$$;
