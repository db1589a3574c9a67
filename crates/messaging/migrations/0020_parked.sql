-- A parked row is tried again by itself from `retry_at` on: a message that waits for its tenant's documents, or one
-- a person asked to replay. Without `retry_at` it is poison and waits for a person.
ALTER TABLE parked ADD COLUMN retry_at timestamptz;
ALTER TABLE parked ADD COLUMN attempts integer NOT NULL DEFAULT 0;
-- How it ended, or that a person acted on it: who and why stand here and in the journal.
ALTER TABLE parked ADD COLUMN settled_as text CHECK (settled_as IN ('applied', 'discarded'));
ALTER TABLE parked ADD COLUMN acts integer NOT NULL DEFAULT 0;
ALTER TABLE parked ADD COLUMN acted_by text;
ALTER TABLE parked ADD COLUMN acted_why text;
CREATE INDEX parked_due ON parked (consumer, retry_at) WHERE settled_at IS NULL AND retry_at IS NOT NULL;
