//! What people have decided about reports, to learn from.

use ids::TenantId;
use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

/// A decided report.
pub(crate) struct Decided {
    pub report_id: Uuid,
    pub report: Vec<u8>,
    pub item: String,
    pub decided_at: jiff_sqlx::Timestamp,
}

/// When a report was decided; a cursor's place.
pub(crate) async fn decided_at(
    tx: &mut ScopedTx,
    tenant: TenantId,
    report_id: Uuid,
) -> Result<Option<Timestamp>, pg::Error> {
    let at = sqlx::query_scalar!(
        r#"SELECT decided_at AS "decided_at!" FROM triage.reviews
         WHERE tenant_id = $1 AND report_id = $2 AND decided_at IS NOT NULL"#,
        tenant.as_i64(),
        report_id,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(at.map(jiff_sqlx::Timestamp::to_jiff))
}

/// Reports given an item after one of them, in the order of their decisions. No drills.
pub(crate) async fn decided(
    tx: &mut ScopedTx,
    tenant: TenantId,
    after: Option<(Timestamp, Uuid)>,
    rows_max: i64,
) -> Result<Vec<Decided>, pg::Error> {
    let (at, id) = after.unwrap_or((Timestamp::UNIX_EPOCH, Uuid::nil()));
    let rows = sqlx::query_as!(
        Decided,
        r#"SELECT report_id, report, decided_item AS "item!", decided_at AS "decided_at!" FROM triage.reviews
         WHERE tenant_id = $1 AND decided_item IS NOT NULL AND NOT drill AND (decided_at, report_id) > ($2, $3)
         ORDER BY decided_at, report_id
         LIMIT $4"#,
        tenant.as_i64(),
        jiff_sqlx::Timestamp::from(at) as _,
        id,
        rows_max,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows)
}
