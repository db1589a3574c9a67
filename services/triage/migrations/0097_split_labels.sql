-- A voice that a person split from its case with another item: a labelled example, as of then. A later split or re-route has the last
-- word. Nothing of voices that were split before this was kept, of rehearsals, and of those that kept their item.
ALTER TABLE voices ADD COLUMN labelled_item text, ADD COLUMN labelled_at timestamptz,
    ADD CONSTRAINT voices_labelled_whole CHECK ((labelled_item IS NULL) = (labelled_at IS NULL));
CREATE INDEX voices_labelled ON voices (tenant_id, labelled_at, report_id) WHERE labelled_at IS NOT NULL;
