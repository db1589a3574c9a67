//! `dispatch.past_case_clocks`: what the clocks of cases were before they were turned. Rows are only added.

use ids::{CaseId, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;
use sqlx::types::Json;

use super::{column, states};
use crate::core::case_clocks::{CaseClock, PastCaseClocks};

/// Enters what was turned; the cases are there.
pub(crate) async fn insert(tx: &mut ScopedTx, turned: &[&PastCaseClocks]) -> Result<(), pg::Error> {
    let clocks = states(turned.iter().map(|past| &past.clocks));
    let entered = sqlx::query!(
        "INSERT INTO dispatch.past_case_clocks (tenant_id, case_id, version, until_at, clocks)
         SELECT * FROM UNNEST($1::bigint[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::jsonb[])",
        &column(turned, |past| past.tenant.as_i64()),
        &column(turned, |past| past.case_id.as_uuid()),
        &column(turned, |past| past.version as i64),
        &column(turned, |past| jiff_sqlx::Timestamp::from(past.until)),
        &clocks as &[Json<&Vec<CaseClock>>],
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("entering turned clocks of cases", entered.rows_affected(), turned.len())
}

/// The clocks of a case as they stood before one was turned first after a moment; nothing when none was since. Read the case
/// before: what is turned in between is found here.
pub(crate) async fn standing_at(
    tx: &mut ScopedTx,
    tenant: TenantId,
    case_id: CaseId,
    at: Timestamp,
) -> Result<Option<Vec<CaseClock>>, pg::Error> {
    let clocks = sqlx::query_scalar!(
        r#"SELECT p.clocks AS "clocks: Json<Vec<CaseClock>>"
         FROM dispatch.past_case_clocks p
         WHERE p.tenant_id = $1 AND p.case_id = $2 AND p.until_at > $3
         ORDER BY p.version LIMIT 1"#,
        tenant.as_i64(),
        case_id.as_uuid(),
        jiff_sqlx::Timestamp::from(at) as jiff_sqlx::Timestamp,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(clocks.map(|Json(clocks)| clocks))
}
