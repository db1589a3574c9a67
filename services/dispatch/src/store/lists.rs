//! Orders for reading. Every query takes the streets and, beside them, which bodies' rows of each (D8).

use std::collections::BTreeMap;

use access::BodyScope;
use ids::{CaseId, OrderId, TenantId};
use orders::{Order, Phase};
use pg::ScopedTx;
use sqlx::types::Json;

use crate::core::view::Listed;

/// Which rows a caller may see: pairs of a street and a body of it, or a street with all.
#[derive(Debug, Clone, Default)]
pub(crate) struct Reach {
    tenants: Vec<i64>,
    /// Empty: every body.
    bodies: Vec<Option<String>>,
}

impl Reach {
    pub fn of(streets: &BTreeMap<TenantId, BodyScope>) -> Self {
        let mut reach = Self::default();
        for (tenant, rows) in streets {
            let bodies =
                rows.bodies().map_or_else(|| vec![None], |bodies| bodies.into_iter().map(Some).collect());
            reach.tenants.extend(bodies.iter().map(|_| tenant.as_i64()));
            reach.bodies.extend(bodies);
        }
        reach
    }

    pub fn one(tenant: TenantId, rows: &BodyScope) -> Self {
        Self::of(&[(tenant, rows.clone())].into())
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filter {
    pub phase: Option<Phase>,
    pub case_id: Option<CaseId>,
    /// Only orders with a smaller id: the next page of newest first.
    pub before: Option<OrderId>,
    /// Drills, or what is none; nothing for both.
    pub drills: Option<bool>,
    pub limit: i64,
}

struct Row {
    state: Json<Order>,
    case_no: String,
    item: String,
    item_zh: String,
    item_en: String,
    address: String,
    policy: String,
    drill: bool,
}

impl From<Row> for Listed {
    fn from(row: Row) -> Self {
        let Row { state: Json(order), case_no, item, item_zh, item_en, address, policy, drill } = row;
        Self { order, case_no, item, item_zh, item_en, address, policy, drill }
    }
}

/// Orders within reach, newest first. Each pair of the reach walks an index of its own from the newest row and
/// stops at the limit: a street's by id, a body's by (body, id).
pub(crate) async fn orders(
    tx: &mut ScopedTx,
    reach: &Reach,
    filter: &Filter,
) -> Result<Vec<Listed>, pg::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT o.state AS "state!: Json<Order>", c.case_no, c.item, c.item_zh, c.item_en, c.address, c.policy, c.drill
           FROM UNNEST($1::bigint[], $2::text[]) AS r (tenant_id, body)
           CROSS JOIN LATERAL (
               (SELECT a.tenant_id, a.id, a.case_id, a.state FROM dispatch.orders a
                WHERE r.body IS NULL AND a.tenant_id = r.tenant_id
                  AND ($3::text IS NULL OR a.phase = $3)
                  AND ($4::uuid IS NULL OR a.case_id = $4)
                  AND ($5::uuid IS NULL OR a.id < $5)
                  AND ($7::boolean IS NULL OR EXISTS (SELECT FROM dispatch.cases d
                      WHERE d.tenant_id = a.tenant_id AND d.id = a.case_id AND d.drill = $7))
                ORDER BY a.id DESC LIMIT $6)
               UNION ALL
               (SELECT b.tenant_id, b.id, b.case_id, b.state FROM dispatch.orders b
                WHERE b.tenant_id = r.tenant_id AND b.body = r.body
                  AND ($3::text IS NULL OR b.phase = $3)
                  AND ($4::uuid IS NULL OR b.case_id = $4)
                  AND ($5::uuid IS NULL OR b.id < $5)
                  AND ($7::boolean IS NULL OR EXISTS (SELECT FROM dispatch.cases d
                      WHERE d.tenant_id = b.tenant_id AND d.id = b.case_id AND d.drill = $7))
                ORDER BY b.id DESC LIMIT $6)
           ) o
           JOIN dispatch.cases c ON c.tenant_id = o.tenant_id AND c.id = o.case_id
           ORDER BY o.id DESC
           LIMIT $6"#,
        &reach.tenants,
        &reach.bodies as &[Option<String>],
        filter.phase.map(Phase::as_str),
        filter.case_id.map(CaseId::as_uuid),
        filter.before.map(OrderId::as_uuid),
        filter.limit,
        filter.drills,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(Listed::from).collect())
}

/// One order within reach.
pub(crate) async fn order(
    tx: &mut ScopedTx,
    reach: &Reach,
    id: OrderId,
) -> Result<Option<Listed>, pg::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT o.state AS "state: Json<Order>", c.case_no, c.item, c.item_zh, c.item_en, c.address, c.policy, c.drill
           FROM UNNEST($1::bigint[], $2::text[]) AS r (tenant_id, body)
           JOIN dispatch.orders o ON o.tenant_id = r.tenant_id AND (r.body IS NULL OR o.body = r.body)
           JOIN dispatch.cases c ON c.tenant_id = o.tenant_id AND c.id = o.case_id
           WHERE o.id = $3"#,
        &reach.tenants,
        &reach.bodies as &[Option<String>],
        id.as_uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(Listed::from))
}
