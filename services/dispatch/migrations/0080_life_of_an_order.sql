-- Orders may end as returned, transferred or waived, cases as cancelled, and a return has a clock of its own: a stage
-- of the subject `return`, whose id is the order that was returned.
ALTER TABLE cases DROP CONSTRAINT cases_phase_check,
    ADD CONSTRAINT cases_phase_check
        CHECK (phase IN ('open', 'submitted', 'verifying', 'closed', 'cancelled')) NOT VALID;
ALTER TABLE orders DROP CONSTRAINT orders_phase_check,
    ADD CONSTRAINT orders_phase_check CHECK (phase IN ('dispatched', 'seen', 'acknowledged', 'on_site', 'in_progress',
        'submitted', 'done', 'cancelled', 'returned', 'transferred', 'waived')) NOT VALID;
ALTER TABLE stages DROP CONSTRAINT stages_subject_kind_check, DROP CONSTRAINT stages_stage_check,
    ADD CONSTRAINT stages_subject_kind_check CHECK (subject_kind IN ('order', 'case', 'return')) NOT VALID,
    ADD CONSTRAINT stages_stage_check
        CHECK (stage IN ('see', 'acknowledge', 'on_site', 'resolve', 'verify', 'adjudicate')) NOT VALID;

-- One order per body and role in a round, and one lead, among those that were not left (D27): a duty may come back to
-- the body that returned it. The new index is there before the old one goes.
CREATE UNIQUE INDEX orders_one_of_a_body ON orders (tenant_id, case_id, round, body, role)
    WHERE phase NOT IN ('cancelled', 'returned', 'transferred', 'waived');
ALTER TABLE orders DROP CONSTRAINT orders_tenant_id_case_id_round_body_role_key;
CREATE UNIQUE INDEX orders_one_lead_now ON orders (tenant_id, case_id, round)
    WHERE role = 'lead' AND phase NOT IN ('cancelled', 'returned', 'transferred', 'waived');
DROP INDEX orders_one_lead;
-- What the unique constraint was also used for: the orders of a case.
CREATE INDEX orders_of_case ON orders (tenant_id, case_id);
