-- One row per key: the least next instant somebody wants to look at that key (D28, D49). Carries no data.
CREATE TABLE wakeups (
    tenant_id  bigint NOT NULL,
    kind       text NOT NULL,
    subject_id uuid NOT NULL,
    due_at     timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, kind, subject_id)
);
CREATE INDEX wakeups_due ON wakeups (kind, tenant_id, due_at);
CREATE INDEX wakeups_first ON wakeups (kind, due_at);
SELECT infrastructure_table('wakeups');
