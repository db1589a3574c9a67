-- How many drills a tenant has opened on a local day: counted apart from its cases, so that the numbers of a day's matters
-- stay without gaps. A table of its own, because the build before this one knows `counters` by its key.
CREATE TABLE drill_counters (
    tenant_id bigint NOT NULL,
    day       date NOT NULL,
    cases     integer NOT NULL CHECK (cases >= 1),
    PRIMARY KEY (tenant_id, day)
);
SELECT tenant_table('drill_counters', 'SELECT, INSERT, UPDATE');
