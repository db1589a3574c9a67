-- The bytes name the street they belong to: a mix-up of tenants within a batch is refused by the row itself (D6).
-- Not checked for the rows that are there already, so that the table is not read under a lock.
ALTER TABLE deliveries ADD CONSTRAINT deliveries_name_their_street
    CHECK (position(convert_to(tenant_id::text, 'UTF8') IN payload) > 0) NOT VALID;
