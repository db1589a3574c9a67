-- Who published which text classifier for a tenant, and who withdrew it: a history of its own, because a model is no part of a
-- manifest and may be learned anew every night. The weights are only in the newest document; whoever goes back publishes the
-- older file again. A withdrawal has nothing of a model. The key makes the same request again answer the same.
CREATE TABLE classifiers (
    tenant_id          bigint NOT NULL REFERENCES tenants,
    generation         bigint NOT NULL CHECK (generation >= 1),
    key                uuid NOT NULL,
    actor              text NOT NULL,
    at                 timestamptz NOT NULL,
    sha256             text CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    bytes              integer CHECK (bytes > 0),
    labels             integer CHECK (labels > 0),
    examples           bigint CHECK (examples > 0),
    threshold_permille integer CHECK (threshold_permille BETWEEN 1 AND 1000),
    PRIMARY KEY (tenant_id, generation),
    UNIQUE (tenant_id, key),
    CHECK (num_nulls(sha256, bytes, labels, examples, threshold_permille) IN (0, 5))
);
SELECT tenant_table('classifiers', 'SELECT, INSERT');
