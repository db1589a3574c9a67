-- Links to one order, for bodies without an account. The token a link is opened with is not here: its hash is, so that
-- who reads the table opens nothing. What happened with a link is said of its order, in the journal.
CREATE TABLE links (
    tenant_id      bigint NOT NULL,
    id             uuid NOT NULL,
    order_id       uuid NOT NULL,
    acts           text[] NOT NULL CHECK (cardinality(acts) > 0),
    -- What it is for or whose desk it goes to; never a person.
    label          text NOT NULL,
    token_sha256   bytea NOT NULL CHECK (octet_length(token_sha256) = 32),
    issued_at      timestamptz NOT NULL,
    issued_by      text NOT NULL,
    expires_at     timestamptz NOT NULL CHECK (expires_at > issued_at),
    revoked_at     timestamptz,
    opened         integer NOT NULL CHECK (opened >= 0),
    last_opened_at timestamptz,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id),
    CHECK ((opened = 0) = (last_opened_at IS NULL))
);
CREATE INDEX links_of_order ON links (tenant_id, order_id);
SELECT tenant_table('links', 'SELECT, INSERT, UPDATE');

-- Where the matter is, as its reporter wrote it: who is to go there has to know. Cases of before have none.
ALTER TABLE cases ADD COLUMN address text NOT NULL DEFAULT '';
