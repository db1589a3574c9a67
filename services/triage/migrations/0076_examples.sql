-- What people have decided, in the order of their decisions: what a classifier learns from.
CREATE INDEX reviews_decided ON reviews (tenant_id, decided_at, report_id) WHERE decided_item IS NOT NULL AND NOT drill;
