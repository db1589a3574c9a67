//! `dispatch.past_clocks`: what the clocks of orders were before they were turned. Rows are only added.

use ids::{OrderId, TenantId};
use jiff::Timestamp;
use orders::StageState;
use pg::ScopedTx;
use sqlx::types::Json;

use super::{column, states};
use crate::core::past::PastClocks;

/// Enters what was turned; the orders are there.
pub(crate) async fn insert(tx: &mut ScopedTx, turned: &[&PastClocks]) -> Result<(), pg::Error> {
    let stages = states(turned.iter().map(|past| &past.stages));
    let entered = sqlx::query!(
        "INSERT INTO dispatch.past_clocks (tenant_id, order_id, version, until_at, stages)
         SELECT * FROM UNNEST($1::bigint[], $2::uuid[], $3::bigint[], $4::timestamptz[], $5::jsonb[])",
        &column(turned, |past| past.tenant.as_i64()),
        &column(turned, |past| past.order_id.as_uuid()),
        &column(turned, |past| past.version as i64),
        &column(turned, |past| jiff_sqlx::Timestamp::from(past.until)),
        &stages as &[Json<&Vec<StageState>>],
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("entering turned clocks", entered.rows_affected(), turned.len())
}

/// The stages of an order as they stood before they were turned first after a moment; nothing when they were not since. Read
/// the order before: what is turned in between is found here.
pub(crate) async fn standing_at(
    tx: &mut ScopedTx,
    tenant: TenantId,
    order_id: OrderId,
    at: Timestamp,
) -> Result<Option<Vec<StageState>>, pg::Error> {
    let stages = sqlx::query_scalar!(
        r#"SELECT p.stages AS "stages: Json<Vec<StageState>>"
         FROM dispatch.past_clocks p
         WHERE p.tenant_id = $1 AND p.order_id = $2 AND p.until_at > $3
         ORDER BY p.version LIMIT 1"#,
        tenant.as_i64(),
        order_id.as_uuid(),
        jiff_sqlx::Timestamp::from(at) as jiff_sqlx::Timestamp,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(stages.map(|Json(stages)| stages))
}
