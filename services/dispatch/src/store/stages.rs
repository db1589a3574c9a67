//! `dispatch.stages`: a projection of the states, written with them, for due times and verdicts in queries.

use ids::{CaseId, TenantId};
use orders::StageState;
use pg::ScopedTx;

use super::{Key, column};
use crate::core::stages::{self, Subject};

/// A stage of an order or a case.
#[derive(Debug, Clone, Copy)]
pub(crate) struct StageRow<'a> {
    pub tenant: TenantId,
    pub subject: Subject,
    pub case_id: CaseId,
    pub stage: &'a StageState,
}

/// Enters stages or brings them up to their present state.
pub(crate) async fn save(tx: &mut ScopedTx, rows: &[StageRow<'_>]) -> Result<(), pg::Error> {
    let at = |at: Option<jiff::Timestamp>| at.map(jiff_sqlx::Timestamp::from);
    let saved = sqlx::query!(
        "INSERT INTO dispatch.stages (tenant_id, subject_kind, subject_id, round, stage, case_id, started_at, due_at,
             calendar, awaiting_year, verdict, verdict_at, met_at)
         SELECT * FROM UNNEST($1::bigint[], $2::text[], $3::uuid[], $4::integer[], $5::text[], $6::uuid[],
             $7::timestamptz[], $8::timestamptz[], $9::text[], $10::smallint[], $11::text[], $12::timestamptz[],
             $13::timestamptz[])
         ON CONFLICT (tenant_id, subject_kind, subject_id, round, stage) DO UPDATE
         SET due_at = excluded.due_at, calendar = excluded.calendar, awaiting_year = excluded.awaiting_year,
             verdict = excluded.verdict, verdict_at = excluded.verdict_at, met_at = excluded.met_at",
        &column(rows, |row| row.tenant.as_i64()),
        &column(rows, |row| row.subject.kind.to_owned()),
        &column(rows, |row| row.subject.id),
        &column(rows, |row| row.subject.round as i32),
        &column(rows, |row| row.stage.stage().as_str().to_owned()),
        &column(rows, |row| row.case_id.as_uuid()),
        &column(rows, |row| jiff_sqlx::Timestamp::from(row.stage.started_at)),
        &column(rows, |row| at(row.stage.due_at())) as &[Option<jiff_sqlx::Timestamp>],
        &column(rows, |row| stages::calendar(row.stage).map(ToOwned::to_owned)) as &[Option<String>],
        &column(rows, |row| row.stage.awaiting_year()) as &[Option<i16>],
        &column(rows, |row| row.stage.verdict.map(|v| v.as_str().to_owned())) as &[Option<String>],
        &column(rows, |row| at(row.stage.verdict_at)) as &[Option<jiff_sqlx::Timestamp>],
        &column(rows, |row| at(row.stage.met_at)) as &[Option<jiff_sqlx::Timestamp>],
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("saving stages", saved.rows_affected(), rows.len())
}

/// A published year of a tenant's calendar.
pub(crate) struct Published {
    pub tenant: TenantId,
    pub calendar: String,
    pub year: i16,
}

/// Cases with a stage that awaits one of these years, in order, at most `cases_max`.
pub(crate) async fn awaiting(
    tx: &mut ScopedTx,
    published: &[Published],
    cases_max: i64,
) -> Result<Vec<Key>, pg::Error> {
    let rows = sqlx::query!(
        "SELECT DISTINCT s.tenant_id, s.case_id
         FROM UNNEST($1::bigint[], $2::text[], $3::smallint[]) AS p (tenant_id, calendar, year)
         JOIN dispatch.stages s ON s.tenant_id = p.tenant_id AND s.calendar = p.calendar AND s.awaiting_year = p.year
         WHERE s.awaiting_year IS NOT NULL AND s.verdict IS NULL
         ORDER BY s.tenant_id, s.case_id
         LIMIT $4",
        &published.iter().map(|p| p.tenant.as_i64()).collect::<Vec<_>>(),
        &published.iter().map(|p| p.calendar.clone()).collect::<Vec<_>>(),
        &published.iter().map(|p| p.year).collect::<Vec<_>>(),
        cases_max,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = |tenant_id, case_id| {
        let tenant =
            TenantId::from_i64(tenant_id).map_err(|_| pg::Error::impossible_row("stages.tenant_id"))?;
        Ok((tenant, case_id))
    };
    rows.into_iter().map(|row| read(row.tenant_id, row.case_id)).collect()
}
