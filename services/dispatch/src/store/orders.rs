//! `dispatch.orders`: writing, and loading for a change.
//!
//! Rows are read key by key (`LATERAL`): otherwise the planner, who has no statistics of a table that grew a moment ago, reads the
//! whole of it for a handful of keys.

use std::collections::BTreeMap;

use ids::{BodyRef, CaseId, TenantId};
use orders::Order;
use pg::ScopedTx;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Key, columns, states};

/// Enters issued orders. Two orders of one body and role in a round are refused by constraint (D27).
pub(crate) async fn insert(tx: &mut ScopedTx, issued: &[&Order]) -> Result<(), pg::Error> {
    let (tenants, ids): (Vec<i64>, Vec<Uuid>) =
        issued.iter().map(|order| (order.tenant.as_i64(), order.id.as_uuid())).unzip();
    let states = states(issued.iter().copied());
    let entered = sqlx::query!(
        "INSERT INTO dispatch.orders (tenant_id, id, case_id, round, body, role, phase, version, dispatched_at,
             changed_at, state)
         SELECT * FROM UNNEST($1::bigint[], $2::uuid[], $3::uuid[], $4::integer[], $5::text[], $6::text[], $7::text[],
             $8::bigint[], $9::timestamptz[], $10::timestamptz[], $11::jsonb[])",
        &tenants,
        &ids,
        &issued.iter().map(|order| order.case_id.as_uuid()).collect::<Vec<_>>(),
        &issued.iter().map(|order| order.round as i32).collect::<Vec<_>>(),
        &issued.iter().map(|order| order.body.to_string()).collect::<Vec<_>>(),
        &issued.iter().map(|order| order.role.as_str().to_owned()).collect::<Vec<_>>(),
        &issued.iter().map(|order| order.phase.as_str().to_owned()).collect::<Vec<_>>(),
        &issued.iter().map(|order| order.version as i64).collect::<Vec<_>>(),
        &issued.iter().map(|order| order.dispatched_at.into()).collect::<Vec<jiff_sqlx::Timestamp>>(),
        &issued.iter().map(|order| order.changed_at.into()).collect::<Vec<jiff_sqlx::Timestamp>>(),
        &states as &[Json<&Order>],
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("entering orders", entered.rows_affected(), issued.len())
}

/// Saves changed orders, which are locked, each where it stands and against the version it was loaded with.
pub(crate) async fn update(tx: &mut ScopedTx, changed: &[(&Order, u64)]) -> Result<(), pg::Error> {
    let (tenants, ids): (Vec<i64>, Vec<Uuid>) =
        changed.iter().map(|(order, _)| (order.tenant.as_i64(), order.id.as_uuid())).unzip();
    let states = states(changed.iter().map(|(order, _)| *order));
    let saved = sqlx::query!(
        "UPDATE dispatch.orders o
         SET phase = n.phase, version = n.version, changed_at = n.changed_at, state = n.state
         FROM UNNEST($1::bigint[], $2::uuid[], $3::bigint[], $4::text[], $5::bigint[], $6::timestamptz[], $7::jsonb[])
             AS n (tenant_id, id, version_loaded, phase, version, changed_at, state)
         CROSS JOIN LATERAL (SELECT l.ctid AS place FROM dispatch.orders l
             WHERE l.tenant_id = n.tenant_id AND l.id = n.id AND l.version = n.version_loaded LIMIT 1) l
         WHERE o.ctid = l.place",
        &tenants,
        &ids,
        &changed.iter().map(|(_, loaded)| *loaded as i64).collect::<Vec<_>>(),
        &changed.iter().map(|(order, _)| order.phase.as_str().to_owned()).collect::<Vec<_>>(),
        &changed.iter().map(|(order, _)| order.version as i64).collect::<Vec<_>>(),
        &changed.iter().map(|(order, _)| order.changed_at.into()).collect::<Vec<jiff_sqlx::Timestamp>>(),
        &states as &[Json<&Order>],
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("saving orders", saved.rows_affected(), changed.len())
}

/// All orders of locked cases, of every round. In no order: whoever locks orders has locked their cases first.
pub(crate) async fn lock_of_cases(tx: &mut ScopedTx, cases: &[Key]) -> Result<Vec<Order>, pg::Error> {
    let (tenants, ids) = columns(cases);
    let states = sqlx::query_scalar!(
        r#"SELECT o.state AS "state!: Json<Order>"
         FROM UNNEST($1::bigint[], $2::uuid[]) AS k (tenant_id, id)
         CROSS JOIN LATERAL (SELECT o.tenant_id, o.id, o.state FROM dispatch.orders o
             WHERE o.tenant_id = k.tenant_id AND o.case_id = k.id OFFSET 0 FOR UPDATE) o
         ORDER BY o.tenant_id, o.id"#,
        &tenants,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(states.into_iter().map(|Json(order)| order).collect())
}

/// All orders of cases for reading, of every round.
pub(crate) async fn read_of_cases(tx: &mut ScopedTx, cases: &[Key]) -> Result<Vec<Order>, pg::Error> {
    let (tenants, ids) = columns(cases);
    let states = sqlx::query_scalar!(
        r#"SELECT o.state AS "state!: Json<Order>"
         FROM UNNEST($1::bigint[], $2::uuid[]) AS k (tenant_id, id)
         CROSS JOIN LATERAL (SELECT o.tenant_id, o.id, o.state FROM dispatch.orders o
             WHERE o.tenant_id = k.tenant_id AND o.case_id = k.id OFFSET 0) o
         ORDER BY o.tenant_id, o.id"#,
        &tenants,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(states.into_iter().map(|Json(order)| order).collect())
}

/// Some orders whose cases are locked.
pub(crate) async fn lock(tx: &mut ScopedTx, keys: &[Key]) -> Result<Vec<Order>, pg::Error> {
    let (tenants, ids) = columns(keys);
    let states = sqlx::query_scalar!(
        r#"SELECT o.state AS "state!: Json<Order>"
         FROM (SELECT * FROM UNNEST($1::bigint[], $2::uuid[]) AS k (tenant_id, id) ORDER BY tenant_id, id) k
         CROSS JOIN LATERAL (SELECT o.state FROM dispatch.orders o
             WHERE o.tenant_id = k.tenant_id AND o.id = k.id LIMIT 1 FOR UPDATE) o
         ORDER BY k.tenant_id, k.id"#,
        &tenants,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(states.into_iter().map(|Json(order)| order).collect())
}

/// Which case each of these orders belongs to, and who holds it; neither ever changes, so no lock is needed.
pub(crate) async fn belong(
    tx: &mut ScopedTx,
    keys: &[Key],
) -> Result<BTreeMap<Key, (CaseId, BodyRef)>, pg::Error> {
    let (tenants, ids) = columns(keys);
    let rows = sqlx::query!(
        "SELECT o.tenant_id, o.id, o.case_id, o.body
         FROM UNNEST($1::bigint[], $2::uuid[]) AS k (tenant_id, id)
         CROSS JOIN LATERAL (SELECT o.tenant_id, o.id, o.case_id, o.body FROM dispatch.orders o
             WHERE o.tenant_id = k.tenant_id AND o.id = k.id LIMIT 1) o",
        &tenants,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let tenant = TenantId::from_i64(row.tenant_id);
        let tenant = tenant.map_err(|_| pg::Error::impossible_row("orders.tenant_id"))?;
        let body = row.body.parse().map_err(|_| pg::Error::impossible_row("orders.body"))?;
        Ok(((tenant, row.id), (row.case_id.into(), body)))
    });
    read.collect()
}
