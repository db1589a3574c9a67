-- By which generation of its street's territory a case was placed. A street that redraws its territory has its open
-- cases placed anew (`handle::rehome`): those of an older generation are what is left to do, whoever was interrupted.
ALTER TABLE cases ADD COLUMN placed_by bigint NOT NULL DEFAULT 0 CHECK (placed_by >= 0);
CREATE INDEX cases_to_place ON cases (tenant_id, placed_by) WHERE closed_at IS NULL;
