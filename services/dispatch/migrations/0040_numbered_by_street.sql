-- A case's number begins with its street (D18): a mix-up of tenants within a batch is refused by the row itself (D6);
-- orders and stages are refused by their keys. Not checked for the rows that are there already, so that the table
-- is not read under a lock.
ALTER TABLE cases ADD CONSTRAINT cases_numbered_by_their_street
    CHECK (starts_with(case_no, left(tenant_id::text, 9) || '-')) NOT VALID;
