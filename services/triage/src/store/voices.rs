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
    /// `None` for a voice that opened its case, unless beside one that it may belong to.
    pub join_explanation: Option<String>,
    /// What a case of its own is made from.
    pub report: Bytes,
    /// How often it was put into a case, with this time: 1 for a new one, more for one that goes over.
    pub placement: u32,
    /// The case it was split from.
    pub split_from: Option<CaseId>,
}

/// A voice as it is kept.
pub(crate) struct Voice {
    pub case_id: CaseId,
    pub voice: u32,
    pub tracking_sha256: Vec<u8>,
    /// Nothing of voices from before they were kept with their reports.
    pub report: Option<Vec<u8>>,
    pub placement: u32,
    pub split_from: Option<CaseId>,
}

/// Keeps voices: new ones, and those that go over into another case.
pub(crate) async fn keep(tx: &mut ScopedTx, voices: &[NewVoice], now: Timestamp) -> Result<(), pg::Error> {
    let (moving, new): (Vec<_>, Vec<_>) = voices.iter().partition(|voice| voice.placement > 1);
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
    let placements: Vec<i32> = moving.iter().map(|voice| voice.placement as i32).collect();
    let from: Vec<Option<Uuid>> = moving.iter().map(|voice| voice.split_from.map(CaseId::as_uuid)).collect();
    let explanations: Vec<Option<&[u8]>> =
        moving.iter().map(|voice| voice.join_explanation.as_deref().map(str::as_bytes)).collect();
    let kept = sqlx::query!(
        "UPDATE triage.voices v
         SET case_id = m.case_id, voice = m.voice, join_explanation = m.join_explanation, joined_at = $6,
             placement = m.placement, split_from = m.split_from
         FROM UNNEST($1::bigint[], $2::uuid[], $3::uuid[], $4::integer[], $5::bytea[], $7::integer[], $8::uuid[])
             AS m (tenant_id, report_id, case_id, voice, join_explanation, placement, split_from)
         WHERE v.tenant_id = m.tenant_id AND v.report_id = m.report_id AND v.placement = m.placement - 1",
        &tenants,
        &ids,
        &cases,
        &numbers,
        &explanations as &[Option<&[u8]>],
        jiff_sqlx::Timestamp::from(now) as _,
        &placements,
        &from as &[Option<Uuid>],
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("moving voices", kept.rows_affected(), moving.len())
}

/// A person found what a voice is about: an example to learn from, in place of an earlier one.
pub(crate) async fn label(
    tx: &mut ScopedTx,
    tenant: TenantId,
    report_id: ReportId,
    item: &str,
    now: Timestamp,
) -> Result<(), pg::Error> {
    let kept = sqlx::query!(
        "UPDATE triage.voices SET labelled_item = $3, labelled_at = $4 WHERE tenant_id = $1 AND report_id = $2",
        tenant.as_i64(),
        report_id.as_uuid(),
        item,
        jiff_sqlx::Timestamp::from(now) as _,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("labelling a voice", kept.rows_affected(), 1)
}

struct Row {
    report_id: Uuid,
    case_id: Uuid,
    voice: i32,
    tracking_sha256: Vec<u8>,
    report: Option<Vec<u8>>,
    placement: i32,
    split_from: Option<Uuid>,
}

impl Row {
    fn read(self) -> Result<(ReportId, Voice), pg::Error> {
        let impossible = pg::Error::impossible_row;
        let voice = Voice {
            case_id: self.case_id.into(),
            voice: u32::try_from(self.voice).map_err(|_| impossible("triage.voices.voice"))?,
            tracking_sha256: self.tracking_sha256,
            report: self.report,
            placement: u32::try_from(self.placement).map_err(|_| impossible("triage.voices.placement"))?,
            split_from: self.split_from.map(CaseId::from),
        };
        Ok((self.report_id.into(), voice))
    }
}

/// One voice, if it is there.
pub(crate) async fn of_report(
    tx: &mut ScopedTx,
    tenant: TenantId,
    report_id: ReportId,
) -> Result<Option<Voice>, pg::Error> {
    let row = sqlx::query_as!(
        Row,
        "SELECT report_id, case_id, voice, tracking_sha256, report, placement, split_from FROM triage.voices
         WHERE tenant_id = $1 AND report_id = $2",
        tenant.as_i64(),
        report_id.as_uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row.map(Row::read).transpose()?.map(|(_, voice)| voice))
}

/// Voices that joined one of these cases after it was over, with when that was, in the order of cases and voices. Who opened a case did not join it.
pub(crate) async fn after_the_end(
    tx: &mut ScopedTx,
    cases: &[(TenantId, CaseId)],
) -> Result<Vec<(TenantId, ReportId, Timestamp)>, pg::Error> {
    let tenants: Vec<i64> = cases.iter().map(|(tenant, _)| tenant.as_i64()).collect();
    let ids: Vec<Uuid> = cases.iter().map(|(_, case_id)| case_id.as_uuid()).collect();
    let rows = sqlx::query!(
        r#"SELECT v.tenant_id, v.report_id, c.closed_at AS "closed_at!"
         FROM UNNEST($1::bigint[], $2::uuid[]) AS k (tenant_id, case_id)
         JOIN triage.cases c ON c.tenant_id = k.tenant_id AND c.case_id = k.case_id
         JOIN triage.voices v ON v.tenant_id = c.tenant_id AND v.case_id = c.case_id
         WHERE v.joined_at > c.closed_at AND v.voice > 1 AND NOT c.drill
         ORDER BY v.tenant_id, v.case_id, v.voice"#,
        &tenants,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let tenant = TenantId::from_i64(row.tenant_id);
        let tenant = tenant.map_err(|_| pg::Error::impossible_row("triage.voices.tenant_id"))?;
        Ok((tenant, row.report_id.into(), row.closed_at.to_jiff()))
    });
    read.collect()
}

/// The voices of a case in their order, so many at most.
pub(crate) async fn of_case(
    tx: &mut ScopedTx,
    tenant: TenantId,
    case_id: CaseId,
    rows_max: i64,
) -> Result<Vec<(ReportId, Voice)>, pg::Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT report_id, case_id, voice, tracking_sha256, report, placement, split_from FROM triage.voices
         WHERE tenant_id = $1 AND case_id = $2
         ORDER BY voice
         LIMIT $3",
        tenant.as_i64(),
        case_id.as_uuid(),
        rows_max,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// What a voice said.
pub(crate) struct Said {
    pub report_id: ReportId,
    pub voice: u32,
    pub joined_at: Timestamp,
    /// Nothing of voices from before they were kept with their reports.
    pub report: Option<Vec<u8>>,
}

/// What the voices of a case after a number said, in their order, so many at most.
pub(crate) async fn said(
    tx: &mut ScopedTx,
    (tenant, case_id): (TenantId, CaseId),
    after: i32,
    rows_max: i64,
) -> Result<Vec<Said>, pg::Error> {
    let rows = sqlx::query!(
        "SELECT report_id, voice, joined_at, report FROM triage.voices
         WHERE tenant_id = $1 AND case_id = $2 AND voice > $3
         ORDER BY voice
         LIMIT $4",
        tenant.as_i64(),
        case_id.as_uuid(),
        after,
        rows_max,
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let voice = u32::try_from(row.voice).map_err(|_| pg::Error::impossible_row("triage.voices.voice"))?;
        let (report_id, joined_at) = (row.report_id.into(), row.joined_at.to_jiff());
        Ok(Said { report_id, voice, joined_at, report: row.report })
    });
    read.collect()
}
