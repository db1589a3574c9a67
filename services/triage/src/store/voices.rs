//! Voices.

use bytes::Bytes;
use ids::{CaseId, ReportId, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

/// A reporter's voice in a case.
pub(crate) struct NewVoice {
    pub tenant: TenantId,
    pub report_id: ReportId,
    pub case_id: CaseId,
    pub voice: u32,
    pub tracking_sha256: Bytes,
    /// `None` for the voice that opened the case.
    pub join_explanation: Option<String>,
    /// What a case of its own is made from.
    pub report: Bytes,
    /// It is in another case already, and goes over.
    pub moves: bool,
}

/// A voice as it is kept.
pub(crate) struct Voice {
    pub case_id: CaseId,
    pub voice: u32,
    pub tracking_sha256: Vec<u8>,
    /// Nothing of voices from before they were kept with their reports.
    pub report: Option<Vec<u8>>,
}

/// Keeps voices: new ones, and those that go over into another case.
pub(crate) async fn keep(tx: &mut ScopedTx, voices: &[NewVoice], now: Timestamp) -> Result<(), pg::Error> {
    let (moving, new): (Vec<_>, Vec<_>) = voices.iter().partition(|voice| voice.moves);
    insert(tx, &new, now).await?;
    go_over(tx, &moving, now).await
}

async fn insert(tx: &mut ScopedTx, new: &[&NewVoice], now: Timestamp) -> Result<(), pg::Error> {
    if new.is_empty() {
        return Ok(());
    }
    let tenants: Vec<i64> = new.iter().map(|voice| voice.tenant.as_i64()).collect();
    let ids: Vec<Uuid> = new.iter().map(|voice| voice.report_id.as_uuid()).collect();
    let cases: Vec<Uuid> = new.iter().map(|voice| voice.case_id.as_uuid()).collect();
    let numbers: Vec<i32> = new.iter().map(|voice| voice.voice as i32).collect();
    let hashes: Vec<&[u8]> = new.iter().map(|voice| &voice.tracking_sha256[..]).collect();
    let explanations: Vec<Option<&[u8]>> =
        new.iter().map(|voice| voice.join_explanation.as_deref().map(str::as_bytes)).collect();
    let reports: Vec<&[u8]> = new.iter().map(|voice| &voice.report[..]).collect();
    let kept = sqlx::query!(
        "INSERT INTO triage.voices (tenant_id, report_id, case_id, voice, tracking_sha256, joined_at,
             join_explanation, report)
         SELECT tenant_id, report_id, case_id, voice, tracking_sha256, $7, join_explanation, report
         FROM UNNEST($1::bigint[], $2::uuid[], $3::uuid[], $4::integer[], $5::bytea[], $6::bytea[], $8::bytea[])
             AS v (tenant_id, report_id, case_id, voice, tracking_sha256, join_explanation, report)",
        &tenants,
        &ids,
        &cases,
        &numbers,
        &hashes as &[&[u8]],
        &explanations as &[Option<&[u8]>],
        jiff_sqlx::Timestamp::from(now) as _,
        &reports as &[&[u8]],
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("keeping voices", kept.rows_affected(), new.len())
}

async fn go_over(tx: &mut ScopedTx, moving: &[&NewVoice], now: Timestamp) -> Result<(), pg::Error> {
    if moving.is_empty() {
        return Ok(());
    }
    let tenants: Vec<i64> = moving.iter().map(|voice| voice.tenant.as_i64()).collect();
    let ids: Vec<Uuid> = moving.iter().map(|voice| voice.report_id.as_uuid()).collect();
    let cases: Vec<Uuid> = moving.iter().map(|voice| voice.case_id.as_uuid()).collect();
    let numbers: Vec<i32> = moving.iter().map(|voice| voice.voice as i32).collect();
    let explanations: Vec<Option<&[u8]>> =
        moving.iter().map(|voice| voice.join_explanation.as_deref().map(str::as_bytes)).collect();
    let kept = sqlx::query!(
        "UPDATE triage.voices v
         SET case_id = m.case_id, voice = m.voice, join_explanation = m.join_explanation, joined_at = $6
         FROM UNNEST($1::bigint[], $2::uuid[], $3::uuid[], $4::integer[], $5::bytea[])
             AS m (tenant_id, report_id, case_id, voice, join_explanation)
         WHERE v.tenant_id = m.tenant_id AND v.report_id = m.report_id",
        &tenants,
        &ids,
        &cases,
        &numbers,
        &explanations as &[Option<&[u8]>],
        jiff_sqlx::Timestamp::from(now) as _,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("moving voices", kept.rows_affected(), moving.len())
}

/// One voice, if it is there.
pub(crate) async fn of_report(
    tx: &mut ScopedTx,
    tenant: TenantId,
    report_id: ReportId,
) -> Result<Option<Voice>, pg::Error> {
    let row = sqlx::query!(
        "SELECT case_id, voice, tracking_sha256, report FROM triage.voices WHERE tenant_id = $1 AND report_id = $2",
        tenant.as_i64(),
        report_id.as_uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let voice = u32::try_from(row.voice).map_err(|_| pg::Error::impossible_row("triage.voices.voice"))?;
    let (tracking_sha256, report) = (row.tracking_sha256, row.report);
    Ok(Some(Voice { case_id: row.case_id.into(), voice, tracking_sha256, report }))
}

/// The voices of a case in their order, so many at most.
pub(crate) async fn of_case(
    tx: &mut ScopedTx,
    tenant: TenantId,
    case_id: CaseId,
    rows_max: i64,
) -> Result<Vec<(ReportId, Voice)>, pg::Error> {
    let rows = sqlx::query!(
        "SELECT report_id, voice, tracking_sha256, report FROM triage.voices
         WHERE tenant_id = $1 AND case_id = $2
         ORDER BY voice
         LIMIT $3",
        tenant.as_i64(),
        case_id.as_uuid(),
        rows_max,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let voice = u32::try_from(row.voice).map_err(|_| pg::Error::impossible_row("triage.voices.voice"))?;
        let (tracking_sha256, report) = (row.tracking_sha256, row.report);
        Ok((row.report_id.into(), Voice { case_id, voice, tracking_sha256, report }))
    });
    read.collect()
}
