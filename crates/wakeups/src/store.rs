//! All SQL of this crate.

use ids::TenantId;
use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

use crate::{Kind, Wakeup};

/// Arms or moves wake-ups, in the caller's transaction. The last instant given for a key counts.
pub async fn arm(tx: &mut ScopedTx, wakeups: &[Wakeup]) -> Result<(), pg::Error> {
    if wakeups.is_empty() {
        return Ok(());
    }
    let mut last = std::collections::BTreeMap::new();
    for wakeup in wakeups {
        last.insert((wakeup.tenant, wakeup.kind, wakeup.subject_id), wakeup.due_at);
    }
    let tenants: Vec<i64> = last.keys().map(|key| key.0.as_i64()).collect();
    let kinds: Vec<String> = last.keys().map(|key| key.1.to_owned()).collect();
    let subjects: Vec<Uuid> = last.keys().map(|key| key.2).collect();
    let dues: Vec<jiff_sqlx::Timestamp> = last.values().map(|due| (*due).into()).collect();
    sqlx::query!(
        "INSERT INTO wakeups (tenant_id, kind, subject_id, due_at)
         SELECT * FROM UNNEST($1::bigint[], $2::text[], $3::uuid[], $4::timestamptz[])
         ON CONFLICT (tenant_id, kind, subject_id) DO UPDATE SET due_at = excluded.due_at",
        &tenants,
        &kinds,
        &subjects,
        &dues,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes wake-ups whose subjects need none any more.
pub async fn disarm(tx: &mut ScopedTx, kind: Kind, subjects: &[(TenantId, Uuid)]) -> Result<(), pg::Error> {
    if subjects.is_empty() {
        return Ok(());
    }
    let tenants: Vec<i64> = subjects.iter().map(|subject| subject.0.as_i64()).collect();
    let ids: Vec<Uuid> = subjects.iter().map(|subject| subject.1).collect();
    sqlx::query!(
        "DELETE FROM wakeups w
         USING UNNEST($1::bigint[], $2::uuid[]) AS s (tenant_id, subject_id)
         WHERE w.tenant_id = s.tenant_id AND w.kind = $3 AND w.subject_id = s.subject_id",
        &tenants,
        &ids,
        kind,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// A claimed row: locked until the transaction ends.
pub(crate) struct Claimed {
    pub tenant_id: i64,
    pub subject_id: Uuid,
    pub due_at: jiff_sqlx::Timestamp,
}

/// Due rows of one kind, a few of each tenant, locked; rows another runner holds are skipped. The recursive part
/// walks the index from tenant to tenant, so a tenant with many due rows costs the others nothing (D30).
/// `now` is an index condition: a row that is not due cannot be returned.
pub(crate) async fn claim(
    tx: &mut ScopedTx,
    kind: Kind,
    now: Timestamp,
    rows_per_tenant: i64,
    rows_max: i64,
) -> Result<Vec<Claimed>, pg::Error> {
    let claimed = sqlx::query_as!(
        Claimed,
        r#"WITH RECURSIVE tenants AS (
               (SELECT tenant_id FROM wakeups WHERE kind = $1 ORDER BY tenant_id LIMIT 1)
               UNION ALL
               SELECT (SELECT w.tenant_id FROM wakeups w WHERE w.kind = $1 AND w.tenant_id > t.tenant_id
                       ORDER BY w.tenant_id LIMIT 1)
               FROM tenants t WHERE t.tenant_id IS NOT NULL
           )
           SELECT due.tenant_id, due.subject_id, due.due_at
           FROM tenants t
           CROSS JOIN LATERAL (
               SELECT w.tenant_id, w.subject_id, w.due_at FROM wakeups w
               WHERE w.tenant_id = t.tenant_id AND w.kind = $1 AND w.due_at <= $2
               ORDER BY w.due_at LIMIT $3
               FOR UPDATE SKIP LOCKED
           ) due
           LIMIT $4"#,
        kind,
        jiff_sqlx::Timestamp::from(now) as jiff_sqlx::Timestamp,
        rows_per_tenant,
        rows_max,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(claimed)
}

/// The least next instant of a kind: how long a runner may sleep.
pub(crate) async fn first_due(tx: &mut ScopedTx, kind: Kind) -> Result<Option<Timestamp>, pg::Error> {
    let due = sqlx::query_scalar!("SELECT due_at FROM wakeups WHERE kind = $1 ORDER BY due_at LIMIT 1", kind)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(due.map(jiff_sqlx::Timestamp::to_jiff))
}
