-- The tenants that were applied. Whoever applies a manifest locks the row first, so two of them come one after
-- the other; a street's apply also takes its district's row, shared, so the pack it is checked against stands still.
-- Generation 0 exists only inside the transaction of the first apply.
CREATE TABLE tenants (
    tenant_id   bigint PRIMARY KEY,
    kind        text NOT NULL CHECK (kind IN ('district', 'street')),
    district_id bigint NOT NULL,
    generation  bigint NOT NULL CHECK (generation >= 0),
    CHECK ((kind = 'district') = (district_id = tenant_id))
);
SELECT tenant_table('tenants', 'SELECT, INSERT, UPDATE');

-- What was applied, byte for byte, by whom and when. Append-only for the service.
CREATE TABLE manifests (
    tenant_id  bigint NOT NULL REFERENCES tenants,
    generation bigint NOT NULL CHECK (generation >= 1),
    actor      text NOT NULL,
    at         timestamptz NOT NULL,
    manifest   bytea NOT NULL,
    PRIMARY KEY (tenant_id, generation)
);
SELECT tenant_table('manifests', 'SELECT, INSERT');
