-- Who had which street removed, when and why: the deletion log. It belongs to the district, so it stays when the street
-- is gone; it names a code and no person but the one who did it. Append-only for the service.
CREATE TABLE offboardings (
    tenant_id  bigint NOT NULL,
    street     bigint NOT NULL,
    generation bigint NOT NULL CHECK (generation >= 2),
    actor      text NOT NULL,
    reason     text NOT NULL,
    at         timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, street, generation)
);
SELECT tenant_table('offboardings', 'SELECT, INSERT');
