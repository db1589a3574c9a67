-- A rollback is a generation like any other, made of an earlier one's manifest; the history says of which. Null for
-- what somebody handed in, and for every row that is there already. The table's row security covers the column, the
-- key carries the tenant (D6), and the service still only inserts.
ALTER TABLE manifests
    ADD COLUMN of_generation bigint CHECK (of_generation < generation),
    ADD CONSTRAINT manifests_of_their_own FOREIGN KEY (tenant_id, of_generation) REFERENCES manifests;
