//! `console.case_orders`.

use std::collections::BTreeMap;

use ids::{CaseId, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

use super::{Key, column, columns, instant, jiff, jsons, state};
use crate::core::news::{OrderNews, Stage};

/// An order for reading.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    pub order_id: Uuid,
    pub body: String,
    pub role: String,
    pub phase: String,
    pub round: i32,
    pub version: i64,
    pub stages: Vec<Stage>,
    pub dispatched_at: Option<Timestamp>,
}

struct Row {
    order_id: Uuid,
    body: String,
    role: String,
    phase: String,
    round: i32,
    version: i64,
    stages: serde_json::Value,
    dispatched_at: Option<jiff_sqlx::Timestamp>,
}

impl TryFrom<Row> for Order {
    type Error = pg::Error;
    fn try_from(row: Row) -> Result<Self, pg::Error> {
        let Row { order_id, body, role, phase, round, version, stages, dispatched_at } = row;
        let stages = state("reading case_orders.stages", stages)?;
        Ok(Self { order_id, body, role, phase, round, version, stages, dispatched_at: jiff(dispatched_at) })
    }
}

/// What dispatch says of orders, where it is newer than what is known.
pub(crate) async fn news(tx: &mut ScopedTx, news: &BTreeMap<Key, OrderNews>) -> Result<(), pg::Error> {
    if news.is_empty() {
        return Ok(());
    }
    let (tenants, ids) = columns(news);
    sqlx::query!(
        "INSERT INTO console.case_orders (tenant_id, order_id, case_id, body, role, phase, round, version, stages,
             dispatched_at)
         SELECT * FROM UNNEST($1::bigint[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[],
             $7::integer[], $8::bigint[], $9::jsonb[], $10::timestamptz[])
         ON CONFLICT (tenant_id, order_id) DO UPDATE
         SET phase = excluded.phase, round = excluded.round, version = excluded.version, stages = excluded.stages,
             dispatched_at = excluded.dispatched_at
         WHERE excluded.version > case_orders.version",
        &tenants,
        &ids,
        &column(news, |order| order.case_id),
        &column(news, |order| order.body.clone()),
        &column(news, |order| order.role.clone()),
        &column(news, |order| order.phase.clone()),
        &column(news, |order| order.round as i32),
        &column(news, |order| order.version as i64),
        &jsons(news, |order| &order.stages)?,
        &column(news, |order| instant(order.dispatched_at)) as &[Option<jiff_sqlx::Timestamp>],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The orders of a case, newest round first, the lead before the others.
pub(crate) async fn of_case(
    tx: &mut ScopedTx,
    tenant: TenantId,
    case_id: CaseId,
    bodies: Option<&[String]>,
    limit: i64,
) -> Result<Vec<Order>, pg::Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT order_id, body, role, phase, round, version, stages, dispatched_at
         FROM console.case_orders
         WHERE tenant_id = $1 AND case_id = $2 AND ($3::text[] IS NULL OR body = ANY ($3))
         ORDER BY round DESC, (role = 'lead') DESC, role, body
         LIMIT $4",
        tenant.as_i64(),
        case_id.as_uuid(),
        bodies,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Order::try_from).collect()
}
