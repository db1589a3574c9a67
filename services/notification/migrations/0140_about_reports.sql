-- A report that waits for a person is told before it has a case (ADR 078). Its deliveries carry the report's own id in `case_id` as well: the
-- build before this one reads that column of every row it claims, and cannot do without.
ALTER TABLE deliveries ADD COLUMN report_id uuid;
-- Not checked for the rows that are there already, which have none: the table is not read under a lock.
ALTER TABLE deliveries ADD CONSTRAINT deliveries_about_a_report CHECK (report_id IS NULL OR report_id = case_id) NOT VALID;
