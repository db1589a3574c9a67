-- The newest document of each tenant and part, as received (D21).
CREATE TABLE tenant_documents (
    tenant_id  bigint NOT NULL,
    part       text NOT NULL,
    generation bigint NOT NULL,
    body       bytea NOT NULL,
    PRIMARY KEY (tenant_id, part)
);
SELECT tenant_table('tenant_documents');

-- Which documents exist, ids only: replicas poll this (D4).
CREATE TABLE document_heads (
    tenant_id  bigint NOT NULL,
    part       text NOT NULL,
    generation bigint NOT NULL,
    revision   bigint NOT NULL,
    PRIMARY KEY (tenant_id, part)
);
CREATE INDEX document_heads_revision ON document_heads (revision);
SELECT infrastructure_table('document_heads');

-- One row. Its lock makes revisions commit in order, so a poller never steps over a late one.
CREATE TABLE document_revision (
    one      boolean PRIMARY KEY DEFAULT true CHECK (one),
    revision bigint NOT NULL
);
INSERT INTO document_revision (revision) VALUES (0);
SELECT infrastructure_table('document_revision', 'SELECT, UPDATE');
