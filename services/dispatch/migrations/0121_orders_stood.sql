-- Those that left their body before there was a trigger. Nobody writes them any more.
UPDATE orders SET stands = false WHERE phase IN ('cancelled', 'returned', 'transferred', 'waived');
