-- The deletion log (注销记录): what stays of a removed street, at its district. Who, when, why and how much; nothing of what
-- the street had. Said once, settled once, when every service has told that nothing is left; only that may be updated.
CREATE TABLE removal_log (
    tenant_id  bigint NOT NULL REFERENCES tenants,
    removed_id bigint NOT NULL,
    generation bigint NOT NULL CHECK (generation >= 1),
    -- For lists: newest first.
    n          bigint GENERATED ALWAYS AS IDENTITY,
    key        uuid NOT NULL,
    actor      text NOT NULL,
    reason     text NOT NULL,
    at         timestamptz NOT NULL,
    settled_at timestamptz,
    settled_by text,
    report     jsonb,
    PRIMARY KEY (tenant_id, removed_id, generation),
    CHECK (removed_id <> tenant_id),
    CHECK ((settled_at IS NULL) = (settled_by IS NULL) AND (settled_at IS NULL) = (report IS NULL))
);
CREATE INDEX removal_log_newest ON removal_log (tenant_id, n DESC);
SELECT tenant_table('removal_log', 'SELECT, INSERT');
DO $$
BEGIN
    EXECUTE format('GRANT UPDATE (settled_at, settled_by, report) ON removal_log TO %I', current_schema());
END $$;
