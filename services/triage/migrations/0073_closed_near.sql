-- What closed not long ago, by its spot: whether a matter came again soon after its close. What was called off was not
-- closed by anybody.
ALTER TABLE cases ADD COLUMN called_off boolean NOT NULL DEFAULT false;
CREATE INDEX cases_closed_near ON cases (tenant_id, item, datum, cell, closed_at) WHERE closed_at IS NOT NULL;
