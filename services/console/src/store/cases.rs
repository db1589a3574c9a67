//! `console.cases`.

use std::collections::BTreeMap;

use ids::{CaseId, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

use super::{Key, column, columns, instant, jiff, jsons, state};
use crate::core::news::{CaseNews, CaseProgress, Stage};

/// A case for reading.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub case_id: Uuid,
    pub case_no: Option<String>,
    pub item: Option<String>,
    pub item_zh: Option<String>,
    pub item_en: Option<String>,
    pub voices: Option<i32>,
    pub phase: String,
    pub round: i32,
    pub holder: Option<String>,
    pub stages: Vec<Stage>,
    pub opened_at: Option<Timestamp>,
    pub closed_at: Option<Timestamp>,
    pub drill: bool,
}

struct Row {
    case_id: Uuid,
    case_no: Option<String>,
    item: Option<String>,
    item_zh: Option<String>,
    item_en: Option<String>,
    voices: Option<i32>,
    phase: String,
    round: i32,
    holder: Option<String>,
    stages: serde_json::Value,
    opened_at: Option<jiff_sqlx::Timestamp>,
    closed_at: Option<jiff_sqlx::Timestamp>,
    drill: bool,
}

impl TryFrom<Row> for Case {
    type Error = pg::Error;
    fn try_from(row: Row) -> Result<Self, pg::Error> {
        let Row { case_id, case_no, item, item_zh, item_en, voices, phase, round, holder, .. } = row;
        Ok(Self {
            case_id,
            case_no,
            item,
            item_zh,
            item_en,
            voices,
            phase,
            round,
            holder,
            stages: state("reading cases.stages", row.stages)?,
            opened_at: jiff(row.opened_at),
            closed_at: jiff(row.closed_at),
            drill: row.drill,
        })
    }
}

/// What triage says of cases, where it is newer than what is known.
pub(crate) async fn news(tx: &mut ScopedTx, news: &BTreeMap<Key, CaseNews>) -> Result<(), pg::Error> {
    if news.is_empty() {
        return Ok(());
    }
    let (tenants, ids) = columns(news);
    sqlx::query!(
        "INSERT INTO console.cases (tenant_id, case_id, case_no, item, item_zh, item_en, voices, opened_at,
             triage_version, drill, phase, holder, closed_at)
         SELECT * FROM UNNEST($1::bigint[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::text[],
             $7::integer[], $8::timestamptz[], $9::bigint[], $10::boolean[], $11::text[], $12::text[],
             $13::timestamptz[])
         ON CONFLICT (tenant_id, case_id) DO UPDATE
         SET case_no = excluded.case_no, item = excluded.item, item_zh = excluded.item_zh,
             item_en = excluded.item_en, voices = excluded.voices, opened_at = excluded.opened_at,
             triage_version = excluded.triage_version, drill = excluded.drill,
             phase = CASE WHEN cases.dispatch_version = 0 THEN excluded.phase ELSE cases.phase END,
             closed_at = CASE WHEN cases.dispatch_version = 0 THEN excluded.closed_at ELSE cases.closed_at END,
             holder = CASE WHEN cases.dispatch_version = 0 THEN excluded.holder ELSE cases.holder END
         WHERE excluded.triage_version > cases.triage_version",
        &tenants,
        &ids,
        &column(news, |case| case.case_no.clone()),
        &column(news, |case| case.item.clone()),
        &column(news, |case| case.item_zh.clone()),
        &column(news, |case| case.item_en.clone()),
        &column(news, |case| case.voices as i32),
        &column(news, |case| instant(case.opened_at)) as &[Option<jiff_sqlx::Timestamp>],
        &column(news, |case| case.version as i64),
        &column(news, |case| case.drill),
        &column(news, |case| case.phase.to_owned()),
        &column(news, |case| case.holder.clone()) as &[Option<String>],
        &column(news, |case| instant(case.closed_at)) as &[Option<jiff_sqlx::Timestamp>],
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// What dispatch says of cases, where it is newer than what is known. Number and item stay triage's once known.
pub(crate) async fn progress(tx: &mut ScopedTx, news: &BTreeMap<Key, CaseProgress>) -> Result<(), pg::Error> {
    if news.is_empty() {
        return Ok(());
    }
    let (tenants, ids) = columns(news);
    sqlx::query!(
        "INSERT INTO console.cases (tenant_id, case_id, case_no, item, phase, round, holder, stages, closed_at,
             dispatch_version, drill)
         SELECT * FROM UNNEST($1::bigint[], $2::uuid[], $3::text[], $4::text[], $5::text[], $6::integer[],
             $7::text[], $8::jsonb[], $9::timestamptz[], $10::bigint[], $11::boolean[])
         ON CONFLICT (tenant_id, case_id) DO UPDATE
         SET case_no = COALESCE(cases.case_no, excluded.case_no), item = COALESCE(cases.item, excluded.item),
             phase = excluded.phase, round = excluded.round, holder = excluded.holder, stages = excluded.stages,
             closed_at = excluded.closed_at, dispatch_version = excluded.dispatch_version, drill = excluded.drill
         WHERE excluded.dispatch_version > cases.dispatch_version",
        &tenants,
        &ids,
        &column(news, |case| case.case_no.clone()),
        &column(news, |case| case.item.clone()),
        &column(news, |case| case.phase.clone()),
        &column(news, |case| case.round as i32),
        &column(news, |case| case.holder.clone()) as &[Option<String>],
        &jsons(news, |case| &case.stages)?,
        &column(news, |case| instant(case.closed_at)) as &[Option<jiff_sqlx::Timestamp>],
        &column(news, |case| case.version as i64),
        &column(news, |case| case.drill),
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Which cases.
#[derive(Debug, Clone)]
pub(crate) struct Filter<'a> {
    pub phase: Option<&'a str>,
    /// Only cases with a smaller id: the next page of newest first.
    pub before: Option<Uuid>,
    /// Only cases with an order of one of these bodies.
    pub bodies: Option<&'a [String]>,
    /// Only what this centre gave from above: street or district.
    pub assigned_by: Option<&'a str>,
    /// Drills, or what is none.
    pub drills: bool,
    pub limit: i64,
}

/// Cases of a street, newest first.
pub(crate) async fn list(
    tx: &mut ScopedTx,
    tenant: TenantId,
    filter: &Filter<'_>,
) -> Result<Vec<Case>, pg::Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT case_id, case_no, item, item_zh, item_en, voices, phase, round, holder, stages, opened_at, closed_at, drill
         FROM console.cases c
         WHERE c.tenant_id = $1
           AND ($2::text IS NULL OR c.phase = $2)
           AND ($3::uuid IS NULL OR c.case_id < $3)
           AND ($4::text[] IS NULL OR EXISTS (SELECT FROM console.case_orders o
               WHERE o.tenant_id = c.tenant_id AND o.case_id = c.case_id AND o.body = ANY ($4)))
           AND c.drill = $6
           AND ($7::text IS NULL OR EXISTS (SELECT FROM console.reports r
               WHERE r.tenant_id = c.tenant_id AND r.case_id = c.case_id AND r.assigned_by = $7))
         ORDER BY c.case_id DESC
         LIMIT $5",
        tenant.as_i64(),
        filter.phase,
        filter.before,
        filter.bodies,
        filter.limit,
        filter.drills,
        filter.assigned_by,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Case::try_from).collect()
}

/// One case, if one of the bodies has an order in it.
pub(crate) async fn find(
    tx: &mut ScopedTx,
    tenant: TenantId,
    id: CaseId,
    bodies: Option<&[String]>,
) -> Result<Option<Case>, pg::Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT case_id, case_no, item, item_zh, item_en, voices, phase, round, holder, stages, opened_at, closed_at, drill
         FROM console.cases c
         WHERE c.tenant_id = $1 AND c.case_id = $2
           AND ($3::text[] IS NULL OR EXISTS (SELECT FROM console.case_orders o
               WHERE o.tenant_id = c.tenant_id AND o.case_id = c.case_id AND o.body = ANY ($3)))",
        tenant.as_i64(),
        id.as_uuid(),
        bodies,
    )
    .fetch_optional(&mut **tx)
    .await?;
    row.map(Case::try_from).transpose()
}

/// The id of the case with a number, looked for among the ids from `from` on and below `until`.
pub(crate) async fn of_number(
    tx: &mut ScopedTx,
    tenant: TenantId,
    number: &str,
    from: Uuid,
    until: Uuid,
) -> Result<Option<CaseId>, pg::Error> {
    let id = sqlx::query_scalar!(
        "SELECT case_id FROM console.cases
         WHERE tenant_id = $1 AND case_id >= $2 AND case_id < $3 AND case_no = $4
         LIMIT 1",
        tenant.as_i64(),
        from,
        until,
        number,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(id.map(CaseId))
}
