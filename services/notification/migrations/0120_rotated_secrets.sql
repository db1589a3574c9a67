-- Secrets that took the place of an endpoint's first one, counted from 1, each sealed as that one is (ADR 070). Webhooks are signed
-- with the newest, and for a day with each that it followed. Nothing is changed here and nothing taken away but with its tenant.
CREATE TABLE rotated_secrets (
    tenant_id    bigint NOT NULL,
    endpoint_key text NOT NULL,
    n            integer NOT NULL CHECK (n >= 1),
    sealed       bytea NOT NULL,
    made_at      timestamptz NOT NULL,
    -- No reference to the first one: what refers to it would go before it where a tenant is removed, and keys go first.
    PRIMARY KEY (tenant_id, endpoint_key, n)
);
SELECT tenant_table('rotated_secrets', 'SELECT, INSERT');
