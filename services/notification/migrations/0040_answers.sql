-- What a door answered, stored in the transaction of the effect (D19). The same key gets the same bytes. Requests of
-- this service have no body, so there is none to compare.
CREATE TABLE answers (
    tenant_id   bigint NOT NULL,
    principal   text NOT NULL,
    route       text NOT NULL,
    key         uuid NOT NULL,
    body        bytea NOT NULL,
    answered_at timestamptz NOT NULL,
    PRIMARY KEY (tenant_id, principal, route, key)
);
CREATE INDEX answers_old ON answers (tenant_id, principal, answered_at);
-- UPDATE is for row locks while old ones are removed.
SELECT tenant_table('answers', 'SELECT, INSERT, UPDATE, DELETE');
