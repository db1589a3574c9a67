-- An act changes phase, version, time and state of an order. The phase stands in the condition of two unique indexes, so each act
-- enters all five indexes anew: a quarter of what firing an order costs. Whether an order still counts for its body and as a lead
-- becomes a column of its own, which changes once, when the duty leaves the body (ADR 071).
--
-- In files of their own, so that no lock is held longer than its step: here for an instant, while an index is built (0122 to 0124)
-- writers of that table wait, readers do not.
ALTER TABLE orders ADD COLUMN stands boolean NOT NULL DEFAULT true;
CREATE FUNCTION order_stands_no_more() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.stands := false;
    RETURN NEW;
END $$;
-- Whoever writes the phase: during an upgrade that is the older release as well.
CREATE TRIGGER orders_stand BEFORE INSERT OR UPDATE OF phase ON orders FOR EACH ROW
    WHEN (NEW.phase IN ('cancelled', 'returned', 'transferred', 'waived'))
    EXECUTE FUNCTION order_stands_no_more();
