-- A case as dispatch knows it. `state` is the machine's own form and the only truth about it; round, phase and
-- version repeat what is queried. The rest are the facts every event of the case says again: they came with the
-- routed case and never change. A transaction locks the case before any of its orders.
CREATE TABLE cases (
    tenant_id   bigint NOT NULL,
    id          uuid NOT NULL,
    case_no     text NOT NULL,
    round       integer NOT NULL CHECK (round >= 1),
    phase       text NOT NULL CHECK (phase IN ('open', 'submitted', 'verifying', 'closed')),
    version     bigint NOT NULL CHECK (version >= 1),
    item        text NOT NULL,
    item_zh     text NOT NULL,
    item_en     text NOT NULL,
    policy      text NOT NULL,
    calendar    text NOT NULL,
    lane        smallint NOT NULL CHECK (lane BETWEEN 0 AND 2),
    drill       boolean NOT NULL,
    -- Trace of the report: what the clock does later belongs to it (D55).
    traceparent text NOT NULL,
    opened_at   timestamptz NOT NULL,
    changed_at  timestamptz NOT NULL,
    state       jsonb NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, case_no)
);
SELECT tenant_table('cases', 'SELECT, INSERT, UPDATE');

-- The duty of one body in one round of a case (D27).
CREATE TABLE orders (
    tenant_id     bigint NOT NULL,
    id            uuid NOT NULL,
    case_id       uuid NOT NULL,
    round         integer NOT NULL CHECK (round >= 1),
    body          text NOT NULL,
    role          text NOT NULL CHECK (role IN ('lead', 'assist', 'inform')),
    phase         text NOT NULL CHECK (phase IN ('dispatched', 'seen', 'acknowledged', 'on_site', 'in_progress',
                      'submitted', 'done', 'cancelled')),
    version       bigint NOT NULL CHECK (version >= 1),
    dispatched_at timestamptz NOT NULL,
    changed_at    timestamptz NOT NULL,
    state         jsonb NOT NULL,
    PRIMARY KEY (tenant_id, id),
    UNIQUE (tenant_id, case_id, round, body, role),
    FOREIGN KEY (tenant_id, case_id) REFERENCES cases (tenant_id, id)
);
CREATE UNIQUE INDEX orders_one_lead ON orders (tenant_id, case_id, round) WHERE role = 'lead';
CREATE INDEX orders_of_body ON orders (tenant_id, body, id);
SELECT tenant_table('orders', 'SELECT, INSERT, UPDATE');

-- Each limit and its one verdict (D28), written with the order or case it belongs to. `due_at` is empty exactly
-- while an unpublished calendar year is awaited.
CREATE TABLE stages (
    tenant_id     bigint NOT NULL,
    subject_kind  text NOT NULL CHECK (subject_kind IN ('order', 'case')),
    subject_id    uuid NOT NULL,
    round         integer NOT NULL CHECK (round >= 1),
    stage         text NOT NULL CHECK (stage IN ('see', 'acknowledge', 'on_site', 'resolve', 'verify')),
    case_id       uuid NOT NULL,
    started_at    timestamptz NOT NULL,
    due_at        timestamptz,
    calendar      text,
    awaiting_year smallint,
    verdict       text CHECK (verdict IN ('met', 'breached', 'cancelled')),
    verdict_at    timestamptz,
    met_at        timestamptz,
    PRIMARY KEY (tenant_id, subject_kind, subject_id, round, stage),
    FOREIGN KEY (tenant_id, case_id) REFERENCES cases (tenant_id, id),
    CHECK ((due_at IS NULL) = (awaiting_year IS NOT NULL)),
    CHECK ((verdict IS NULL) = (verdict_at IS NULL)),
    -- Never early: no breach is recorded before its due time.
    CHECK (verdict IS DISTINCT FROM 'breached' OR verdict_at >= due_at)
);
CREATE INDEX stages_awaiting ON stages (tenant_id, calendar, awaiting_year)
    WHERE awaiting_year IS NOT NULL AND verdict IS NULL;
SELECT tenant_table('stages', 'SELECT, INSERT, UPDATE');

-- What a door answered, stored in the transaction of the effect (D19). The same key gets the same bytes.
CREATE TABLE answers (
    tenant_id      bigint NOT NULL,
    principal      text NOT NULL,
    route          text NOT NULL,
    key            uuid NOT NULL,
    request_sha256 bytea NOT NULL CHECK (octet_length(request_sha256) = 32),
    version        bigint NOT NULL,
    body           bytea NOT NULL,
    answered_at    timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, principal, route, key)
);
CREATE INDEX answers_old ON answers (tenant_id, principal, answered_at);
-- UPDATE is for row locks while old ones are removed.
SELECT tenant_table('answers', 'SELECT, INSERT, UPDATE, DELETE');
