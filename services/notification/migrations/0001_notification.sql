-- One message to one endpoint. The tenant is the street; the endpoint is named with its owner, the street or
-- its district (D1). A body that should be told and has no endpoint leaves a row without one.
CREATE TABLE deliveries (
    tenant_id          bigint NOT NULL,
    id                 uuid NOT NULL,
    source_event_id    uuid NOT NULL,
    event_type         text NOT NULL,
    lane               smallint NOT NULL,
    drill              boolean NOT NULL,
    case_id            uuid NOT NULL,
    order_id           uuid,
    body               text NOT NULL,
    endpoint_tenant_id bigint,
    endpoint_key       text,
    -- The webhook's bytes and trace, fixed at creation: the same in every attempt.
    payload            bytea NOT NULL,
    traceparent        text NOT NULL,
    state              text NOT NULL CHECK (state IN ('pending', 'sending', 'delivered', 'dead_lettered', 'suppressed')),
    reason             text,
    attempts           integer NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    -- Attempts that do not count in the retry schedule: those before a replay, and those never sent.
    uncounted          integer NOT NULL DEFAULT 0 CHECK (uncounted BETWEEN 0 AND attempts),
    -- Verdicts so far: the version of the delivery's events.
    verdicts           integer NOT NULL DEFAULT 0,
    created_at         timestamptz NOT NULL,
    next_attempt_at    timestamptz,
    decided_at         timestamptz,
    PRIMARY KEY (tenant_id, id),
    CONSTRAINT deliveries_once
        UNIQUE NULLS NOT DISTINCT (tenant_id, source_event_id, body, endpoint_tenant_id, endpoint_key),
    CHECK ((endpoint_tenant_id IS NULL) = (endpoint_key IS NULL)),
    CHECK (endpoint_key IS NOT NULL OR (state = 'suppressed' AND reason = 'no-endpoint')),
    CHECK ((state IN ('pending', 'sending')) = (next_attempt_at IS NOT NULL)),
    CHECK ((state IN ('dead_lettered', 'suppressed')) = (reason IS NOT NULL)),
    CHECK ((state IN ('pending', 'sending')) = (decided_at IS NULL))
);
CREATE INDEX deliveries_newest ON deliveries (tenant_id, created_at DESC, id DESC);
CREATE INDEX deliveries_case ON deliveries (tenant_id, case_id);
SELECT tenant_table('deliveries', 'SELECT, INSERT, UPDATE');

-- Each try. An attempt without an outcome is under way, or its process died: the next claim calls it lost.
CREATE TABLE attempts (
    tenant_id   bigint NOT NULL,
    delivery_id uuid NOT NULL,
    n           integer NOT NULL CHECK (n >= 1),
    started_at  timestamptz NOT NULL,
    outcome     text,
    status      smallint,
    duration_ms integer,
    PRIMARY KEY (tenant_id, delivery_id, n),
    FOREIGN KEY (tenant_id, delivery_id) REFERENCES deliveries (tenant_id, id)
);
SELECT tenant_table('attempts', 'SELECT, INSERT, UPDATE');

-- The data key of an endpoint's owner, wrapped by the key this service mounts (D20).
CREATE TABLE tenant_keys (
    tenant_id bigint PRIMARY KEY,
    wrapped   bytea NOT NULL,
    made_at   timestamptz NOT NULL
);
SELECT tenant_table('tenant_keys', 'SELECT, INSERT');

-- What webhooks are signed with: made here, never part of a document, sealed. The tenant owns the endpoint.
CREATE TABLE endpoint_secrets (
    tenant_id    bigint NOT NULL,
    endpoint_key text NOT NULL,
    sealed       bytea NOT NULL,
    made_at      timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, endpoint_key),
    FOREIGN KEY (tenant_id) REFERENCES tenant_keys (tenant_id)
);
SELECT tenant_table('endpoint_secrets', 'SELECT, INSERT');

-- How an endpoint's address has been doing; a row exists only for one that has failed. Another address in the
-- document starts anew.
CREATE TABLE endpoint_health (
    tenant_id     bigint NOT NULL,
    endpoint_key  text NOT NULL,
    url           text NOT NULL,
    failing_since timestamptz,
    disabled_at   timestamptz,
    PRIMARY KEY (tenant_id, endpoint_key)
);
SELECT tenant_table('endpoint_health');
