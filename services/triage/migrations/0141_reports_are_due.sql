-- While these are built, writers of that table wait and readers do not. The second one is for the sweep: what a build before
-- this one put onto a desk, or handed down after the district was told of it twice.
CREATE INDEX reviews_due ON reviews (tenant_id, due_at) WHERE decided_at IS NULL AND NOT reminded;
CREATE INDEX reviews_without_clock ON reviews (tenant_id)
    WHERE decided_at IS NULL AND (due_at IS NULL OR (reminded AND desk = 'street'));
