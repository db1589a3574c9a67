//! `console.reports`.

use std::collections::BTreeMap;

use ids::TenantId;
use pg::ScopedTx;
use uuid::Uuid;

use super::{Key, column, columns, instant, jiff};
use crate::core::news::ReportNews;

/// A report with its case, as far as they are known.
#[derive(Debug, Clone)]
pub(crate) struct Tracked {
    pub case_id: Option<Uuid>,
    pub case_no: Option<String>,
    pub item_zh: Option<String>,
    pub item_en: Option<String>,
    /// Of the case; empty while there is none.
    pub phase: Option<String>,
    pub review: bool,
    pub rejected: bool,
    pub received_at: Option<jiff::Timestamp>,
}

/// Adds what events say of reports.
pub(crate) async fn news(tx: &mut ScopedTx, news: &BTreeMap<Key, ReportNews>) -> Result<(), pg::Error> {
    if news.is_empty() {
        return Ok(());
    }
    let (tenants, ids) = columns(news);
    sqlx::query!(
        "INSERT INTO console.reports (tenant_id, report_id, case_id, item, review, accepted_at, placement, rejected,
             assigned_by)
         SELECT * FROM UNNEST($1::bigint[], $2::uuid[], $3::uuid[], $4::text[], $5::boolean[], $6::timestamptz[],
             $7::integer[], $8::boolean[], $9::text[])
         ON CONFLICT (tenant_id, report_id) DO UPDATE
         SET case_id = CASE
                 WHEN excluded.case_id IS NOT NULL AND excluded.placement > reports.placement THEN excluded.case_id
                 ELSE COALESCE(reports.case_id, excluded.case_id) END,
             placement = GREATEST(reports.placement, excluded.placement),
             item = COALESCE(reports.item, excluded.item),
             review = reports.review OR excluded.review,
             rejected = reports.rejected OR excluded.rejected,
             assigned_by = COALESCE(reports.assigned_by, excluded.assigned_by),
             accepted_at = COALESCE(reports.accepted_at, excluded.accepted_at)",
        &tenants,
        &ids,
        &column(news, |report| report.case_id) as &[Option<Uuid>],
        &column(news, |report| report.item.clone()) as &[Option<String>],
        &column(news, |report| report.review),
        &column(news, |report| instant(report.accepted_at)) as &[Option<jiff_sqlx::Timestamp>],
        &column(news, |report| report.placement as i32),
        &column(news, |report| report.rejected),
        &column(news, |report| report.assigned_by.map(str::to_owned)) as &[Option<String>],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// One report for the one who follows it.
pub(crate) async fn tracked(
    tx: &mut ScopedTx,
    tenant: TenantId,
    report_id: Uuid,
) -> Result<Option<Tracked>, pg::Error> {
    let row = sqlx::query!(
        r#"SELECT r.case_id, c.case_no AS "case_no?", c.item_zh AS "item_zh?", c.item_en AS "item_en?",
               c.phase AS "phase?", r.review, r.rejected, r.accepted_at
           FROM console.reports r
           LEFT JOIN console.cases c ON c.tenant_id = r.tenant_id AND c.case_id = r.case_id
           WHERE r.tenant_id = $1 AND r.report_id = $2"#,
        tenant.as_i64(),
        report_id,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(|row| Tracked {
        case_id: row.case_id,
        case_no: row.case_no,
        item_zh: row.item_zh,
        item_en: row.item_en,
        phase: row.phase,
        review: row.review,
        rejected: row.rejected,
        received_at: jiff(row.accepted_at),
    }))
}
