//! What people have decided about reports, to learn from: at the review desk, where a case was re-routed to another item, and where a
//! voice was split from its case with another. The last word on a report is its one example.

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

/// When a report was decided last; the place of a cursor that does not say it.
pub(crate) async fn decided_at(
    tx: &mut ScopedTx,
    tenant: TenantId,
    report_id: Uuid,
) -> Result<Option<Timestamp>, pg::Error> {
    let at = sqlx::query_scalar!(
        r#"SELECT COALESCE(
             GREATEST(
                 (SELECT max(r.rerouted_at) FROM triage.reroutes r
                  WHERE r.tenant_id = $1 AND r.report_id = $2 AND r.labelled),
                 (SELECT o.labelled_at FROM triage.voices o WHERE o.tenant_id = $1 AND o.report_id = $2)),
             (SELECT v.decided_at FROM triage.reviews v WHERE v.tenant_id = $1 AND v.report_id = $2))
             AS "decided_at?""#,
        tenant.as_i64(),
        report_id,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(at.map(jiff_sqlx::Timestamp::to_jiff))
}

/// Reports given an item after one of them, in the order of their decisions, each with the last one. No drills.
pub(crate) async fn decided(
    tx: &mut ScopedTx,
    tenant: TenantId,
    after: Option<(Timestamp, Uuid)>,
    rows_max: i64,
) -> Result<Vec<Decided>, pg::Error> {
    let (at, id) = after.unwrap_or((Timestamp::UNIX_EPOCH, Uuid::nil()));
    let rows = sqlx::query_as!(
        Decided,
        r#"SELECT e.report_id AS "report_id!", e.report AS "report!", e.item AS "item!", e.decided_at AS "decided_at!"
         FROM (
             (SELECT v.report_id, v.report, v.decided_item AS item, v.decided_at
              FROM triage.reviews v
              WHERE v.tenant_id = $1 AND v.decided_item IS NOT NULL AND NOT v.drill
                  AND (v.decided_at, v.report_id) > ($2, $3)
                  AND NOT EXISTS (SELECT FROM triage.reroutes l
                      WHERE l.tenant_id = v.tenant_id AND l.report_id = v.report_id AND l.labelled)
                  AND NOT EXISTS (SELECT FROM triage.voices o
                      WHERE o.tenant_id = v.tenant_id AND o.report_id = v.report_id AND o.labelled_at IS NOT NULL)
              ORDER BY v.decided_at, v.report_id
              LIMIT $4)
             UNION ALL
             (SELECT r.report_id, o.report, r.item, r.rerouted_at
              FROM triage.reroutes r
              JOIN triage.voices o ON o.tenant_id = r.tenant_id AND o.report_id = r.report_id
              WHERE r.tenant_id = $1 AND r.labelled AND o.report IS NOT NULL
                  AND (r.rerouted_at, r.report_id) > ($2, $3)
                  AND (o.labelled_at IS NULL OR o.labelled_at < r.rerouted_at)
                  AND NOT EXISTS (SELECT FROM triage.reroutes l
                      WHERE l.tenant_id = r.tenant_id AND l.report_id = r.report_id AND l.labelled
                          -- A voice may have moved: versions of two cases say nothing of which word came last.
                          AND (l.rerouted_at, l.case_id, l.version) > (r.rerouted_at, r.case_id, r.version))
              ORDER BY r.rerouted_at, r.report_id
              LIMIT $4)
             UNION ALL
             (SELECT o.report_id, o.report, o.labelled_item, o.labelled_at
              FROM triage.voices o
              WHERE o.tenant_id = $1 AND o.labelled_at IS NOT NULL AND o.report IS NOT NULL
                  AND (o.labelled_at, o.report_id) > ($2, $3)
                  AND NOT EXISTS (SELECT FROM triage.reroutes l
                      WHERE l.tenant_id = o.tenant_id AND l.report_id = o.report_id AND l.labelled
                          AND l.rerouted_at >= o.labelled_at)
              ORDER BY o.labelled_at, o.report_id
              LIMIT $4)
         ) e
         ORDER BY e.decided_at, e.report_id
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
