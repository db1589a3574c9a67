-- Positions apart from the lines they are of (ADR 022): a line is written once and never touched again; where it
-- stands is one narrow row. `subject_id` is the line's case, or its report while the line names no case. `early` says
-- that what the line follows from had not come in time (ADR 023).
CREATE TABLE sequenced (
    tenant_id  bigint NOT NULL,
    position   bigint NOT NULL CHECK (position >= 1),
    event_id   uuid NOT NULL,
    subject_id uuid,
    early      boolean NOT NULL,
    PRIMARY KEY (tenant_id, position)
);
SELECT tenant_table('sequenced', 'SELECT, INSERT');

INSERT INTO sequenced (tenant_id, position, event_id, subject_id, early)
SELECT tenant_id, position, event_id, COALESCE(case_id, report_id), false FROM timeline WHERE position IS NOT NULL;
CREATE INDEX sequenced_of_subject ON sequenced (tenant_id, subject_id, position) WHERE subject_id IS NOT NULL;

-- No position may be lost on the way, and what has none must be waiting for one.
DO $$
DECLARE
    given bigint := (SELECT count(*) FROM timeline WHERE position IS NOT NULL);
    moved bigint := (SELECT count(*) FROM sequenced);
    without bigint := (SELECT count(*) FROM timeline WHERE position IS NULL);
    waiting bigint := (SELECT count(*) FROM unsequenced);
BEGIN
    IF given <> moved OR without <> waiting THEN
        RAISE EXCEPTION 'positions: % given, % moved; lines: % without, % waiting', given, moved, without, waiting;
    END IF;
END $$;

-- With the column go the unique key on it and the index of cases.
ALTER TABLE timeline DROP COLUMN position;
DROP INDEX timeline_of_report;
-- Is there a lower version, or the cause, of a line? And the lines of a report: it is their aggregate.
CREATE INDEX timeline_of_aggregate ON timeline (tenant_id, aggregate_id, version);

DO $$
BEGIN
    EXECUTE format('REVOKE UPDATE ON timeline FROM %I', current_schema());
END $$;

-- Since when a line waits, and the event it follows from where its payload names one: type and aggregate.
ALTER TABLE unsequenced
    ADD COLUMN heard_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN cause_type text,
    ADD COLUMN cause_id uuid,
    ADD CHECK ((cause_type IS NULL) = (cause_id IS NULL));
ALTER TABLE unsequenced ALTER COLUMN heard_at DROP DEFAULT;
