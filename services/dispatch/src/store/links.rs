//! `dispatch.links`.

use std::collections::{BTreeMap, BTreeSet};

use ids::{LinkId, OrderId, TenantId};
use orders::LinkDenial;
use pg::ScopedTx;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Key, column, columns};
use crate::core::link::{Link, Refused};

struct Row {
    tenant_id: i64,
    id: Uuid,
    order_id: Uuid,
    acts: Vec<String>,
    label: String,
    token_sha256: Vec<u8>,
    issued_at: jiff_sqlx::Timestamp,
    issued_by: String,
    expires_at: jiff_sqlx::Timestamp,
    revoked_at: Option<jiff_sqlx::Timestamp>,
    opened: i32,
    last_opened_at: Option<jiff_sqlx::Timestamp>,
    refused: Json<BTreeMap<LinkDenial, Refused>>,
}

impl TryFrom<Row> for Link {
    type Error = pg::Error;
    fn try_from(row: Row) -> Result<Self, pg::Error> {
        let impossible = |column| move |_| pg::Error::impossible_row(column);
        let acts: Result<BTreeSet<_>, _> = row.acts.iter().map(|act| act.parse()).collect();
        Ok(Self {
            tenant: TenantId::from_i64(row.tenant_id).map_err(impossible("links.tenant_id"))?,
            id: row.id.into(),
            order_id: row.order_id.into(),
            acts: acts.map_err(|_| pg::Error::impossible_row("links.acts"))?,
            label: row.label,
            token_sha256: row
                .token_sha256
                .try_into()
                .map_err(|_| pg::Error::impossible_row("links.token_sha256"))?,
            issued_at: row.issued_at.to_jiff(),
            issued_by: row.issued_by,
            expires_at: row.expires_at.to_jiff(),
            revoked_at: row.revoked_at.map(|at| at.to_jiff()),
            opened: u32::try_from(row.opened).map_err(|_| pg::Error::impossible_row("links.opened"))?,
            last_opened_at: row.last_opened_at.map(|at| at.to_jiff()),
            refused: row.refused.0,
        })
    }
}

/// Which order a link is to; that never changes, so no lock is needed.
pub(crate) async fn order_of(
    tx: &mut ScopedTx,
    tenant: TenantId,
    id: LinkId,
) -> Result<Option<OrderId>, pg::Error> {
    let order_id = sqlx::query_scalar!(
        "SELECT order_id FROM dispatch.links WHERE tenant_id = $1 AND id = $2",
        tenant.as_i64(),
        id.as_uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(order_id.map(Into::into))
}

/// All links of these orders, newest first. Ask under the locks of their cases where one of them is to change.
pub(crate) async fn of_orders(tx: &mut ScopedTx, orders: &[Key]) -> Result<Vec<Link>, pg::Error> {
    let (tenants, ids) = columns(orders);
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT l.tenant_id, l.id, l.order_id, l.acts, l.label, l.token_sha256, l.issued_at, l.issued_by,
             l.expires_at, l.revoked_at, l.opened, l.last_opened_at,
             l.refused AS "refused: Json<BTreeMap<LinkDenial, Refused>>"
         FROM dispatch.links l
         JOIN UNNEST($1::bigint[], $2::uuid[]) AS k (tenant_id, order_id)
             ON l.tenant_id = k.tenant_id AND l.order_id = k.order_id
         ORDER BY l.id DESC"#,
        &tenants,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Link::try_from).collect()
}

/// Enters a new link.
pub(crate) async fn insert(tx: &mut ScopedTx, link: &Link) -> Result<(), pg::Error> {
    let acts: Vec<String> = link.acts.iter().map(|act| act.as_str().to_owned()).collect();
    let entered = sqlx::query!(
        "INSERT INTO dispatch.links (tenant_id, id, order_id, acts, label, token_sha256, issued_at, issued_by, expires_at,
             opened)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)",
        link.tenant.as_i64(),
        link.id.as_uuid(),
        link.order_id.as_uuid(),
        &acts,
        link.label,
        &link.token_sha256[..],
        jiff_sqlx::Timestamp::from(link.issued_at) as jiff_sqlx::Timestamp,
        link.issued_by,
        jiff_sqlx::Timestamp::from(link.expires_at) as jiff_sqlx::Timestamp,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("entering a link", entered.rows_affected(), 1)
}

/// Saves what became of links: nothing else of them changes.
pub(crate) async fn update(tx: &mut ScopedTx, links: &[&Link]) -> Result<(), pg::Error> {
    let at = |at: Option<jiff::Timestamp>| at.map(jiff_sqlx::Timestamp::from);
    let saved = sqlx::query!(
        "UPDATE dispatch.links l
         SET revoked_at = n.revoked_at, opened = n.opened, last_opened_at = n.last_opened_at, refused = n.refused
         FROM UNNEST($1::bigint[], $2::uuid[], $3::timestamptz[], $4::integer[], $5::timestamptz[], $6::jsonb[])
             AS n (tenant_id, id, revoked_at, opened, last_opened_at, refused)
         WHERE l.tenant_id = n.tenant_id AND l.id = n.id",
        &column(links, |link| link.tenant.as_i64()),
        &column(links, |link| link.id.as_uuid()),
        &column(links, |link| at(link.revoked_at)) as &[Option<jiff_sqlx::Timestamp>],
        &column(links, |link| i32::try_from(link.opened).unwrap_or(i32::MAX)),
        &column(links, |link| at(link.last_opened_at)) as &[Option<jiff_sqlx::Timestamp>],
        &column(links, |link| Json(&link.refused)) as &[Json<&BTreeMap<LinkDenial, Refused>>],
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("saving links", saved.rows_affected(), links.len())
}
