-- The review queue is worked off by lane, the longest waiting first (D15): what people may not wait for is on the
-- first page, however long the queue is.
CREATE INDEX reviews_next ON reviews (tenant_id, lane, requested_at, report_id) WHERE decided_at IS NULL;
DROP INDEX reviews_open;
