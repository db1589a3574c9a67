-- Reports as they were accepted; the words byte for byte, the contact only as sealed bytes (D20).
CREATE TABLE reports (
    tenant_id      bigint NOT NULL,
    report_id      uuid NOT NULL,
    source         text NOT NULL,
    item           text,
    text           text NOT NULL,
    lon            double precision NOT NULL CHECK (lon BETWEEN -180 AND 180),
    lat            double precision NOT NULL CHECK (lat BETWEEN -90 AND 90),
    datum          text NOT NULL CHECK (datum IN ('wgs84', 'gcj02', 'bd09')),
    address        text,
    contact_sealed bytea,
    lane           smallint NOT NULL,
    accepted_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, report_id)
);
SELECT tenant_table('reports', 'SELECT, INSERT');

-- One row per idempotency scope and key (D19). The report id is derived from street, principal, route and key,
-- so it stands for all four: the primary key is what makes equal keys one effect. The foreign key is checked at
-- commit, because this row is written first: it decides who of two racing requests writes the report.
CREATE TABLE idempotency (
    tenant_id   bigint NOT NULL,
    report_id   uuid NOT NULL,
    body_sha256 bytea NOT NULL CHECK (octet_length(body_sha256) = 32),
    accepted_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, report_id),
    FOREIGN KEY (tenant_id, report_id) REFERENCES reports (tenant_id, report_id) DEFERRABLE INITIALLY DEFERRED
);
-- For the purge after seven days.
CREATE INDEX idempotency_age ON idempotency (accepted_at);
SELECT tenant_table('idempotency', 'SELECT, INSERT, DELETE');

-- From a code's hash to its report, whichever tenant's: the caller names none (D4, D18). Ids only.
CREATE TABLE tracking_codes (
    code_sha256 bytea PRIMARY KEY CHECK (octet_length(code_sha256) = 32),
    tenant_id   bigint NOT NULL,
    report_id   uuid NOT NULL,
    UNIQUE (tenant_id, report_id),
    FOREIGN KEY (tenant_id, report_id) REFERENCES reports (tenant_id, report_id)
);
SELECT infrastructure_table('tracking_codes', 'SELECT, INSERT');

-- The tenant's data key, wrapped. Deleting the row makes every contact of the tenant unreadable for ever (D20);
-- that is an operator's act, not this service's.
CREATE TABLE tenant_keys (
    tenant_id bigint PRIMARY KEY,
    wrapped   bytea NOT NULL,
    made_at   timestamptz NOT NULL
);
SELECT tenant_table('tenant_keys', 'SELECT, INSERT');
