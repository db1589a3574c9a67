//! Invariants that are a query: each returns what must not be there.

use anyhow::Result;
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

use super::{Violation, readmodel};
use crate::load::{Call, Outcome};

#[cfg(test)]
mod tests;

/// (invariant, what the rows are, a query that returns one text per violation).
const QUERIES: &[(&str, &str, &str)] = &[
    (
        "I1",
        "acked report that is not in exactly one case or at the review desk",
        "SELECT a.report_id::text FROM checker.calls a
         LEFT JOIN (SELECT report_id, count(*) AS n FROM triage.voices GROUP BY 1) v USING (report_id)
         LEFT JOIN (SELECT report_id, count(*) AS n FROM triage.reviews
             WHERE decided_at IS NULL OR outcome = 'rejected' GROUP BY 1) r
             USING (report_id)
         WHERE a.acked AND coalesce(v.n, 0) + coalesce(r.n, 0) <> 1",
    ),
    (
        "I1",
        "report on the record that is in more than one case",
        "SELECT report_id::text FROM triage.voices GROUP BY report_id HAVING count(*) > 1",
    ),
    (
        "I2",
        "report without a call",
        "SELECT r.report_id::text FROM intake.reports r
         WHERE EXISTS (SELECT FROM checker.calls) AND NOT EXISTS
             (SELECT FROM checker.calls c WHERE c.report_id = r.report_id)",
    ),
    (
        "I3",
        "order that exists twice for one case, round, body and role",
        "SELECT case_id || ' ' || body || ' ' || role FROM dispatch.orders
         WHERE phase NOT IN ('cancelled', 'returned', 'transferred', 'waived')
         GROUP BY tenant_id, case_id, round, body, role HAVING count(*) > 1",
    ),
    (
        "I3",
        "routed case whose orders are not exactly its plan",
        "SELECT t.case_id::text FROM triage.cases t
         WHERE cardinality(t.bodies) <> (SELECT count(*) FROM dispatch.orders o
             -- What was returned or transferred goes on in another order, which no plan names.
             WHERE o.tenant_id = t.tenant_id AND o.case_id = t.case_id AND o.round = 1
                 AND NOT o.state ? 'follows')
             -- A plan that was drawn anew is followed upon the orders that are there; while it waited there were none.
             AND NOT EXISTS (SELECT FROM triage.reroutes r
                 JOIN triage.journal j ON j.tenant_id = r.tenant_id AND j.aggregate_id = r.case_id
                     AND j.event_type = 'triage.case.routed' AND j.version < r.version
                 WHERE r.tenant_id = t.tenant_id AND r.case_id = t.case_id)",
    ),
    (
        "I4",
        "aggregate whose versions are not 1..n",
        "SELECT event_type || ' ' || aggregate_id FROM (
             SELECT min(event_type) AS event_type, aggregate_id, count(*) AS n, min(version) AS low,
                 max(version) AS high, count(DISTINCT version) AS distinct_n
             FROM (SELECT 'intake' AS s, * FROM intake.journal UNION ALL SELECT 'triage', * FROM triage.journal
                 UNION ALL SELECT 'dispatch', * FROM dispatch.journal
                 UNION ALL SELECT 'notification', * FROM notification.journal) j
             GROUP BY s, tenant_id, aggregate_id) g
         WHERE n <> high OR low <> 1 OR distinct_n <> n",
    ),
    (
        "I4",
        "stored order or case whose version is not its last event's",
        "SELECT id::text FROM (SELECT tenant_id, id, version FROM dispatch.orders
             UNION ALL SELECT tenant_id, id, version FROM dispatch.cases) s
         WHERE version <> (SELECT max(j.version) FROM dispatch.journal j
             WHERE j.tenant_id = s.tenant_id AND j.aggregate_id = s.id)",
    ),
    (
        "I4",
        "order whose clocks stand still while its return waits",
        "SELECT id::text FROM dispatch.orders WHERE state ? 'returning' AND state ? 'suspended'",
    ),
    (
        "I5",
        "stage of an ended order or round without a verdict",
        "SELECT s.subject_id || ' ' || s.stage FROM dispatch.stages s
         JOIN dispatch.orders o ON o.tenant_id = s.tenant_id AND o.id = s.subject_id
         WHERE o.phase IN ('done', 'cancelled', 'returned', 'transferred', 'waived') AND s.verdict IS NULL",
    ),
    (
        "I6",
        "breach recorded before its due time",
        "SELECT subject_id || ' ' || stage FROM dispatch.stages WHERE verdict = 'breached' AND verdict_at < due_at",
    ),
    (
        "I6",
        "wake-up that is more than 30 s late",
        "SELECT kind || ' ' || subject_id FROM (SELECT * FROM triage.wakeups UNION ALL SELECT * FROM dispatch.wakeups
             UNION ALL SELECT * FROM notification.wakeups) w
         WHERE due_at < clock_timestamp() - interval '30 seconds'",
    ),
    (
        "I6",
        "report that waits for a person without a clock, or that nothing wakes",
        // Twice what a sweep takes: it gives a clock to what an older build put onto a desk.
        "SELECT r.report_id::text FROM triage.reviews r
         WHERE r.decided_at IS NULL AND r.requested_at < clock_timestamp() - interval '60 seconds'
             AND CASE WHEN r.due_at IS NULL OR (r.reminded AND r.desk = 'street') THEN true
                 ELSE NOT r.reminded AND NOT EXISTS (SELECT FROM triage.wakeups w WHERE w.tenant_id = r.tenant_id
                     AND w.kind = 'report_review' AND w.subject_id = r.report_id) END",
    ),
    (
        "I7",
        "event of an order that its body was not told",
        "SELECT j.event_type || ' ' || j.id FROM dispatch.journal j
         JOIN dispatch.orders o ON o.tenant_id = j.tenant_id AND o.id = j.aggregate_id
         WHERE split_part(j.event_type, '.', 3) IN ('dispatched', 'warned', 'breached', 'cancelled', 'return_refused',
             'returned', 'transferred', 'waived', 'urged', 'supervised', 'time_refused',
                'extended', 'suspended', 'resumed', 'replanned')
           AND NOT EXISTS (SELECT FROM notification.deliveries d
               WHERE d.tenant_id = j.tenant_id AND d.source_event_id = j.id AND d.body = o.body)",
    ),
    (
        "I7",
        "escalation that nobody was told",
        "SELECT j.id::text FROM dispatch.journal j
         WHERE j.event_type IN ('dispatch.order.escalated', 'dispatch.case.escalated')
           AND NOT EXISTS (SELECT FROM notification.deliveries d
               WHERE d.tenant_id = j.tenant_id AND d.source_event_id = j.id)",
    ),
    (
        "I7",
        "re-routed case of which a body that keeps its order was not told",
        "SELECT j.id || ' ' || o.body FROM dispatch.journal j
         JOIN dispatch.cases c ON c.tenant_id = j.tenant_id AND c.id = j.aggregate_id
         JOIN dispatch.orders o ON o.tenant_id = c.tenant_id AND o.case_id = c.id
         WHERE j.event_type = 'dispatch.case.rerouted' AND o.dispatched_at < j.at
           AND (o.changed_at > j.at OR o.phase NOT IN ('done', 'cancelled', 'returned', 'transferred', 'waived'))
           -- The case keeps what is off its last plan only.
           AND NOT coalesce((c.state -> 'off_plan') ? o.id::text, false)
           AND NOT EXISTS (SELECT FROM dispatch.journal l WHERE l.tenant_id = j.tenant_id
               AND l.aggregate_id = j.aggregate_id AND l.event_type = j.event_type AND l.version > j.version)
           AND NOT EXISTS (SELECT FROM notification.deliveries d
               WHERE d.tenant_id = j.tenant_id AND d.source_event_id = j.id AND d.body = o.body)",
    ),
    (
        "I7",
        "round number of voices that a body of the case was not told",
        // Triage says opened, routed, and then one event a voice: the second voice is its third version.
        "SELECT j.id || ' ' || told.body FROM triage.journal j
         JOIN triage.cases c ON c.tenant_id = j.tenant_id AND c.case_id = j.aggregate_id
         CROSS JOIN LATERAL unnest(c.bodies) AS told (body)
         WHERE j.event_type = 'triage.case.joined'
           AND (j.version - 1)::text ~ '^(1|2|5)0*$' AND j.version > 2
           AND NOT EXISTS (SELECT FROM notification.deliveries d
               WHERE d.tenant_id = j.tenant_id AND d.source_event_id = j.id AND d.body = told.body)",
    ),
    (
        "I7",
        "report that waits for a person and of which nobody was told",
        "SELECT j.id::text FROM triage.journal j WHERE j.event_type = 'triage.case.review_requested'
           AND NOT EXISTS (SELECT FROM notification.deliveries d
               WHERE d.tenant_id = j.tenant_id AND d.source_event_id = j.id AND d.report_id = j.aggregate_id)",
    ),
    (
        "I7",
        "delivery that is neither decided nor armed",
        "SELECT d.id::text FROM notification.deliveries d
         WHERE d.state IN ('pending', 'sending') AND NOT EXISTS (SELECT FROM notification.wakeups w
             WHERE w.tenant_id = d.tenant_id AND w.subject_id = d.id)",
    ),
    (
        "I9",
        "event whose payload does not name its own tenant",
        "SELECT id::text FROM (SELECT * FROM intake.journal UNION ALL SELECT * FROM triage.journal
             UNION ALL SELECT * FROM dispatch.journal UNION ALL SELECT * FROM notification.journal) j
         WHERE position(convert_to(tenant_id::text, 'UTF8') IN payload) = 0",
    ),
    (
        "I9",
        "delivery whose body names another street than its tenant",
        "SELECT id::text FROM notification.deliveries
         WHERE convert_from(payload, 'UTF8')::jsonb ->> 'street' <> tenant_id::text",
    ),
    (
        "I9",
        "order, voice or delivery of a case of another tenant",
        "SELECT o.id::text FROM dispatch.orders o JOIN triage.cases c ON c.case_id = o.case_id
             WHERE c.tenant_id <> o.tenant_id
         UNION ALL SELECT v.report_id::text FROM triage.voices v JOIN intake.reports r ON r.report_id = v.report_id
             WHERE v.tenant_id <> r.tenant_id
         UNION ALL SELECT d.id::text FROM notification.deliveries d JOIN dispatch.cases c ON c.id = d.case_id
             WHERE c.tenant_id <> d.tenant_id",
    ),
    (
        "I13",
        "service whose outbox is not empty",
        "SELECT s || ' ' || n FROM (SELECT 'intake' AS s, count(*) AS n FROM intake.outbox_pending
             UNION ALL SELECT 'triage', count(*) FROM triage.outbox_pending
             UNION ALL SELECT 'dispatch', count(*) FROM dispatch.outbox_pending
             UNION ALL SELECT 'notification', count(*) FROM notification.outbox_pending) o WHERE n > 0",
    ),
    (
        "I13",
        "event that its hearer never applied",
        "SELECT j.event_type || ' ' || j.id FROM intake.journal j WHERE NOT EXISTS
             (SELECT FROM triage.inbox i WHERE i.message_id = j.id AND i.consumer LIKE 'triage-intake-%')
         UNION ALL SELECT j.event_type || ' ' || j.id FROM triage.journal j
         WHERE j.event_type IN ('triage.case.routed', 'triage.case.rerouted', 'triage.case.merged') AND NOT EXISTS
             (SELECT FROM dispatch.inbox i WHERE i.message_id = j.id)",
    ),
    (
        "I13",
        "merged case whose orders go on beside those of the case that stays",
        "SELECT t.case_no FROM triage.cases t JOIN dispatch.cases d ON d.tenant_id = t.tenant_id AND d.id = t.case_id
         WHERE t.standing = 'merged' AND d.phase NOT IN ('closed', 'cancelled') AND NOT EXISTS
             (SELECT FROM dispatch.cases o WHERE o.tenant_id = t.tenant_id AND o.id = t.merged_into AND o.phase = 'closed')",
    ),
    (
        "I17",
        "tenant whose generation is not that of its manifests",
        "SELECT t.tenant_id::text FROM directory.tenants t
         LEFT JOIN (SELECT tenant_id, count(*) AS n, max(generation) AS high FROM directory.manifests GROUP BY 1) m
             USING (tenant_id)
         -- A code that was removed goes on above its tombstone.
         LEFT JOIN (SELECT removed_id AS tenant_id, max(generation) AS removed FROM directory.removal_log GROUP BY 1) r
             USING (tenant_id)
         WHERE t.generation = 0 OR m.n + coalesce(r.removed, 0) IS DISTINCT FROM t.generation OR m.high IS DISTINCT FROM t.generation",
    ),
    (
        "I17",
        "manifest without every part of its documents, or document without its manifest",
        // A street has its territory as a part of its own; a classifier is no part of a manifest.
        "SELECT coalesce(m.tenant_id, j.tenant_id) || ' ' || coalesce(m.generation, j.version) FROM directory.manifests m
         LEFT JOIN directory.tenants t USING (tenant_id)
         FULL JOIN (SELECT tenant_id, version, count(DISTINCT event_type) AS parts FROM directory.journal
             WHERE event_type IN ('directory.document.core', 'directory.document.territory', 'directory.document.people')
             GROUP BY 1, 2) j
             ON j.tenant_id = m.tenant_id AND j.version = m.generation
         WHERE j.parts IS DISTINCT FROM CASE t.kind WHEN 'street' THEN 3 ELSE 2 END OR m.generation IS NULL",
    ),
    (
        "I15",
        "refused report that left something",
        "SELECT c.report_id::text FROM checker.calls c WHERE c.refused
         AND EXISTS (SELECT FROM intake.reports r WHERE r.report_id = c.report_id)",
    ),
];

/// Puts the history where queries can see it.
pub(super) async fn history(admin: &PgPool, calls: &[Call]) -> Result<()> {
    let schema = "CREATE SCHEMA IF NOT EXISTS checker; DROP TABLE IF EXISTS checker.calls;
        CREATE TABLE checker.calls (report_id uuid PRIMARY KEY, acked boolean NOT NULL, refused boolean NOT NULL)";
    sqlx::raw_sql(schema).execute(admin).await?;
    let ids: Vec<Uuid> = calls.iter().map(|call| call.report_id.as_uuid()).collect();
    let acked: Vec<bool> = calls.iter().map(|call| matches!(call.outcome, Outcome::Acked { .. })).collect();
    // 429 and 5xx say nothing about a later try with the same key; a 4xx is final.
    let refused: Vec<bool> = calls
        .iter()
        .map(|call| matches!(call.outcome, Outcome::Refused(status) if (400..500).contains(&status) && status != 429))
        .collect();
    sqlx::query("INSERT INTO checker.calls SELECT * FROM UNNEST($1::uuid[], $2::boolean[], $3::boolean[])")
        .bind(&ids)
        .bind(&acked)
        .bind(&refused)
        .execute(admin)
        .await?;
    Ok(())
}

/// Runs all queries; at most a handful of examples each.
pub(super) async fn check(admin: &PgPool) -> Result<Vec<Violation>> {
    let mut violations = Vec::new();
    for (invariant, what, query) in QUERIES.iter().chain(readmodel::QUERIES) {
        let limited = format!("SELECT * FROM ({query}) q (found) LIMIT 5");
        let rows: Vec<String> = sqlx::query_scalar(AssertSqlSafe(limited)).fetch_all(admin).await?;
        violations
            .extend(rows.into_iter().map(|row| Violation { invariant, found: format!("{what}: {row}") }));
    }
    Ok(violations)
}

/// Of what may move, what waits for the console.
pub(super) const OF_CONSOLE: [&str; 2] = ["events not on the timeline", "lines without a position"];

/// What still moves, in words, these things left out; empty when all is quiet.
pub(super) async fn moving(admin: &PgPool, leaving_out: &[&str]) -> Result<String> {
    let query = "SELECT string_agg(what || ' ' || n, ', ') FROM (
        SELECT 'intake outbox' AS what, count(*) AS n FROM intake.outbox_pending
        UNION ALL SELECT 'triage outbox', count(*) FROM triage.outbox_pending
        UNION ALL SELECT 'dispatch outbox', count(*) FROM dispatch.outbox_pending
        UNION ALL SELECT 'notification outbox', count(*) FROM notification.outbox_pending
        UNION ALL SELECT 'reports not triaged', count(*) FROM intake.journal j WHERE NOT EXISTS
            (SELECT FROM triage.inbox i WHERE i.message_id = j.id)
        UNION ALL SELECT 'wake-ups of triage that are due', count(*) FROM triage.wakeups
            WHERE due_at < clock_timestamp() - interval '10 seconds'
        UNION ALL SELECT 'reports that wait without a clock', count(*) FROM triage.reviews
            WHERE decided_at IS NULL AND (due_at IS NULL OR (reminded AND desk = 'street'))
        UNION ALL SELECT 'cases not dispatched', count(*) FROM triage.cases t WHERE NOT EXISTS
            (SELECT FROM dispatch.cases d WHERE d.tenant_id = t.tenant_id AND d.id = t.case_id)
        UNION ALL SELECT 'orders not heard', count(*) FROM dispatch.journal j
            WHERE (split_part(j.event_type, '.', 3) IN ('dispatched', 'warned', 'breached', 'escalated', 'cancelled',
                'return_refused', 'returned', 'transferred', 'waived', 'urged', 'supervised', 'time_refused',
                'extended', 'suspended', 'resumed', 'replanned')
            AND split_part(j.event_type, '.', 2) = 'order'
                OR j.event_type IN ('dispatch.case.rerouted', 'dispatch.case.escalated')) AND NOT EXISTS
            (SELECT FROM notification.inbox i WHERE i.message_id = j.id)
        UNION ALL SELECT 'reports that wait and are not heard of', count(*) FROM triage.journal j
            WHERE j.event_type = 'triage.case.review_requested' AND NOT EXISTS
            (SELECT FROM notification.inbox i WHERE i.message_id = j.id)
        UNION ALL SELECT 'deliveries under way', count(*) FROM notification.deliveries
            WHERE state IN ('pending', 'sending')
        UNION ALL SELECT 'events not on the timeline', count(*) FROM
            (SELECT tenant_id, id FROM intake.journal UNION ALL SELECT tenant_id, id FROM triage.journal UNION ALL SELECT tenant_id, id FROM dispatch.journal
             UNION ALL SELECT tenant_id, id FROM notification.journal) j
            WHERE NOT EXISTS (SELECT FROM console.timeline t WHERE t.tenant_id = j.tenant_id AND t.event_id = j.id)
        UNION ALL SELECT 'lines without a position', count(*) FROM console.unsequenced
        ) m WHERE n > 0 AND what <> ALL($1)";
    let leaving_out: Vec<String> = leaving_out.iter().map(|what| (*what).to_owned()).collect();
    let moving: Option<String> = sqlx::query_scalar(query).bind(&leaving_out).fetch_one(admin).await?;
    Ok(moving.unwrap_or_default())
}

/// The deliveries that still move, in groups, for whoever looks for what keeps them.
pub(super) async fn deliveries_under_way(admin: &PgPool) -> Result<String> {
    let query = "SELECT string_agg(format('%s × %s %s attempts %s, next %s to %s, wake-up %s', n, endpoint, state, attempts, first, last, wakeup), '; ')
        FROM (SELECT d.endpoint_key AS endpoint, d.state, d.attempts, count(*) AS n,
            round(extract(epoch FROM min(d.next_attempt_at) - clock_timestamp())) || ' s' AS first,
            round(extract(epoch FROM max(d.next_attempt_at) - clock_timestamp())) || ' s' AS last,
            round(extract(epoch FROM min(w.due_at) - clock_timestamp())) || ' s' AS wakeup
            FROM notification.deliveries d LEFT JOIN notification.wakeups w
                ON w.tenant_id = d.tenant_id AND w.kind = 'delivery' AND w.subject_id = d.id
            WHERE d.state IN ('pending', 'sending') GROUP BY 1, 2, 3 ORDER BY n DESC LIMIT 8) g";
    let groups: Option<String> = sqlx::query_scalar(query).fetch_one(admin).await?;
    Ok(groups.unwrap_or_default())
}

/// Every table of these schemas.
pub(super) async fn tables(admin: &PgPool, schemas: &[&str]) -> Result<Vec<String>> {
    let schemas: Vec<String> = schemas.iter().map(|schema| (*schema).to_owned()).collect();
    let query = "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = ANY($1) ORDER BY 1";
    Ok(sqlx::query_scalar(query).bind(&schemas).fetch_all(admin).await?)
}

/// Rows whose text form holds a word, readable or inside bytes (which print as hex).
pub(super) async fn rows_with(admin: &PgPool, table: &str, word: &str) -> Result<i64> {
    let hex: String = word.bytes().map(|byte| format!("{byte:02x}")).collect();
    let query =
        format!("SELECT count(*) FROM {table} t WHERE strpos(t::text, $1) > 0 OR strpos(t::text, $2) > 0");
    Ok(sqlx::query_scalar(AssertSqlSafe(query)).bind(word).bind(hex).fetch_one(admin).await?)
}
