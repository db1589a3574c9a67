-- Open cases around a point, of one item or of any: the columns by which candidates to join were found (0031), the item last, so that
-- hints to reporters need no index of their own.
CREATE INDEX cases_around ON cases (tenant_id, datum, cell, item) WHERE closed_at IS NULL;
DROP INDEX cases_near;
