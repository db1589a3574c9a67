-- Publications of working calendars that clocks of a street may count on, each from when it was first here. Kept for ever: a
-- clock that started on one is counted by it also when newer ones came, and an old due time is explained by it. What an id
-- and a version say never changes; the directory sees to that.
CREATE TABLE calendars (
    tenant_id bigint NOT NULL,
    id        text NOT NULL,
    version   bigint NOT NULL CHECK (version > 0),
    -- As crate `sla` writes a calendar.
    spec      jsonb NOT NULL,
    seen_at   timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, id, version)
);
SELECT tenant_table('calendars', 'SELECT, INSERT');
