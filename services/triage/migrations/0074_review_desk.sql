-- The review desk: whose desk an entry lies on, who has taken it in hand, and what became of it. Entries that were decided
-- before have no outcome: they were given an item.
ALTER TABLE reviews
    ADD COLUMN version       bigint NOT NULL DEFAULT 1 CHECK (version >= 1),
    ADD COLUMN desk          text NOT NULL DEFAULT 'street' CHECK (desk IN ('street', 'district')),
    ADD COLUMN claimed_by    text,
    ADD COLUMN claimed_until timestamptz,
    ADD COLUMN outcome       text CHECK (outcome IN ('item', 'joined', 'rejected')),
    ADD COLUMN ground        text,
    ADD COLUMN note          text NOT NULL DEFAULT '',
    -- The act that ended it, as JSON: the same act again gets the same answer, another one a refusal.
    ADD COLUMN decided_as    text,
    ADD CHECK ((claimed_by IS NULL) = (claimed_until IS NULL)),
    ADD CHECK ((ground IS NOT NULL) = (outcome IS NOT DISTINCT FROM 'rejected'));
-- What is rejected is decided without an item.
ALTER TABLE reviews DROP CONSTRAINT reviews_check;
ALTER TABLE reviews ADD CONSTRAINT reviews_check CHECK ((decided_by IS NULL) = (decided_at IS NULL)
    AND (decided_item IS NOT NULL OR ground IS NOT NULL) = (decided_at IS NOT NULL));

-- How a case stands with triage: its plan went out and dispatch has the word (`open`), waits for a person (`reviewing`, D33), or
-- it is over before anybody had it. `bodies` are those who have it: none until then. `voices` is the number of the last voice:
-- numbers are not given twice; `voices_left` is how many have left.
ALTER TABLE cases
    ADD COLUMN standing    text NOT NULL DEFAULT 'open' CHECK (standing IN ('open', 'reviewing', 'rejected', 'merged')),
    ADD COLUMN held_by     text CHECK (held_by IS NULL OR standing = 'reviewing'),
    ADD COLUMN voices_left integer NOT NULL DEFAULT 0 CHECK (voices_left >= 0 AND voices_left < voices),
    ADD COLUMN plan_review bytea;

-- What a case of its own is made from, should the voice turn out to be another matter; nothing of voices before this build. How
-- often it was put into a case, and out of which it was split.
ALTER TABLE voices
    ADD COLUMN report     bytea,
    ADD COLUMN placement  integer NOT NULL DEFAULT 1 CHECK (placement >= 1),
    ADD COLUMN split_from uuid;
DO $$ BEGIN EXECUTE format('GRANT UPDATE ON voices TO %I', current_schema()); END $$;

-- Plans that wait, and what became of them. `plan` and `repeats` are as they will be said, by the documents of then: the person
-- decides about what the person has read.
CREATE TABLE plan_reviews (
    tenant_id     bigint NOT NULL,
    case_id       uuid NOT NULL,
    lane          smallint NOT NULL,
    mode          text NOT NULL CHECK (mode IN ('street-review', 'district-review')),
    desk          text NOT NULL CHECK (desk IN ('street', 'district')),
    plan          bytea NOT NULL,
    repeats       bytea,
    traceparent   text NOT NULL,
    requested_at  timestamptz NOT NULL,
    due_at        timestamptz NOT NULL,
    note          text NOT NULL DEFAULT '',
    claimed_by    text,
    claimed_until timestamptz,
    decided_as    text,
    outcome       text CHECK (outcome IN ('approved', 'changed', 'lapsed', 'pressed', 'rejected', 'merged')),
    decided_by    text,
    decided_at    timestamptz,
    PRIMARY KEY (tenant_id, case_id),
    FOREIGN KEY (tenant_id, case_id) REFERENCES cases (tenant_id, case_id),
    CHECK ((claimed_by IS NULL) = (claimed_until IS NULL)),
    CHECK ((outcome IS NULL) = (decided_at IS NULL) AND (decided_by IS NULL) = (decided_at IS NULL))
);
CREATE INDEX plan_reviews_due ON plan_reviews (tenant_id, due_at) WHERE decided_at IS NULL;
CREATE INDEX plan_reviews_next ON plan_reviews (tenant_id, lane, requested_at, case_id) WHERE decided_at IS NULL;
SELECT tenant_table('plan_reviews', 'SELECT, INSERT, UPDATE');
