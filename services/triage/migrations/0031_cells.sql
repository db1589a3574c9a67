-- Candidates to join are found by the cell of their point instead of a band of latitude (ADR 019). New rows bring
-- their cell from `core::grid`; for those that are here it is computed the same way, in whole ten-millionths of a
-- degree. `tests/it/grid.rs` runs this file on rows whose cells are known.
ALTER TABLE cases ADD COLUMN cell bigint;

DO $$
DECLARE
    moved bigint;
    kept bigint;
BEGIN
    WITH points AS (
        SELECT tenant_id, case_id,
            (sign(lon) * floor(abs(lon * 1e7) + 0.5))::bigint + 1800000000 AS east,
            (sign(lat) * floor(abs(lat * 1e7) + 0.5))::bigint + 900000000 AS north
        FROM cases
    ), bands AS (
        SELECT tenant_id, case_id, east, least(north / 50000, 35999) AS band FROM points
    ), edges AS (
        SELECT tenant_id, case_id, east, band,
            greatest(abs(band * 50000 - 900000000), abs((band + 1) * 50000 - 900000000)) AS poleward
        FROM bands
    ), columns AS (
        SELECT tenant_id, case_id, east, band,
            CASE
                WHEN poleward <= 600000000 THEN 100000
                WHEN poleward <= 750000000 THEN 200000
                WHEN poleward <= 820000000 THEN 400000
                WHEN poleward <= 860000000 THEN 800000
                WHEN poleward <= 880000000 THEN 1600000
                WHEN poleward <= 890000000 THEN 3200000
                ELSE 3600000000
            END AS width
        FROM edges
    )
    UPDATE cases c SET cell = w.band * 36000 + (w.east % 3600000000) / w.width
    FROM columns w
    WHERE w.tenant_id = c.tenant_id AND w.case_id = c.case_id;
    GET DIAGNOSTICS moved = ROW_COUNT;
    SELECT count(*) INTO kept FROM cases;
    IF moved <> kept THEN
        RAISE EXCEPTION 'cells of % cases of %', moved, kept;
    END IF;
END $$;

ALTER TABLE cases ALTER COLUMN cell SET NOT NULL;
CREATE INDEX cases_near ON cases (tenant_id, item, datum, cell) WHERE closed_at IS NULL;
DROP INDEX cases_open;
