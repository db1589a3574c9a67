-- Cases with a ruling that waits, or with some that were given: few among many.
CREATE INDEX cases_ruling_asked ON cases (tenant_id, id) WHERE state ? 'asked';
CREATE INDEX cases_ruled ON cases (tenant_id, id) WHERE state ? 'rulings';
