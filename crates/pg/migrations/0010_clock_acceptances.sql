-- A person said that the database's time is right although it jumped (D29). Written only by the door of
-- `streetwise clock accept`, read with every reading of the clock, so that all replicas go on. Never changed: the
-- rows are the record of who accepted what.
CREATE TABLE clock_acceptances (
    id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at       timestamptz NOT NULL,
    ahead_us bigint,
    actor    text NOT NULL
);
SELECT infrastructure_table('clock_acceptances', 'SELECT, INSERT');
