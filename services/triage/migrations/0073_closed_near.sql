-- What closed not long ago, by its spot: whether a matter came again soon after its close.
CREATE INDEX cases_closed_near ON cases (tenant_id, item, datum, cell, closed_at) WHERE closed_at IS NOT NULL;
