-- The case's own clocks (verification, ruling) as they stood before something turned one: another publication of their calendar, or a
-- year that was awaited and came. As `past_clocks` has it for orders; a case whose clocks nobody turned has no row.
CREATE TABLE past_case_clocks (
    tenant_id bigint NOT NULL,
    case_id   uuid NOT NULL,
    -- Of the case, the last one with which they stood so.
    version   bigint NOT NULL CHECK (version > 0),
    -- When they were turned: until then they were known so.
    until_at  timestamptz NOT NULL,
    -- Each with its round, and of a ruling the order that was returned.
    clocks    jsonb NOT NULL,
    PRIMARY KEY (tenant_id, case_id, version),
    FOREIGN KEY (tenant_id, case_id) REFERENCES cases (tenant_id, id)
);
SELECT tenant_table('past_case_clocks', 'SELECT, INSERT');
