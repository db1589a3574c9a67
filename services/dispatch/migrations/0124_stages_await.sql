-- A verdict enters no index: of the stages that await a calendar few have one.
CREATE INDEX stages_await ON stages (tenant_id, calendar, awaiting_year) WHERE awaiting_year IS NOT NULL;
