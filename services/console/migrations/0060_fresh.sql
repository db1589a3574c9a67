-- What a line's place is decided by, kept with what waits: the sequencer need not read the timeline's wide rows. Empty of
-- lines that the build before keeps; those are looked up.
ALTER TABLE unsequenced
    ADD COLUMN event_type text,
    ADD COLUMN at timestamptz,
    ADD COLUMN version bigint,
    ADD COLUMN aggregate_id uuid,
    ADD COLUMN subject_id uuid,
    ADD CHECK (num_nulls(event_type, at, version, aggregate_id) IN (0, 4));

-- What was heard in the last moments is found without stepping over what was settled before (ADR 029): deleted rows stay
-- in the indexes until a vacuum.
CREATE INDEX unsequenced_fresh ON unsequenced (heard_at);
