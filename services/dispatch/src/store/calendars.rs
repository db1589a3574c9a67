//! `dispatch.calendars`, the publications there ever were, and which cases have clocks that run.

use std::sync::Arc;

use ids::{CaseId, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;
use sla::Calendar;
use sqlx::types::Json;
use uuid::Uuid;

use super::{column, states};
use crate::core::stages;

/// A publication as it counts in a street.
#[derive(Debug, Clone)]
pub(crate) struct Publication {
    pub tenant: TenantId,
    pub calendar: Arc<Calendar>,
}

/// Keeps publications; those that are there stay as they are.
pub(crate) async fn keep(
    tx: &mut ScopedTx,
    publications: &[Publication],
    now: Timestamp,
) -> Result<(), pg::Error> {
    let specs = states(publications.iter().map(|publication| &*publication.calendar));
    sqlx::query!(
        "INSERT INTO dispatch.calendars (tenant_id, id, version, spec, seen_at)
         SELECT n.*, $5 FROM UNNEST($1::bigint[], $2::text[], $3::bigint[], $4::jsonb[]) AS n (tenant_id, id, version, spec)
         ORDER BY n.tenant_id, n.id, n.version
         ON CONFLICT (tenant_id, id, version) DO NOTHING",
        &column(publications, |publication| publication.tenant.as_i64()),
        &column(publications, |publication| publication.calendar.reference().id.clone()),
        &column(publications, |publication| publication.calendar.reference().version as i64),
        &specs as &[Json<&Calendar>],
        jiff_sqlx::Timestamp::from(now) as jiff_sqlx::Timestamp,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Which of these are not kept yet.
pub(crate) async fn missing(
    tx: &mut ScopedTx,
    publications: Vec<Publication>,
) -> Result<Vec<Publication>, pg::Error> {
    let missing = sqlx::query_scalar!(
        r#"SELECT k.nth AS "nth!"
         FROM UNNEST($1::bigint[], $2::text[], $3::bigint[]) WITH ORDINALITY AS k (tenant_id, id, version, nth)
         WHERE NOT EXISTS (SELECT FROM dispatch.calendars c
             WHERE c.tenant_id = k.tenant_id AND c.id = k.id AND c.version = k.version)
         ORDER BY k.nth"#,
        &column(&publications, |publication| publication.tenant.as_i64()),
        &column(&publications, |publication| publication.calendar.reference().id.clone()),
        &column(&publications, |publication| publication.calendar.reference().version as i64),
    )
    .fetch_all(&mut **tx)
    .await?;
    let missing: std::collections::BTreeSet<i64> = missing.into_iter().collect();
    let numbered = (1_i64..).zip(publications);
    Ok(numbered.filter(|(nth, _)| missing.contains(nth)).map(|(_, publication)| publication).collect())
}

/// Every publication of these calendars, oldest first.
pub(crate) async fn of(
    tx: &mut ScopedTx,
    calendars: &[(TenantId, String)],
) -> Result<Vec<Publication>, pg::Error> {
    let rows = sqlx::query!(
        r#"SELECT c.tenant_id, c.spec AS "spec: Json<Calendar>"
         FROM dispatch.calendars c
         JOIN UNNEST($1::bigint[], $2::text[]) AS k (tenant_id, id) ON c.tenant_id = k.tenant_id AND c.id = k.id
         ORDER BY c.tenant_id, c.id, c.version"#,
        &column(calendars, |(tenant, _)| tenant.as_i64()),
        &column(calendars, |(_, id)| id.clone()),
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let tenant = TenantId::from_i64(row.tenant_id);
        let tenant = tenant.map_err(|_| pg::Error::impossible_row("calendars.tenant_id"))?;
        Ok(Publication { tenant, calendar: Arc::new(row.spec.0) })
    });
    read.collect()
}

/// Cases of a street with a clock on a calendar in which something is armed, in order and behind a cursor; with them how many
/// there are behind it. A clock that runs is armed, and of all that is armed few are of ended cases: so nothing else is looked at.
pub(crate) async fn running(
    tx: &mut ScopedTx,
    tenant: TenantId,
    calendar: &str,
    after: Option<CaseId>,
    cases_max: i64,
) -> Result<(Vec<Uuid>, i64), pg::Error> {
    let rows = sqlx::query!(
        r#"SELECT c.id, count(*) OVER () AS "left!"
         FROM (
             SELECT o.case_id AS id FROM dispatch.wakeups w
             JOIN dispatch.orders o ON o.tenant_id = w.tenant_id AND o.id = w.subject_id
             WHERE w.tenant_id = $1 AND w.kind = $2 AND EXISTS (SELECT FROM dispatch.stages s
                 WHERE s.tenant_id = w.tenant_id AND s.subject_kind = 'order' AND s.subject_id = w.subject_id
                     AND s.calendar = $4)
             UNION
             SELECT w.subject_id FROM dispatch.wakeups w
             WHERE w.tenant_id = $1 AND w.kind = $3 AND EXISTS (SELECT FROM dispatch.stages s
                 WHERE s.tenant_id = w.tenant_id AND s.subject_kind = 'case' AND s.subject_id = w.subject_id
                     AND s.calendar = $4)
             UNION
             SELECT o.case_id FROM dispatch.wakeups w
             JOIN dispatch.orders o ON o.tenant_id = w.tenant_id AND o.case_id = w.subject_id
             WHERE w.tenant_id = $1 AND w.kind = $3 AND EXISTS (SELECT FROM dispatch.stages s
                 WHERE s.tenant_id = o.tenant_id AND s.subject_kind = 'return' AND s.subject_id = o.id
                     AND s.calendar = $4)
         ) r
         JOIN dispatch.cases c ON c.tenant_id = $1 AND c.id = r.id
         WHERE ($5::uuid IS NULL OR c.id > $5)
         ORDER BY c.id LIMIT $6"#,
        tenant.as_i64(),
        stages::ORDER,
        stages::CASE,
        calendar,
        after.map(CaseId::as_uuid),
        cases_max,
    )
    .fetch_all(&mut **tx)
    .await?;
    let left = rows.first().map_or(0, |row| row.left);
    Ok((rows.into_iter().map(|row| row.id).collect(), left))
}
