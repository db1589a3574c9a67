-- Who read the contact of which report, when and for what (D20). The journal says the same and cannot be changed
-- unseen; this is what is asked.
CREATE TABLE contact_reads (
    tenant_id bigint NOT NULL,
    read_id   uuid NOT NULL,
    report_id uuid NOT NULL,
    actor     text NOT NULL,
    purpose   text NOT NULL CHECK (purpose IN ('call-back', 'clarify', 'emergency', 'complaint')),
    read_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, read_id),
    FOREIGN KEY (tenant_id, report_id) REFERENCES reports (tenant_id, report_id)
);
CREATE INDEX contact_reads_of_report ON contact_reads (tenant_id, report_id, read_at);
SELECT tenant_table('contact_reads', 'SELECT, INSERT');
