//! All SQL of this crate.

use std::collections::BTreeMap;

use ids::TenantId;
use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

use crate::{Kind, Wakeup};

/// Arms or moves wake-ups, in the caller's transaction. The last instant given for a key counts. After the commit
/// runners of this process that sleep beyond it look at once.
pub async fn arm(tx: &mut ScopedTx, wakeups: &[Wakeup]) -> Result<(), pg::Error> {
    let mut last = BTreeMap::new();
    for wakeup in wakeups {
        last.insert((wakeup.tenant, wakeup.kind, wakeup.subject_id), wakeup.due_at);
    }
    let (mut claimed, mut others) = (Vec::new(), Vec::new());
    for ((tenant, kind, subject_id), due_at) in last {
        tx.announce(kind, due_at);
        match tx.places().take(tenant, kind, subject_id) {
            Some(place) => claimed.push((place, due_at)),
            None => others.push(Wakeup { tenant, kind, subject_id, due_at }),
        }
    }
    move_claimed(tx, claimed).await?;
    arm_by_key(tx, &others).await
}

/// Moves rows that this transaction has claimed: they are where they were.
async fn move_claimed(tx: &mut ScopedTx, claimed: Vec<(String, Timestamp)>) -> Result<(), pg::Error> {
    if claimed.is_empty() {
        return Ok(());
    }
    let (places, dues): (Vec<String>, Vec<_>) =
        claimed.into_iter().map(|(place, due_at)| (place, jiff_sqlx::Timestamp::from(due_at))).unzip();
    let moved = sqlx::query!(
        "UPDATE wakeups w SET due_at = n.due_at
         FROM UNNEST($1::text[]::tid[], $2::timestamptz[]) AS n (place, due_at)
         WHERE w.ctid = n.place",
        &places,
        &dues,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("arming claimed wake-ups", moved.rows_affected(), places.len())
}

async fn arm_by_key(tx: &mut ScopedTx, wakeups: &[Wakeup]) -> Result<(), pg::Error> {
    if wakeups.is_empty() {
        return Ok(());
    }
    let tenants: Vec<i64> = wakeups.iter().map(|wakeup| wakeup.tenant.as_i64()).collect();
    let kinds: Vec<String> = wakeups.iter().map(|wakeup| wakeup.kind.to_owned()).collect();
    let subjects: Vec<Uuid> = wakeups.iter().map(|wakeup| wakeup.subject_id).collect();
    let dues: Vec<jiff_sqlx::Timestamp> = wakeups.iter().map(|wakeup| wakeup.due_at.into()).collect();
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

/// Moves the due time of a wake-up that could not be fired, unless somebody moved it meanwhile.
pub(crate) async fn put_off(tx: &mut ScopedTx, wakeup: &Wakeup, later: Timestamp) -> Result<(), pg::Error> {
    sqlx::query!(
        "UPDATE wakeups SET due_at = $5
         WHERE tenant_id = $1 AND kind = $2 AND subject_id = $3 AND due_at = $4",
        wakeup.tenant.as_i64(),
        wakeup.kind,
        wakeup.subject_id,
        jiff_sqlx::Timestamp::from(wakeup.due_at) as jiff_sqlx::Timestamp,
        jiff_sqlx::Timestamp::from(later) as jiff_sqlx::Timestamp,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Removes wake-ups whose subjects need none any more.
pub async fn disarm(tx: &mut ScopedTx, kind: Kind, subjects: &[(TenantId, Uuid)]) -> Result<(), pg::Error> {
    let (mut claimed, mut others) = (Vec::new(), Vec::new());
    for subject in subjects {
        match tx.places().take(subject.0, kind, subject.1) {
            Some(place) => claimed.push(place),
            None => others.push(*subject),
        }
    }
    remove_claimed(tx, &claimed).await?;
    disarm_by_key(tx, kind, &others).await
}

/// Removes rows that this transaction has claimed: they are where they were.
async fn remove_claimed(tx: &mut ScopedTx, places: &[String]) -> Result<(), pg::Error> {
    if places.is_empty() {
        return Ok(());
    }
    let removed = sqlx::query!("DELETE FROM wakeups WHERE ctid = ANY ($1::text[]::tid[])", places)
        .execute(&mut **tx)
        .await?;
    pg::rows_affected("removing claimed wake-ups", removed.rows_affected(), places.len())
}

/// Key by key, or all wake-ups of the kind are read for a few of them. One that somebody moves at this instant may stay, and fires for
/// nothing.
async fn disarm_by_key(
    tx: &mut ScopedTx,
    kind: Kind,
    subjects: &[(TenantId, Uuid)],
) -> Result<(), pg::Error> {
    if subjects.is_empty() {
        return Ok(());
    }
    let tenants: Vec<i64> = subjects.iter().map(|subject| subject.0.as_i64()).collect();
    let ids: Vec<Uuid> = subjects.iter().map(|subject| subject.1).collect();
    sqlx::query!(
        "DELETE FROM wakeups w
         USING UNNEST($1::bigint[], $2::uuid[]) AS s (tenant_id, subject_id)
         CROSS JOIN LATERAL (SELECT l.ctid AS place FROM wakeups l
             WHERE l.tenant_id = s.tenant_id AND l.kind = $3 AND l.subject_id = s.subject_id LIMIT 1) l
         WHERE w.ctid = l.place",
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
    /// Where it stands (`ctid`).
    pub place: String,
}

/// How much one claim takes, and where it begins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// Tenants after this one come first; then it goes round.
    pub after: i64,
    /// Rows of one tenant at most.
    pub rows_per_tenant: i64,
    /// Rows at most.
    pub rows: i64,
}

/// Due rows of one kind, a few of each tenant, locked; rows another runner holds are skipped. The recursive parts
/// walk the index from tenant to tenant, so a tenant with many due rows costs the others nothing (D30); they start
/// after the tenant served last, so that tenants behind the bound of rows come next.
/// `now` is an index condition: a row that is not due cannot be returned.
pub(crate) async fn claim(
    tx: &mut ScopedTx,
    kind: Kind,
    now: Timestamp,
    bounds: Bounds,
) -> Result<Vec<Claimed>, pg::Error> {
    let claimed = sqlx::query_as!(
        Claimed,
        r#"WITH RECURSIVE later AS (
               (SELECT tenant_id FROM wakeups WHERE kind = $1 AND tenant_id > $5 ORDER BY tenant_id LIMIT 1)
               UNION ALL
               SELECT (SELECT w.tenant_id FROM wakeups w WHERE w.kind = $1 AND w.tenant_id > t.tenant_id
                       ORDER BY w.tenant_id LIMIT 1)
               FROM later t WHERE t.tenant_id IS NOT NULL
           ), earlier AS (
               (SELECT tenant_id FROM wakeups WHERE kind = $1 AND tenant_id <= $5 ORDER BY tenant_id LIMIT 1)
               UNION ALL
               SELECT (SELECT w.tenant_id FROM wakeups w
                       WHERE w.kind = $1 AND w.tenant_id > t.tenant_id AND w.tenant_id <= $5
                       ORDER BY w.tenant_id LIMIT 1)
               FROM earlier t WHERE t.tenant_id IS NOT NULL
           )
           SELECT due.tenant_id, due.subject_id, due.due_at, due.place AS "place!"
           FROM (SELECT tenant_id FROM later UNION ALL SELECT tenant_id FROM earlier) t
           CROSS JOIN LATERAL (
               SELECT w.tenant_id, w.subject_id, w.due_at, w.ctid::text AS place FROM wakeups w
               WHERE w.tenant_id = t.tenant_id AND w.kind = $1 AND w.due_at <= $2
               ORDER BY w.due_at LIMIT $3
               FOR UPDATE SKIP LOCKED
           ) due
           LIMIT $4"#,
        kind,
        jiff_sqlx::Timestamp::from(now) as jiff_sqlx::Timestamp,
        bounds.rows_per_tenant,
        bounds.rows,
        bounds.after,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(claimed)
}

/// Due rows of one kind in the order of their due times, locked; rows another runner holds are skipped. What is due before
/// `floor` is not looked at: there lie the index entries of what was fired.
pub(crate) async fn claim_since(
    tx: &mut ScopedTx,
    kind: Kind,
    floor: Timestamp,
    now: Timestamp,
    rows: i64,
) -> Result<Vec<Claimed>, pg::Error> {
    let claimed = sqlx::query_as!(
        Claimed,
        r#"SELECT tenant_id, subject_id, due_at, ctid::text AS "place!" FROM wakeups
         WHERE kind = $1 AND due_at >= $2 AND due_at <= $3
         ORDER BY due_at LIMIT $4 FOR UPDATE SKIP LOCKED"#,
        kind,
        jiff_sqlx::Timestamp::from(floor) as jiff_sqlx::Timestamp,
        jiff_sqlx::Timestamp::from(now) as jiff_sqlx::Timestamp,
        rows,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(claimed)
}

/// The least next instant of a kind that is not before `floor`: how long a runner may sleep.
pub(crate) async fn first_due(
    tx: &mut ScopedTx,
    kind: Kind,
    floor: Timestamp,
) -> Result<Option<Timestamp>, pg::Error> {
    let due = sqlx::query_scalar!(
        "SELECT due_at FROM wakeups WHERE kind = $1 AND due_at >= $2 ORDER BY due_at LIMIT 1",
        kind,
        jiff_sqlx::Timestamp::from(floor) as jiff_sqlx::Timestamp,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(due.map(jiff_sqlx::Timestamp::to_jiff))
}
