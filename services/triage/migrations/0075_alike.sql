-- Open cases by their words (ADR 057): a row for each band of a case's text. They go when the case closes, and come again should
-- it reopen. Rows, and equality of whole numbers: an index that row security lets the planner use.
CREATE TABLE case_bands (
    tenant_id bigint NOT NULL,
    band      bigint NOT NULL,
    case_id   uuid NOT NULL,
    PRIMARY KEY (tenant_id, band, case_id)
);
SELECT tenant_table('case_bands', 'SELECT, INSERT, DELETE');

-- Open cases a report may be about, for the person who judges.
ALTER TABLE reviews ADD COLUMN similar_cases bytea;
