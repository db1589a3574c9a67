-- One row per tenant: who holds its lock decides about the tenant's cases, so two replicas cannot open the same
-- case twice (D35). A lock of its own, because a day's counter row is not the same row on both sides of midnight.
CREATE TABLE desks (
    tenant_id bigint PRIMARY KEY
);
SELECT tenant_table('desks', 'SELECT, INSERT, UPDATE');

-- How many cases a tenant has opened on a local day: hands out case numbers (D54).
CREATE TABLE counters (
    tenant_id bigint NOT NULL,
    day       date NOT NULL,
    cases     integer NOT NULL CHECK (cases >= 1),
    PRIMARY KEY (tenant_id, day)
);
SELECT tenant_table('counters', 'SELECT, INSERT, UPDATE');

-- The matter itself, as triage knows it. `version` counts what triage has said of it. `closed_at` and
-- `heard_version` are its memory of dispatch, for joining only (D10). `bodies` are those of the plan, lead first.
CREATE TABLE cases (
    tenant_id        bigint NOT NULL,
    case_id          uuid NOT NULL,
    case_no          text NOT NULL,
    item             text NOT NULL,
    text             text NOT NULL,
    lon              double precision NOT NULL,
    lat              double precision NOT NULL,
    datum            text NOT NULL CHECK (datum IN ('wgs84', 'gcj02', 'bd09')),
    address          text NOT NULL,
    lane             smallint NOT NULL,
    drill            boolean NOT NULL,
    voices           integer NOT NULL CHECK (voices >= 1),
    version          bigint NOT NULL CHECK (version >= 2),
    opened_at        timestamptz NOT NULL,
    closed_at        timestamptz,
    heard_version    bigint NOT NULL DEFAULT 0,
    bodies           text[] NOT NULL,
    item_explanation bytea NOT NULL,
    plan_explanation bytea NOT NULL,
    PRIMARY KEY (tenant_id, case_id),
    UNIQUE (tenant_id, case_no)
);
-- Candidates to join: same tenant, item and datum, near in latitude.
CREATE INDEX cases_open ON cases (tenant_id, item, datum, lat) WHERE closed_at IS NULL;
SELECT tenant_table('cases', 'SELECT, INSERT, UPDATE');

-- Every reporter stays a voice; a report is in one case at most (invariant I1). Voice 1 opened it.
CREATE TABLE voices (
    tenant_id        bigint NOT NULL,
    report_id        uuid NOT NULL,
    case_id          uuid NOT NULL,
    voice            integer NOT NULL CHECK (voice >= 1),
    tracking_sha256  bytea NOT NULL,
    joined_at        timestamptz NOT NULL,
    join_explanation bytea CHECK ((voice = 1) = (join_explanation IS NULL)),
    PRIMARY KEY (tenant_id, report_id),
    UNIQUE (tenant_id, case_id, voice),
    FOREIGN KEY (tenant_id, case_id) REFERENCES cases (tenant_id, case_id)
);
SELECT tenant_table('voices', 'SELECT, INSERT');

-- Reports a person must judge. `report` is the received message, untouched, from which the case is made later.
CREATE TABLE reviews (
    tenant_id        bigint NOT NULL,
    report_id        uuid NOT NULL,
    reason           text NOT NULL,
    lane             smallint NOT NULL,
    drill            boolean NOT NULL,
    report           bytea NOT NULL,
    item_explanation bytea NOT NULL,
    requested_at     timestamptz NOT NULL,
    decided_item     text,
    decided_by       text,
    decided_at       timestamptz,
    PRIMARY KEY (tenant_id, report_id),
    CHECK ((decided_item IS NULL) = (decided_at IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL))
);
CREATE INDEX reviews_open ON reviews (tenant_id, requested_at, report_id) WHERE decided_at IS NULL;
SELECT tenant_table('reviews', 'SELECT, INSERT, UPDATE');
