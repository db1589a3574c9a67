-- Until when somebody decides on a report that waits (ADR 079); then it goes up to the district's desk, or the district's is told once
-- more (`reminded`), and nothing follows by itself. What the build before this one puts there has no clock until the next sweep.
-- `traceparent` is the report's, for what is said without a request.
ALTER TABLE reviews
    ADD COLUMN due_at      timestamptz,
    ADD COLUMN reminded    boolean NOT NULL DEFAULT false,
    ADD COLUMN traceparent text;
CREATE INDEX reviews_due ON reviews (tenant_id, due_at) WHERE decided_at IS NULL AND NOT reminded;
CREATE INDEX reviews_without_clock ON reviews (tenant_id) WHERE decided_at IS NULL AND due_at IS NULL;
