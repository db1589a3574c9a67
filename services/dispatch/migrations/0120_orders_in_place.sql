-- An act changes phase, version, time and state of an order. The phase stood in the condition of two indexes, so each act entered all
-- five indexes anew: a quarter of what firing an order cost. Whether an order still counts for its body and as a lead is a column of
-- its own now, which changes once, when the duty leaves the body; every other version of a row lies on the page of the one before
-- and enters no index (a heap-only tuple), for which pages keep room.
--
-- The trigger writes the column, whoever writes the phase: during an upgrade that is the older release as well.
ALTER TABLE orders ADD COLUMN stands boolean NOT NULL DEFAULT true;
CREATE FUNCTION order_stands_no_more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.stands := false;
    RETURN NEW;
END $$;
CREATE TRIGGER orders_stand BEFORE INSERT OR UPDATE OF phase ON orders FOR EACH ROW
    WHEN (NEW.phase IN ('cancelled', 'returned', 'transferred', 'waived'))
    EXECUTE FUNCTION order_stands_no_more();
UPDATE orders SET stands = false WHERE phase IN ('cancelled', 'returned', 'transferred', 'waived');

-- The new indexes are there before the old ones go.
CREATE UNIQUE INDEX orders_one_standing_of_a_body ON orders (tenant_id, case_id, round, body, role) WHERE stands;
CREATE UNIQUE INDEX orders_one_standing_lead ON orders (tenant_id, case_id, round) WHERE stands AND role = 'lead';
DROP INDEX orders_one_of_a_body;
DROP INDEX orders_one_lead_now;
ALTER TABLE orders SET (fillfactor = 60);

-- A verdict enters no index either: of the stages that await a calendar few have one.
CREATE INDEX stages_await ON stages (tenant_id, calendar, awaiting_year) WHERE awaiting_year IS NOT NULL;
DROP INDEX stages_awaiting;
ALTER TABLE stages SET (fillfactor = 80);
