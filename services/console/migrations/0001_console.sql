-- Everything heard, once each. `payload` is the received message, untouched (D53). `position` is the tenant's
-- cursor of live readers (D25): empty until the sequencer gives it, then 1, 2, 3 … without a gap.
CREATE TABLE timeline (
    tenant_id    bigint NOT NULL,
    event_id     uuid NOT NULL,
    case_id      uuid,
    report_id    uuid,
    event_type   text NOT NULL,
    at           timestamptz NOT NULL,
    lane         smallint NOT NULL CHECK (lane BETWEEN 0 AND 2),
    aggregate_id uuid NOT NULL,
    version      bigint NOT NULL CHECK (version >= 1),
    drill        boolean NOT NULL,
    body         text,
    actor        text,
    trace_id     text,
    detail       jsonb NOT NULL,
    payload      bytea NOT NULL,
    position     bigint CHECK (position >= 1),
    PRIMARY KEY (tenant_id, event_id),
    UNIQUE (tenant_id, position)
);
CREATE INDEX timeline_of_case ON timeline (tenant_id, case_id, position);
CREATE INDEX timeline_of_report ON timeline (tenant_id, report_id) WHERE report_id IS NOT NULL;
SELECT tenant_table('timeline', 'SELECT, INSERT, UPDATE');

-- The last position of each tenant; its row is the lock under which positions are given.
CREATE TABLE positions (
    tenant_id bigint PRIMARY KEY,
    last      bigint NOT NULL CHECK (last >= 0)
);
SELECT tenant_table('positions', 'SELECT, INSERT, UPDATE');

-- Lines without a position yet: how the sequencer finds them across tenants. Ids only (D4).
CREATE TABLE unsequenced (
    tenant_id bigint NOT NULL,
    event_id  uuid NOT NULL,
    PRIMARY KEY (tenant_id, event_id)
);
SELECT infrastructure_table('unsequenced', 'SELECT, INSERT, DELETE');

-- A case for reading. Two publishers know it, and either may be heard first: what comes from one is empty, or as
-- for a case nobody has worked on, until that one was heard. Each has a version of its own.
CREATE TABLE cases (
    tenant_id        bigint NOT NULL,
    case_id          uuid NOT NULL,
    case_no          text,
    item             text,
    item_zh          text,
    item_en          text,
    voices           integer CHECK (voices >= 1),
    opened_at        timestamptz,
    triage_version   bigint NOT NULL DEFAULT 0,
    phase            text NOT NULL DEFAULT 'open',
    round            integer NOT NULL DEFAULT 1 CHECK (round >= 1),
    holder           text,
    stages           jsonb NOT NULL DEFAULT '[]',
    closed_at        timestamptz,
    dispatch_version bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (tenant_id, case_id)
);
SELECT tenant_table('cases', 'SELECT, INSERT, UPDATE');

-- The orders of a case. No foreign key: an order may be heard before its case.
CREATE TABLE case_orders (
    tenant_id     bigint NOT NULL,
    order_id      uuid NOT NULL,
    case_id       uuid NOT NULL,
    body          text NOT NULL,
    role          text NOT NULL,
    phase         text NOT NULL,
    round         integer NOT NULL CHECK (round >= 1),
    version       bigint NOT NULL CHECK (version >= 1),
    stages        jsonb NOT NULL,
    dispatched_at timestamptz,
    PRIMARY KEY (tenant_id, order_id)
);
CREATE INDEX case_orders_of_case ON case_orders (tenant_id, case_id, body);
SELECT tenant_table('case_orders', 'SELECT, INSERT, UPDATE');

-- What became of a report. Columns are filled once and never change, so the order of hearing does not matter.
-- `review` says that a person was asked to judge, at any time.
CREATE TABLE reports (
    tenant_id   bigint NOT NULL,
    report_id   uuid NOT NULL,
    case_id     uuid,
    item        text,
    review      boolean NOT NULL,
    accepted_at timestamptz,
    PRIMARY KEY (tenant_id, report_id)
);
CREATE INDEX reports_of_case ON reports (tenant_id, case_id) WHERE case_id IS NOT NULL;
SELECT tenant_table('reports', 'SELECT, INSERT, UPDATE');

-- From the hash of a tracking code to its report: who follows knows no tenant. Ids only (D4, D18).
CREATE TABLE tracking (
    code_sha256 bytea PRIMARY KEY CHECK (octet_length(code_sha256) = 32),
    tenant_id   bigint NOT NULL,
    report_id   uuid NOT NULL
);
SELECT infrastructure_table('tracking', 'SELECT, INSERT');
