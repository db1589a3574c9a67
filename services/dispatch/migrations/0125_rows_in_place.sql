-- The new indexes are there. From here on most versions of a row lie on the page of the one before and enter no index (heap-only
-- tuples), for which pages keep room.
DROP INDEX orders_one_of_a_body;
DROP INDEX orders_one_lead_now;
DROP INDEX stages_awaiting;
ALTER TABLE orders SET (fillfactor = 60);
ALTER TABLE stages SET (fillfactor = 80);
