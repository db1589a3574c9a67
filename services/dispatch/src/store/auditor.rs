//! What the auditor reads: open cases in (tenant, id) order with their orders, the journal's last word of each, what is armed for it
//! and what is projected. One snapshot, nothing is locked.

use std::collections::BTreeMap;

use ids::TenantId;
use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

use super::{Key, columns};
use crate::core::auditor::{Kind, Row, Subject};

struct Found {
    tenant_id: i64,
    id: Uuid,
    changed_at: jiff_sqlx::Timestamp,
    event: Option<Vec<u8>>,
    wake_at: Option<jiff_sqlx::Timestamp>,
}

impl Found {
    fn subject(self, kind: Kind) -> Result<Subject, pg::Error> {
        let tenant = TenantId::from_i64(self.tenant_id);
        let tenant = tenant.map_err(|_| pg::Error::impossible_row("orders.tenant_id"))?;
        let (changed_at, wake_at) =
            (self.changed_at.to_jiff(), self.wake_at.map(jiff_sqlx::Timestamp::to_jiff));
        Ok(Subject { tenant, kind, id: self.id, changed_at, event: self.event, wake_at, rows: Vec::new() })
    }
}

fn subjects(found: Vec<Found>, kind: Kind) -> Result<Vec<Subject>, pg::Error> {
    found.into_iter().map(|found| found.subject(kind)).collect()
}

/// Open cases after this one. An event has an id of the day on which its subject changed, give or take a day: the others of the
/// journal's partitions are not looked at.
pub(crate) async fn cases(tx: &mut ScopedTx, after: Key, limit: i64) -> Result<Vec<Subject>, pg::Error> {
    let found = sqlx::query_as!(
        Found,
        r#"SELECT c.tenant_id, c.id, c.changed_at, j.payload AS "event?", w.due_at AS "wake_at?"
           FROM dispatch.cases c
           LEFT JOIN LATERAL (SELECT j.payload FROM dispatch.journal j WHERE j.tenant_id = c.tenant_id
               AND j.aggregate_id = c.id AND j.version = c.version
               AND j.id >= dispatch.uuid_of_day((c.changed_at AT TIME ZONE 'UTC')::date - 1)
               AND j.id < dispatch.uuid_of_day((c.changed_at AT TIME ZONE 'UTC')::date + 2) LIMIT 1) j ON true
           LEFT JOIN LATERAL (SELECT w.due_at FROM dispatch.wakeups w WHERE w.tenant_id = c.tenant_id
               AND w.kind = $4 AND w.subject_id = c.id LIMIT 1) w ON true
           WHERE (c.tenant_id, c.id) > ($1, $2) AND c.phase NOT IN ('closed', 'cancelled')
           ORDER BY c.tenant_id, c.id LIMIT $3"#,
        after.0.as_i64(),
        after.1,
        limit,
        Kind::Case.as_str(),
    )
    .fetch_all(&mut **tx)
    .await?;
    subjects(found, Kind::Case)
}

/// Orders of these cases that have not ended; one for information has no clocks.
pub(crate) async fn orders(tx: &mut ScopedTx, cases: &[Key]) -> Result<Vec<Subject>, pg::Error> {
    let (tenants, ids) = columns(cases);
    let found = sqlx::query_as!(
        Found,
        r#"SELECT o.tenant_id AS "tenant_id!", o.id AS "id!", o.changed_at AS "changed_at!", j.payload AS "event?",
               w.due_at AS "wake_at?"
           FROM UNNEST($1::bigint[], $2::uuid[]) AS k (tenant_id, id)
           CROSS JOIN LATERAL (SELECT * FROM dispatch.orders o WHERE o.tenant_id = k.tenant_id AND o.case_id = k.id
               AND o.role <> 'inform' AND o.phase NOT IN ('done', 'cancelled', 'returned', 'transferred', 'waived') OFFSET 0) o
           LEFT JOIN LATERAL (SELECT j.payload FROM dispatch.journal j WHERE j.tenant_id = o.tenant_id
               AND j.aggregate_id = o.id AND j.version = o.version
               AND j.id >= dispatch.uuid_of_day((o.changed_at AT TIME ZONE 'UTC')::date - 1)
               AND j.id < dispatch.uuid_of_day((o.changed_at AT TIME ZONE 'UTC')::date + 2) LIMIT 1) j ON true
           LEFT JOIN LATERAL (SELECT w.due_at FROM dispatch.wakeups w WHERE w.tenant_id = o.tenant_id
               AND w.kind = $3 AND w.subject_id = o.id LIMIT 1) w ON true"#,
        &tenants,
        &ids,
        Kind::Order.as_str(),
    )
    .fetch_all(&mut **tx)
    .await?;
    subjects(found, Kind::Order)
}

/// Gives each subject its rows of the projection, the latest round last.
pub(crate) async fn project(tx: &mut ScopedTx, subjects: &mut [Subject]) -> Result<(), pg::Error> {
    let tenants: Vec<i64> = subjects.iter().map(|subject| subject.tenant.as_i64()).collect();
    let kinds: Vec<String> = subjects.iter().map(|subject| subject.kind.as_str().to_owned()).collect();
    let ids: Vec<Uuid> = subjects.iter().map(|subject| subject.id).collect();
    let rows = sqlx::query!(
        r#"SELECT s.tenant_id, s.subject_kind, s.subject_id, s.stage, s.due_at AS "due_at: jiff_sqlx::Timestamp", s.calendar,
               s.awaiting_year, s.verdict, s.met_at AS "met_at: jiff_sqlx::Timestamp"
           FROM UNNEST($1::bigint[], $2::text[], $3::uuid[]) AS k (tenant_id, kind, id)
           CROSS JOIN LATERAL (SELECT * FROM dispatch.stages s WHERE s.tenant_id = k.tenant_id
               AND s.subject_kind = k.kind AND s.subject_id = k.id OFFSET 0) s
           ORDER BY s.round"#,
        &tenants,
        &kinds,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    let mut of_subject: BTreeMap<(i64, String, Uuid), Vec<Row>> = BTreeMap::new();
    let at =
        |at: Option<jiff_sqlx::Timestamp>| -> Option<Timestamp> { at.map(jiff_sqlx::Timestamp::to_jiff) };
    for row in rows {
        let (due_at, met_at) = (at(row.due_at), at(row.met_at));
        let awaiting_year = row.awaiting_year.map_or(Ok(0), u32::try_from);
        let awaiting_year = awaiting_year.map_err(|_| pg::Error::impossible_row("stages.awaiting_year"))?;
        let (calendar, verdict) = (row.calendar, row.verdict.unwrap_or_default());
        let subject = (row.tenant_id, row.subject_kind, row.subject_id);
        let row = Row { stage: row.stage, due_at, awaiting_year, calendar, verdict, met_at };
        of_subject.entry(subject).or_default().push(row);
    }
    for subject in subjects {
        let key = (subject.tenant.as_i64(), subject.kind.as_str().to_owned(), subject.id);
        subject.rows = of_subject.remove(&key).unwrap_or_default();
    }
    Ok(())
}
