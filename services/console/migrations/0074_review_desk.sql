-- A report may go from one case to another: the last event to place it is right. Reports from before have no time, and any
-- later event is right. `rejected` says that a person found that nobody has to act.
ALTER TABLE reports ADD COLUMN placed_at timestamptz, ADD COLUMN rejected boolean NOT NULL DEFAULT false;
