//! `dispatch.cases`. Rows are read key by key, as those of `dispatch.orders` are.

use std::collections::BTreeSet;

use ids::{CaseId, Lane, TenantId};
use orders::Case;
use pg::ScopedTx;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Key, column, columns, states};
use crate::core::matter::{Facts, Matter};
use crate::core::number::CaseNumber;

/// A case with its facts.
#[derive(Debug, Clone)]
pub(crate) struct StoredCase {
    pub facts: Facts,
    pub case: Case,
}

struct Row {
    case_no: String,
    item: String,
    item_zh: String,
    item_en: String,
    address: String,
    policy: String,
    calendar: String,
    lane: i16,
    drill: bool,
    traceparent: String,
    state: Json<Case>,
}

impl TryFrom<Row> for StoredCase {
    type Error = pg::Error;
    fn try_from(row: Row) -> Result<Self, pg::Error> {
        let lane = Lane::from_rank(row.lane).map_err(|_| pg::Error::impossible_row("cases.lane"))?;
        let Row { case_no, item, item_zh, item_en, address, policy, calendar, drill, traceparent, .. } = row;
        let facts =
            Facts { case_no, item, item_zh, item_en, address, policy, calendar, lane, drill, traceparent };
        Ok(Self { facts, case: row.state.0 })
    }
}

fn read_all(rows: Vec<Row>) -> Result<Vec<StoredCase>, pg::Error> {
    rows.into_iter().map(StoredCase::try_from).collect()
}

/// Enters new cases and returns the keys of those that were new: a known case stays as it is, whoever was first.
pub(crate) async fn insert_new(
    tx: &mut ScopedTx,
    matters: &[Matter],
) -> Result<BTreeSet<(TenantId, CaseId)>, pg::Error> {
    let (tenants, ids): (Vec<i64>, Vec<Uuid>) =
        matters.iter().map(|m| (m.tenant().as_i64(), m.case.id.as_uuid())).unzip();
    let text =
        |field: fn(&Facts) -> &String| matters.iter().map(|m| field(&m.facts).clone()).collect::<Vec<_>>();
    let states = states(matters.iter().map(|m| &m.case));
    let entered = sqlx::query!(
        "INSERT INTO dispatch.cases (tenant_id, id, case_no, round, phase, version, item, item_zh, item_en, policy,
             calendar, lane, drill, traceparent, opened_at, changed_at, state, address)
         SELECT * FROM UNNEST($1::bigint[], $2::uuid[], $3::text[], $4::integer[], $5::text[], $6::bigint[],
             $7::text[], $8::text[], $9::text[], $10::text[], $11::text[], $12::smallint[], $13::boolean[],
             $14::text[], $15::timestamptz[], $16::timestamptz[], $17::jsonb[], $18::text[])
         ON CONFLICT (tenant_id, id) DO NOTHING
         RETURNING tenant_id, id",
        &tenants,
        &ids,
        &text(|facts| &facts.case_no),
        &matters.iter().map(|m| m.case.round as i32).collect::<Vec<_>>(),
        &matters.iter().map(|m| m.case.phase.as_str().to_owned()).collect::<Vec<_>>(),
        &matters.iter().map(|m| m.case.version as i64).collect::<Vec<_>>(),
        &text(|facts| &facts.item),
        &text(|facts| &facts.item_zh),
        &text(|facts| &facts.item_en),
        &text(|facts| &facts.policy),
        &text(|facts| &facts.calendar),
        &matters.iter().map(|m| m.facts.lane.rank()).collect::<Vec<_>>(),
        &matters.iter().map(|m| m.facts.drill).collect::<Vec<_>>(),
        &text(|facts| &facts.traceparent),
        &matters.iter().map(|m| m.case.opened_at.into()).collect::<Vec<jiff_sqlx::Timestamp>>(),
        &matters.iter().map(|m| m.case.changed_at.into()).collect::<Vec<jiff_sqlx::Timestamp>>(),
        &states as &[Json<&Case>],
        &text(|facts| &facts.address),
    )
    .fetch_all(&mut **tx)
    .await?;
    let key = |tenant_id, id: Uuid| {
        let tenant =
            TenantId::from_i64(tenant_id).map_err(|_| pg::Error::impossible_row("cases.tenant_id"))?;
        Ok((tenant, id.into()))
    };
    entered.into_iter().map(|row| key(row.tenant_id, row.id)).collect()
}

/// Saves changed cases. Their rows are locked, so another version than the loaded one is a broken invariant.
pub(crate) async fn update(tx: &mut ScopedTx, changed: &[(&Case, u64)]) -> Result<(), pg::Error> {
    let (tenants, ids): (Vec<i64>, Vec<Uuid>) =
        changed.iter().map(|(case, _)| (case.tenant.as_i64(), case.id.as_uuid())).unzip();
    let states = states(changed.iter().map(|(case, _)| *case));
    let saved = sqlx::query!(
        "UPDATE dispatch.cases c
         SET round = n.round, phase = n.phase, version = n.version, changed_at = n.changed_at, state = n.state
         FROM UNNEST($1::bigint[], $2::uuid[], $3::bigint[], $4::integer[], $5::text[], $6::bigint[],
             $7::timestamptz[], $8::jsonb[])
             AS n (tenant_id, id, version_loaded, round, phase, version, changed_at, state)
         CROSS JOIN LATERAL (SELECT l.ctid AS place FROM dispatch.cases l
             WHERE l.tenant_id = n.tenant_id AND l.id = n.id AND l.version = n.version_loaded LIMIT 1) l
         WHERE c.ctid = l.place",
        &tenants,
        &ids,
        &changed.iter().map(|(_, loaded)| *loaded as i64).collect::<Vec<_>>(),
        &changed.iter().map(|(case, _)| case.round as i32).collect::<Vec<_>>(),
        &changed.iter().map(|(case, _)| case.phase.as_str().to_owned()).collect::<Vec<_>>(),
        &changed.iter().map(|(case, _)| case.version as i64).collect::<Vec<_>>(),
        &changed.iter().map(|(case, _)| case.changed_at.into()).collect::<Vec<jiff_sqlx::Timestamp>>(),
        &states as &[Json<&Case>],
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("saving cases", saved.rows_affected(), changed.len())
}

/// Keeps what plans that were drawn anew say of their cases, which are locked.
pub(crate) async fn amend(tx: &mut ScopedTx, matters: &[&Matter]) -> Result<(), pg::Error> {
    let (tenants, ids): (Vec<i64>, Vec<Uuid>) =
        matters.iter().map(|m| (m.tenant().as_i64(), m.case.id.as_uuid())).unzip();
    let text =
        |field: fn(&Facts) -> &String| matters.iter().map(|m| field(&m.facts).clone()).collect::<Vec<_>>();
    let amended = sqlx::query!(
        "UPDATE dispatch.cases c
         SET item = n.item, item_zh = n.item_zh, item_en = n.item_en, address = n.address, policy = n.policy,
             calendar = n.calendar, lane = n.lane
         FROM UNNEST($1::bigint[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
             $8::text[], $9::smallint[])
             AS n (tenant_id, id, item, item_zh, item_en, address, policy, calendar, lane)
         WHERE c.tenant_id = n.tenant_id AND c.id = n.id",
        &tenants,
        &ids,
        &text(|facts| &facts.item),
        &text(|facts| &facts.item_zh),
        &text(|facts| &facts.item_en),
        &text(|facts| &facts.address),
        &text(|facts| &facts.policy),
        &text(|facts| &facts.calendar),
        &matters.iter().map(|m| m.facts.lane.rank()).collect::<Vec<_>>(),
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("amending cases", amended.rows_affected(), matters.len())
}

/// Locks cases, waiting for whoever has them.
pub(crate) async fn lock(tx: &mut ScopedTx, keys: &[Key]) -> Result<Vec<StoredCase>, pg::Error> {
    let (tenants, ids) = columns(keys);
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT c.case_no, c.item, c.item_zh, c.item_en, c.address, c.policy, c.calendar, c.lane, c.drill, c.traceparent,
             c.state AS "state!: Json<Case>"
         FROM (SELECT * FROM UNNEST($1::bigint[], $2::uuid[]) AS k (tenant_id, id) ORDER BY tenant_id, id) k
         CROSS JOIN LATERAL (SELECT * FROM dispatch.cases c
             WHERE c.tenant_id = k.tenant_id AND c.id = k.id LIMIT 1 FOR UPDATE) c
         ORDER BY k.tenant_id, k.id"#,
        &tenants,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    read_all(rows)
}

/// Cases for reading, in order.
pub(crate) async fn read(tx: &mut ScopedTx, keys: &[Key]) -> Result<Vec<StoredCase>, pg::Error> {
    let (tenants, ids) = columns(keys);
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT c.case_no, c.item, c.item_zh, c.item_en, c.address, c.policy, c.calendar, c.lane, c.drill, c.traceparent,
             c.state AS "state!: Json<Case>"
         FROM (SELECT * FROM UNNEST($1::bigint[], $2::uuid[]) AS k (tenant_id, id) ORDER BY tenant_id, id) k
         CROSS JOIN LATERAL (SELECT * FROM dispatch.cases c
             WHERE c.tenant_id = k.tenant_id AND c.id = k.id LIMIT 1) c
         ORDER BY k.tenant_id, k.id"#,
        &tenants,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    read_all(rows)
}

/// The case with this number in one of these streets. A number begins with its street's code, so there is one at most.
pub(crate) async fn of_number(
    tx: &mut ScopedTx,
    streets: &[TenantId],
    number: &CaseNumber,
) -> Result<Option<CaseId>, pg::Error> {
    let id = sqlx::query_scalar!(
        r#"SELECT c.id AS "id!"
         FROM UNNEST($1::bigint[]) AS k (tenant_id)
         CROSS JOIN LATERAL (SELECT c.id FROM dispatch.cases c
             WHERE c.tenant_id = k.tenant_id AND c.case_no = $2 LIMIT 1) c
         LIMIT 1"#,
        &column(streets, |street| street.as_i64()),
        number.as_str(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(id.map(Into::into))
}

/// Locks those cases nobody has. A runner holds wake-up rows, which an act moves while it holds the case: if the
/// runner waited here, the two could wait for each other. What it skips stays armed and fires again.
pub(crate) async fn lock_free(tx: &mut ScopedTx, keys: &[Key]) -> Result<Vec<StoredCase>, pg::Error> {
    let (tenants, ids) = columns(keys);
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT c.case_no, c.item, c.item_zh, c.item_en, c.address, c.policy, c.calendar, c.lane, c.drill, c.traceparent,
             c.state AS "state!: Json<Case>"
         FROM (SELECT * FROM UNNEST($1::bigint[], $2::uuid[]) AS k (tenant_id, id) ORDER BY tenant_id, id) k
         CROSS JOIN LATERAL (SELECT * FROM dispatch.cases c
             WHERE c.tenant_id = k.tenant_id AND c.id = k.id LIMIT 1 FOR UPDATE SKIP LOCKED) c
         ORDER BY k.tenant_id, k.id"#,
        &tenants,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    read_all(rows)
}

/// One case, for reading.
pub(crate) async fn find(
    tx: &mut ScopedTx,
    tenant: TenantId,
    id: CaseId,
) -> Result<Option<StoredCase>, pg::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT case_no, item, item_zh, item_en, address, policy, calendar, lane, drill, traceparent,
             state AS "state: Json<Case>"
         FROM dispatch.cases WHERE tenant_id = $1 AND id = $2"#,
        tenant.as_i64(),
        id.as_uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(StoredCase::try_from).transpose()
}

/// Cases of a street with a return that waits for its ruling, or in which somebody ruled; newest first. The key is a value
/// of the statement's: each has a partial index, and statements are planned with their values (`pg::Pool`).
pub(crate) async fn ruled(
    tx: &mut ScopedTx,
    tenant: TenantId,
    waiting: bool,
    before: Option<CaseId>,
    limit: i64,
) -> Result<Vec<StoredCase>, pg::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT case_no, item, item_zh, item_en, address, policy, calendar, lane, drill, traceparent,
             state AS "state: Json<Case>"
         FROM dispatch.cases
         WHERE tenant_id = $1 AND state ? $2 AND NOT drill AND ($3::uuid IS NULL OR id < $3)
         ORDER BY id DESC LIMIT $4"#,
        tenant.as_i64(),
        if waiting { "asked" } else { "rulings" },
        before.map(CaseId::as_uuid),
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    read_all(rows)
}
