-- Where a position is, for those who follow a tenant from a cursor: among all seals of a year otherwise. Unique as
-- well: no two seals begin at one position.
CREATE UNIQUE INDEX seals_position ON seals (tenant_id, first_position);
