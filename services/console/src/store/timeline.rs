//! `console.timeline`.

use bytes::Bytes;
use contract::Envelope;
use ids::{CaseId, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

use super::{json, state};
use crate::core::news::{Detail, Line};

/// A line to enter: the event as it came, and what was read from it.
#[derive(Debug, Clone)]
pub(crate) struct NewLine {
    pub envelope: Envelope,
    pub payload: Bytes,
    pub line: Line,
}

/// A line with its position, for reading.
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
    /// Whether the caller's bodies may see it.
    pub visible: bool,
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
    visible: bool,
}

impl TryFrom<Row> for Entry {
    type Error = pg::Error;
    fn try_from(row: Row) -> Result<Self, pg::Error> {
        let Row {
            position, event_id, case_id, report_id, event_type, body, actor, trace_id, visible, ..
        } = row;
        let (at, detail) = (row.at.to_jiff(), state("reading timeline.detail", row.detail)?);
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
            visible,
        })
    }
}

/// Enters lines, each with a note that it waits for its position. A known line stays as it is.
pub(crate) async fn insert(tx: &mut ScopedTx, new: &[NewLine]) -> Result<(), pg::Error> {
    let tenants: Vec<i64> = new.iter().map(|new| new.envelope.tenant.as_i64()).collect();
    let ids: Vec<Uuid> = new.iter().map(|new| new.envelope.id.as_uuid()).collect();
    let cases: Vec<Option<Uuid>> = new.iter().map(|new| new.line.case_id).collect();
    let reports: Vec<Option<Uuid>> = new.iter().map(|new| new.line.report_id).collect();
    let kinds: Vec<String> = new.iter().map(|new| new.envelope.event_type.to_string()).collect();
    let times: Vec<jiff_sqlx::Timestamp> = new.iter().map(|new| new.envelope.time.into()).collect();
    let lanes: Vec<i16> = new.iter().map(|new| new.envelope.lane.rank()).collect();
    let aggregates: Vec<Uuid> = new.iter().map(|new| new.envelope.aggregate_id).collect();
    let versions: Vec<i64> = new.iter().map(|new| new.envelope.version as i64).collect();
    let drills: Vec<bool> = new.iter().map(|new| new.envelope.drill).collect();
    let bodies: Vec<Option<String>> = new.iter().map(|new| new.line.body.clone()).collect();
    let actors: Vec<Option<String>> = new.iter().map(|new| new.line.actor.clone()).collect();
    let traces: Vec<Option<String>> = new.iter().map(|new| trace_id(&new.envelope)).collect();
    let details = new.iter().map(|new| json(&new.line.detail)).collect::<Result<Vec<_>, _>>()?;
    let payloads: Vec<&[u8]> = new.iter().map(|new| &new.payload[..]).collect();
    sqlx::query!(
        "WITH entered AS (
             INSERT INTO console.timeline (tenant_id, event_id, case_id, report_id, event_type, at, lane,
                 aggregate_id, version, drill, body, actor, trace_id, detail, payload)
             SELECT * FROM UNNEST($1::bigint[], $2::uuid[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[],
                 $7::smallint[], $8::uuid[], $9::bigint[], $10::boolean[], $11::text[], $12::text[], $13::text[],
                 $14::jsonb[], $15::bytea[])
             ON CONFLICT (tenant_id, event_id) DO NOTHING
             RETURNING tenant_id, event_id)
         INSERT INTO console.unsequenced (tenant_id, event_id) SELECT tenant_id, event_id FROM entered",
        &tenants,
        &ids,
        &cases as &[Option<Uuid>],
        &reports as &[Option<Uuid>],
        &kinds,
        &times,
        &lanes,
        &aggregates,
        &versions,
        &drills,
        &bodies as &[Option<String>],
        &actors as &[Option<String>],
        &traces as &[Option<String>],
        &details,
        &payloads as &[&[u8]],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The trace id of a `traceparent`.
fn trace_id(envelope: &Envelope) -> Option<String> {
    envelope.traceparent.split('-').nth(1).map(str::to_owned)
}

/// The lines of a case and of the reports in it, after a position: the case's own, and those of the bodies.
pub(crate) async fn of_case(
    tx: &mut ScopedTx,
    tenant: TenantId,
    case_id: CaseId,
    bodies: Option<&[String]>,
    after: i64,
    limit: i64,
) -> Result<Vec<Entry>, pg::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT t.position AS "position!", t.event_id AS "event_id!", t.case_id, t.report_id,
               t.event_type AS "event_type!", t.at AS "at!", t.body, t.actor, t.trace_id, t.detail AS "detail!",
               true AS "visible!"
           FROM (
               SELECT * FROM console.timeline WHERE tenant_id = $1 AND case_id = $2
               UNION ALL
               SELECT l.* FROM console.reports r
               JOIN console.timeline l ON l.tenant_id = r.tenant_id AND l.report_id = r.report_id
               WHERE r.tenant_id = $1 AND r.case_id = $2 AND l.case_id IS NULL
           ) t
           WHERE t.position > $4 AND ($3::text[] IS NULL OR t.body IS NULL OR t.body = ANY ($3))
           ORDER BY t.position
           LIMIT $5"#,
        tenant.as_i64(),
        case_id.as_uuid(),
        bodies,
        after,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Entry::try_from).collect()
}

/// The next lines of a street after a position, invisible ones included, so that a reader's cursor moves past them:
/// a body's user sees its own lines, and the case's in cases with an order of its body.
pub(crate) async fn of_street(
    tx: &mut ScopedTx,
    tenant: TenantId,
    bodies: Option<&[String]>,
    after: i64,
    limit: i64,
) -> Result<Vec<Entry>, pg::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT t.position AS "position!", t.event_id, t.case_id, t.report_id, t.event_type, t.at, t.body, t.actor,
               t.trace_id, t.detail,
               CASE WHEN $2::text[] IS NULL THEN true
                   WHEN t.body IS NOT NULL THEN t.body = ANY ($2)
                   ELSE EXISTS (SELECT FROM console.case_orders o
                       WHERE o.tenant_id = t.tenant_id AND o.case_id = t.case_id AND o.body = ANY ($2))
               END AS "visible!"
           FROM console.timeline t
           WHERE t.tenant_id = $1 AND t.position > $3
           ORDER BY t.position
           LIMIT $4"#,
        tenant.as_i64(),
        bodies,
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
        r#"SELECT t.event_type AS "event_type!", t.at AS "at!"
           FROM (
               SELECT event_type, at, position FROM console.timeline
               WHERE tenant_id = $1 AND case_id = $3 AND event_type = ANY ($4)
                 AND (body IS NULL OR detail ->> 'role' = 'lead')
               UNION ALL
               SELECT event_type, at, position FROM console.timeline
               WHERE tenant_id = $1 AND report_id = $2 AND case_id IS NULL AND event_type = ANY ($4)
           ) t
           ORDER BY t.position NULLS LAST, t.at
           LIMIT $5"#,
        tenant.as_i64(),
        report_id,
        case_id,
        types,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    let step = |event_type, at: jiff_sqlx::Timestamp| Step { event_type, at: at.to_jiff() };
    Ok(rows.into_iter().map(|row| step(row.event_type, row.at)).collect())
}
