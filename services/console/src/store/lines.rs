//! Reading lines of `console.timeline` by their positions in `console.sequenced`.
//!
//! Which lines a caller sees is decided by positions, not by the time of reading: a line about a case is visible to a
//! body from the body's first order in the case on. So a stream that is read now and one that is read again later show
//! the same lines.

use ids::{CaseId, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

use super::state;
use crate::core::news::Detail;

/// Which lines of a street a caller may see. `None` is all of a kind, an empty list none.
#[derive(Debug, Clone)]
pub(crate) struct Sight {
    /// Lines about cases with an order of these bodies, and of their reports.
    pub cases: Option<Vec<String>>,
    /// Lines about orders of these bodies.
    pub orders: Option<Vec<String>>,
    /// Lines about deliveries to these bodies.
    pub deliveries: Option<Vec<String>>,
}

/// A line with its position.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    pub position: i64,
    pub event_id: Uuid,
    pub case_id: Option<Uuid>,
    pub report_id: Option<Uuid>,
    pub event_type: String,
    pub at: Timestamp,
    pub body: Option<String>,
    pub actor: Option<String>,
    pub trace_id: Option<String>,
    pub detail: Detail,
    /// A rehearsal.
    pub drill: bool,
    /// Whether the caller may see it.
    pub visible: bool,
    /// Whether it is the first order in its case of one of the caller's bodies: what is earlier of the case is visible
    /// from here on.
    pub opens_case: bool,
}

struct Row {
    position: i64,
    event_id: Uuid,
    case_id: Option<Uuid>,
    report_id: Option<Uuid>,
    event_type: String,
    at: jiff_sqlx::Timestamp,
    body: Option<String>,
    actor: Option<String>,
    trace_id: Option<String>,
    detail: serde_json::Value,
    drill: bool,
    visible: bool,
    opens_case: bool,
}

impl TryFrom<Row> for Entry {
    type Error = pg::Error;
    fn try_from(row: Row) -> Result<Self, pg::Error> {
        let detail = state("reading timeline.detail", row.detail)?;
        let Row {
            position, event_id, case_id, report_id, event_type, at, body, actor, trace_id, drill, ..
        } = row;
        let (at, visible, opens_case) = (at.to_jiff(), row.visible, row.opens_case);
        Ok(Self {
            position,
            event_id,
            case_id,
            report_id,
            event_type,
            at,
            body,
            actor,
            trace_id,
            detail,
            drill,
            visible,
            opens_case,
        })
    }
}

/// The lines of a case and of the reports in it, between two positions (both left out). Whether the caller may see
/// the case at all is asked before.
pub(crate) async fn of_case(
    tx: &mut ScopedTx,
    tenant: TenantId,
    case_id: CaseId,
    sight: &Sight,
    (after, before): (i64, i64),
    limit: i64,
) -> Result<Vec<Entry>, pg::Error> {
    let rows = sqlx::query_as!(
        Row,
        // The lines of the matter first: by its own order the planner would walk through the whole street.
        r#"WITH s AS MATERIALIZED (SELECT l.position, l.event_id
               FROM (SELECT $2::uuid AS id UNION ALL
                   SELECT r.report_id FROM console.reports r WHERE r.tenant_id = $1 AND r.case_id = $2) matter
               CROSS JOIN LATERAL (SELECT position, event_id FROM console.sequenced
                   WHERE tenant_id = $1 AND subject_id = matter.id
                   ORDER BY position OFFSET 0) l)
           SELECT s.position AS "position!", t.event_id AS "event_id!", t.case_id, t.report_id,
               t.event_type AS "event_type!", t.at AS "at!", t.body, t.actor, t.trace_id, t.detail AS "detail!", t.drill AS "drill!",
               true AS "visible!", false AS "opens_case!"
           FROM s
           CROSS JOIN LATERAL (SELECT * FROM console.timeline
               WHERE tenant_id = $1 AND event_id = s.event_id LIMIT 1) t
           WHERE s.position > $5 AND s.position < $6
             AND CASE WHEN t.event_type LIKE 'dispatch.order.%' THEN $3::text[] IS NULL OR t.body = ANY ($3)
                 WHEN t.event_type LIKE 'notification.%' THEN $4::text[] IS NULL OR t.body = ANY ($4)
                 ELSE true END
           ORDER BY s.position
           LIMIT $7"#,
        tenant.as_i64(),
        case_id.as_uuid(),
        sight.orders.as_deref(),
        sight.deliveries.as_deref(),
        after,
        before,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Entry::try_from).collect()
}

/// The lines of reports themselves before a position.
pub(crate) async fn of_reports(
    tx: &mut ScopedTx,
    tenant: TenantId,
    report_ids: &[Uuid],
    before: i64,
    limit: i64,
) -> Result<Vec<Entry>, pg::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT s.position AS "position!", t.event_id AS "event_id!", t.case_id, t.report_id,
               t.event_type AS "event_type!", t.at AS "at!", t.body, t.actor, t.trace_id, t.detail AS "detail!", t.drill AS "drill!",
               true AS "visible!", false AS "opens_case!"
           FROM (SELECT l.position, l.event_id FROM UNNEST($2::uuid[]) AS report (id)
               CROSS JOIN LATERAL (SELECT position, event_id FROM console.sequenced
                   WHERE tenant_id = $1 AND subject_id = report.id AND position < $3
                   ORDER BY position LIMIT $4) l) s
           CROSS JOIN LATERAL (SELECT * FROM console.timeline
               WHERE tenant_id = $1 AND event_id = s.event_id LIMIT 1) t
           ORDER BY s.position"#,
        tenant.as_i64(),
        report_ids,
        before,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Entry::try_from).collect()
}

/// The next lines of a street after a position, invisible ones included, so that a reader's cursor moves past them.
pub(crate) async fn of_street(
    tx: &mut ScopedTx,
    tenant: TenantId,
    sight: &Sight,
    after: i64,
    limit: i64,
) -> Result<Vec<Entry>, pg::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT l.position AS "position!", l.event_id AS "event_id!", l.case_id, l.report_id,
               l.event_type AS "event_type!", l.at AS "at!", l.body, l.actor, l.trace_id, l.detail AS "detail!", l.drill AS "drill!",
               CASE WHEN l.of_order THEN $3::text[] IS NULL OR l.body = ANY ($3)
                   WHEN l.event_type LIKE 'notification.%' THEN $4::text[] IS NULL OR l.body = ANY ($4)
                   ELSE $2::text[] IS NULL OR COALESCE(l.held_before, false)
               END AS "visible!",
               COALESCE(l.of_order AND l.body = ANY ($2) AND NOT l.held_before, false) AS "opens_case!"
           FROM (SELECT s.position, t.*, t.event_type LIKE 'dispatch.order.%' AS of_order,
                   -- The table of orders first: most cases have none of the caller's bodies.
                   CASE WHEN $2::text[] IS NOT NULL THEN EXISTS (SELECT FROM console.case_orders o
                           WHERE o.tenant_id = t.tenant_id AND o.case_id = t.case_id AND o.body = ANY ($2))
                       AND EXISTS (SELECT FROM console.sequenced e
                           JOIN console.timeline f ON f.tenant_id = e.tenant_id AND f.event_id = e.event_id
                           WHERE e.tenant_id = t.tenant_id AND e.subject_id = t.case_id AND e.position < s.position
                             AND f.event_type LIKE 'dispatch.order.%' AND f.body = ANY ($2))
                   END AS held_before
               FROM (SELECT * FROM console.sequenced WHERE tenant_id = $1 AND position > $5
                   ORDER BY position LIMIT $6) s
               -- One row by its key each time, whatever the planner thinks of a tenant's size.
               CROSS JOIN LATERAL (SELECT * FROM console.timeline
                   WHERE tenant_id = $1 AND event_id = s.event_id LIMIT 1) t) l
           ORDER BY l.position"#,
        tenant.as_i64(),
        sight.cases.as_deref(),
        sight.orders.as_deref(),
        sight.deliveries.as_deref(),
        after,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Entry::try_from).collect()
}

/// A step as a reporter sees it: its type and its time.
pub(crate) struct Step {
    pub event_type: String,
    pub at: Timestamp,
    /// Why nobody has to act.
    pub ground: Option<String>,
    /// What the person wrote who said so.
    pub note: Option<String>,
}

/// The steps of some types of a report and of the case it is in; of orders the lead's only.
pub(crate) async fn steps(
    tx: &mut ScopedTx,
    tenant: TenantId,
    report_id: Uuid,
    case_id: Option<Uuid>,
    types: &[String],
    limit: i64,
) -> Result<Vec<Step>, pg::Error> {
    let rows = sqlx::query!(
        r#"SELECT t.event_type, t.at, t.detail ->> 'ground' AS ground, t.detail ->> 'note' AS note
           FROM console.sequenced s
           JOIN console.timeline t ON t.tenant_id = s.tenant_id AND t.event_id = s.event_id
           WHERE s.tenant_id = $1 AND s.subject_id = ANY (ARRAY[$2, $3]::uuid[]) AND t.event_type = ANY ($4)
             AND (t.body IS NULL OR t.detail ->> 'role' = 'lead')
           ORDER BY s.position
           LIMIT $5"#,
        tenant.as_i64(),
        report_id,
        case_id,
        types,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    let rows = rows.into_iter();
    Ok(rows
        .map(|row| Step {
            event_type: row.event_type,
            at: row.at.to_jiff(),
            ground: row.ground,
            note: row.note,
        })
        .collect())
}

/// A line of a drill, without its position: whoever drilled looks before that is given.
#[derive(Debug, Clone)]
pub(crate) struct DrillLine {
    pub case_id: Option<Uuid>,
    pub event_type: String,
    pub at: Timestamp,
    pub body: Option<String>,
    pub detail: Detail,
}

/// What a drill's report and its case have said, in the order of their times. Nothing of what is no drill.
pub(crate) async fn of_drill(
    tx: &mut ScopedTx,
    tenant: TenantId,
    report_id: Uuid,
    limit: i64,
) -> Result<Vec<DrillLine>, pg::Error> {
    let rows = sqlx::query!(
        r#"SELECT t.case_id, t.event_type, t.at, t.body, t.detail
           FROM console.timeline t
           WHERE t.tenant_id = $1 AND t.report_id = $2 AND t.case_id IS NULL AND t.drill
           UNION ALL
           SELECT t.case_id, t.event_type, t.at, t.body, t.detail
           FROM console.timeline t
           WHERE t.tenant_id = $1 AND t.drill
             AND t.case_id = (SELECT r.case_id FROM console.reports r WHERE r.tenant_id = $1 AND r.report_id = $2)
           ORDER BY 3, 2
           LIMIT $3"#,
        tenant.as_i64(),
        report_id,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read =
        |case_id, event_type: Option<String>, at: Option<jiff_sqlx::Timestamp>, body, detail: Option<_>| {
            let impossible = || pg::Error::impossible_row("console.timeline");
            Ok(DrillLine {
                case_id,
                event_type: event_type.ok_or_else(impossible)?,
                at: at.ok_or_else(impossible)?.to_jiff(),
                body,
                detail: state("reading timeline.detail", detail.ok_or_else(impossible)?)?,
            })
        };
    rows.into_iter().map(|row| read(row.case_id, row.event_type, row.at, row.body, row.detail)).collect()
}
