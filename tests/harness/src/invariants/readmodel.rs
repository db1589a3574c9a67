//! I12 and I14: what the console shows, held against the journals and tables of those who said it.
//!
//! The whole read model is compared, column by column, with what the owners' tables say now; nothing of the console's
//! own reading of events is used for it.

/// (invariant, what the rows are, a query that returns one text per violation).
pub(super) const QUERIES: &[(&str, &str, &str)] = &[
    (
        "I12",
        "line without exactly one position, or position without a line",
        "SELECT coalesce(t.event_id, s.event_id)::text FROM console.timeline t
         FULL JOIN console.sequenced s ON s.tenant_id = t.tenant_id AND s.event_id = t.event_id
         WHERE t.event_id IS NULL OR s.event_id IS NULL
         UNION ALL SELECT event_id::text FROM console.sequenced GROUP BY tenant_id, event_id HAVING count(*) > 1",
    ),
    (
        "I12",
        "tenant whose positions are not 1..last",
        "SELECT p.tenant_id::text FROM console.positions p
         LEFT JOIN (SELECT tenant_id, count(*) AS n, min(position) AS low, max(position) AS high
             FROM console.sequenced GROUP BY 1) s ON s.tenant_id = p.tenant_id
         WHERE coalesce(s.n, 0) <> p.last OR coalesce(s.low, 1) <> 1 OR coalesce(s.high, 0) <> p.last",
    ),
    (
        "I12",
        "version that stands before the one it follows, and is not marked as early",
        "SELECT event_type || ' ' || event_id FROM (
             SELECT event_type, event_id, position, early, lag(position) OVER (
                 PARTITION BY tenant_id, split_part(event_type, '.', 1), aggregate_id ORDER BY version) AS before
             FROM console.sequenced JOIN console.timeline USING (tenant_id, event_id)) s
         WHERE before > position AND NOT early",
    ),
    (
        "I12",
        "effect that stands before its cause, and is not marked as early",
        "WITH line AS (SELECT tenant_id, position, early, event_id, event_type, aggregate_id, at, case_id, report_id,
                 detail FROM console.sequenced JOIN console.timeline USING (tenant_id, event_id)),
             early_routed AS MATERIALIZED (SELECT tenant_id, aggregate_id FROM line
                 WHERE event_type = 'triage.case.routed' AND early)
         -- The report before what triage made of it.
         SELECT effect.event_type || ' ' || effect.event_id FROM line effect
         JOIN line cause ON cause.tenant_id = effect.tenant_id AND cause.event_type = 'intake.report.accepted'
             AND cause.aggregate_id = effect.report_id
         WHERE effect.event_type LIKE 'triage.case.%' AND cause.position > effect.position AND NOT effect.early
         -- The routed case before its orders; the opened one too, unless the routed one already goes before it and says so.
         UNION ALL SELECT effect.event_type || ' ' || effect.event_id || ' before ' || cause.event_type FROM line effect
         JOIN line cause ON cause.tenant_id = effect.tenant_id AND cause.aggregate_id = effect.case_id
             AND cause.event_type IN ('triage.case.opened', 'triage.case.routed')
         WHERE effect.event_type IN ('dispatch.case.opened', 'dispatch.order.dispatched')
             AND cause.position > effect.position AND NOT effect.early
             AND NOT (cause.event_type = 'triage.case.opened' AND EXISTS (SELECT FROM early_routed r
                 WHERE r.tenant_id = effect.tenant_id AND r.aggregate_id = effect.case_id))
         -- The lead's word that it is done before the case's, said in one transaction.
         UNION ALL SELECT effect.event_type || ' ' || effect.event_id FROM line effect
         JOIN line cause ON cause.tenant_id = effect.tenant_id AND cause.case_id = effect.case_id
             AND cause.event_type = 'dispatch.order.submitted' AND cause.at = effect.at
             AND cause.detail ->> 'role' = 'lead'
         WHERE effect.event_type = 'dispatch.case.submitted' AND cause.position > effect.position AND NOT effect.early
         -- The order before what became of telling of it.
         UNION ALL SELECT effect.event_type || ' ' || effect.event_id FROM line effect
         JOIN line cause ON cause.tenant_id = effect.tenant_id AND cause.event_type = 'dispatch.order.dispatched'
             AND cause.aggregate_id::text = effect.detail ->> 'order_id'
         WHERE effect.event_type LIKE 'notification.delivery.%' AND cause.position > effect.position
             AND NOT effect.early",
    ),
    (
        "I14",
        "case whose read model differs from its record",
        "SELECT d.id::text FROM dispatch.cases d
         JOIN triage.cases t ON t.tenant_id = d.tenant_id AND t.case_id = d.id
         LEFT JOIN console.cases c ON c.tenant_id = d.tenant_id AND c.case_id = d.id
         LEFT JOIN dispatch.journal last ON last.tenant_id = d.tenant_id AND last.aggregate_id = d.id
             AND last.version = d.version
         WHERE c.case_id IS NULL
            OR (c.case_no, c.item, c.voices, c.opened_at, c.triage_version)
                IS DISTINCT FROM (t.case_no, t.item, t.voices - t.voices_left, t.opened_at, t.version)
            OR (c.phase, c.round, c.dispatch_version) IS DISTINCT FROM (d.phase, d.round, d.version)
            -- An item that was corrected too late for dispatch is another one there.
            OR (d.item = t.item AND (c.item_zh, c.item_en) IS DISTINCT FROM (d.item_zh, d.item_en))
            OR c.closed_at IS DISTINCT FROM CASE WHEN d.phase = 'closed' THEN last.at END
            OR (SELECT jsonb_agg(jsonb_build_array(s.stage, s.due_at, s.awaiting_year, s.verdict, s.met_at))
                    FROM jsonb_to_recordset(c.stages) AS s (stage text, due_at timestamptz, awaiting_year integer,
                        verdict text, met_at timestamptz))
                IS DISTINCT FROM (SELECT jsonb_build_array(jsonb_build_array(s.stage, s.due_at, s.awaiting_year,
                        s.verdict, s.met_at)) FROM dispatch.stages s
                    WHERE s.tenant_id = d.tenant_id AND s.subject_kind = 'case' AND s.subject_id = d.id
                    ORDER BY s.round DESC LIMIT 1)",
    ),
    (
        "I14",
        "order whose read model differs from its record",
        "SELECT coalesce(d.id, c.order_id)::text FROM dispatch.orders d
         FULL JOIN console.case_orders c ON c.tenant_id = d.tenant_id AND c.order_id = d.id
         WHERE d.id IS NULL OR c.order_id IS NULL
            OR (c.case_id, c.body, c.role, c.phase, c.round, c.version, c.dispatched_at)
                IS DISTINCT FROM (d.case_id, d.body, d.role, d.phase, d.round, d.version, d.dispatched_at)
            OR (SELECT jsonb_agg(jsonb_build_array(s.stage, s.due_at, s.awaiting_year, s.verdict, s.met_at)
                        ORDER BY s.stage)
                    FROM jsonb_to_recordset(c.stages) AS s (stage text, due_at timestamptz, awaiting_year integer,
                        verdict text, met_at timestamptz))
                IS DISTINCT FROM (SELECT jsonb_agg(jsonb_build_array(s.stage, s.due_at, s.awaiting_year, s.verdict,
                        s.met_at) ORDER BY s.stage) FROM dispatch.stages s
                    WHERE s.tenant_id = d.tenant_id AND s.subject_kind = 'order' AND s.subject_id = d.id)",
    ),
    (
        "I14",
        "report whose read model differs from its record",
        "SELECT coalesce(r.report_id, c.report_id)::text FROM intake.reports r
         FULL JOIN console.reports c ON c.tenant_id = r.tenant_id AND c.report_id = r.report_id
         LEFT JOIN triage.voices v ON v.tenant_id = r.tenant_id AND v.report_id = r.report_id
         WHERE r.report_id IS NULL OR c.report_id IS NULL
            OR (c.case_id, c.item, c.accepted_at) IS DISTINCT FROM (v.case_id, r.item, r.accepted_at)
            OR c.review <> EXISTS (SELECT FROM triage.reviews w
                WHERE w.tenant_id = r.tenant_id AND w.report_id = r.report_id)",
    ),
    (
        "I14",
        "tracking code that leads elsewhere than intake's",
        "SELECT coalesce(r.report_id, c.report_id)::text FROM intake.tracking_codes r
         FULL JOIN console.tracking c ON c.code_sha256 = r.code_sha256
         WHERE (c.tenant_id, c.report_id) IS DISTINCT FROM (r.tenant_id, r.report_id)",
    ),
    (
        "I14",
        "event that is not on the timeline as it was said",
        "SELECT j.event_type || ' ' || j.id FROM (SELECT * FROM intake.journal UNION ALL SELECT * FROM triage.journal
             UNION ALL SELECT * FROM dispatch.journal UNION ALL SELECT * FROM notification.journal) j
         LEFT JOIN console.timeline t ON t.tenant_id = j.tenant_id AND t.event_id = j.id
         WHERE (t.event_type, t.at, t.aggregate_id, t.version, t.lane, t.drill, t.payload)
             IS DISTINCT FROM (j.event_type, j.at, j.aggregate_id, j.version, j.lane, j.drill, j.payload)",
    ),
];
