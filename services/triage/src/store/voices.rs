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
}

/// Keeps voices.
pub(crate) async fn insert(tx: &mut ScopedTx, new: &[NewVoice], now: Timestamp) -> Result<(), pg::Error> {
    if new.is_empty() {
        return Ok(());
    }
    let tenants: Vec<i64> = new.iter().map(|voice| voice.tenant.as_i64()).collect();
    let reports: Vec<Uuid> = new.iter().map(|voice| voice.report_id.as_uuid()).collect();
    let cases: Vec<Uuid> = new.iter().map(|voice| voice.case_id.as_uuid()).collect();
    let numbers: Vec<i32> = new.iter().map(|voice| voice.voice as i32).collect();
    let hashes: Vec<&[u8]> = new.iter().map(|voice| &voice.tracking_sha256[..]).collect();
    let explanations: Vec<Option<&[u8]>> =
        new.iter().map(|voice| voice.join_explanation.as_deref().map(str::as_bytes)).collect();
    let kept = sqlx::query!(
        "INSERT INTO triage.voices (tenant_id, report_id, case_id, voice, tracking_sha256, joined_at,
             join_explanation)
         SELECT tenant_id, report_id, case_id, voice, tracking_sha256, $7, join_explanation
         FROM UNNEST($1::bigint[], $2::uuid[], $3::uuid[], $4::integer[], $5::bytea[], $6::bytea[])
             AS v (tenant_id, report_id, case_id, voice, tracking_sha256, join_explanation)",
        &tenants,
        &reports,
        &cases,
        &numbers,
        &hashes as &[&[u8]],
        &explanations as &[Option<&[u8]>],
        jiff_sqlx::Timestamp::from(now) as _,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("keeping voices", kept.rows_affected(), new.len())
}
