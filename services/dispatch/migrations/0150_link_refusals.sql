-- Who tried a link and was shown nothing, by why: how often, how many receipts that left on the order's record, and when the last.
-- Receipts are bounded by it, so that nobody fills a journal with a link that opens nothing.
ALTER TABLE links ADD COLUMN refused jsonb NOT NULL DEFAULT '{}';
DO $$
BEGIN
    EXECUTE format('GRANT UPDATE (refused) ON links TO %I', current_schema());
END
$$;
