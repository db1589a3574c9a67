-- A stage named its calendar once, when it was issued. An adoption (ADR 077) may take a limit from one clock to the other: such a row
-- kept what it had, so the year it waits for was never found, nor was its clock when its calendar was published anew. What is true
-- stands in the order. An adoption turns clocks, so only orders whose clocks were turned are looked at.
UPDATE stages s SET calendar = told.calendar
FROM (
    SELECT o.tenant_id, o.id, o.round, clock #>> '{plan,stage}' AS stage,
        COALESCE(clock #>> '{due,at,calendar,id}', clock #>> '{due,awaiting_calendar,calendar,id}') AS calendar
    FROM (SELECT DISTINCT tenant_id, order_id FROM past_clocks) turned
    JOIN orders o ON o.tenant_id = turned.tenant_id AND o.id = turned.order_id
    CROSS JOIN LATERAL jsonb_array_elements(o.state -> 'stages') AS clock
) told
WHERE s.tenant_id = told.tenant_id AND s.subject_kind = 'order' AND s.subject_id = told.id AND s.round = told.round
    AND s.stage = told.stage AND s.calendar IS DISTINCT FROM told.calendar;
