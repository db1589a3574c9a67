-- Clocks of an order as they stood before something turned them: time held, let go or granted, another publication of their
-- calendar, an awaited year. Verdicts and what was done carry their times in the state itself; this is what it does not keep, so
-- that a clock can be told as it was known at any moment. An order whose clocks nobody turned has no row.
CREATE TABLE past_clocks (
    tenant_id bigint NOT NULL,
    order_id  uuid NOT NULL,
    -- Of the order, the last one with which they stood so.
    version   bigint NOT NULL CHECK (version > 0),
    -- When they were turned: until then they were known so.
    until_at  timestamptz NOT NULL,
    -- As crate `orders` writes the stages of an order.
    stages    jsonb NOT NULL,
    PRIMARY KEY (tenant_id, order_id, version),
    FOREIGN KEY (tenant_id, order_id) REFERENCES orders (tenant_id, id)
);
SELECT tenant_table('past_clocks', 'SELECT, INSERT');
