-- A stage may be one that a policy defines itself: then the word is the pair's name. Not checked for the rows that are there
-- already, so that the table is locked for a moment only.
ALTER TABLE stages DROP CONSTRAINT stages_stage_check,
    ADD CONSTRAINT stages_stage_check CHECK (stage ~ '^[a-z][a-z0-9_-]{0,31}$') NOT VALID;
