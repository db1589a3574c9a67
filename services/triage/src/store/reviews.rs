//! The review queue.

use bytes::Bytes;
use ids::{Lane, ReportId, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

use crate::handle::review::{DecideReview, Decision};

/// An entry to be made.
pub(crate) struct NewReview {
    pub tenant: TenantId,
    pub report_id: ReportId,
    pub reason: &'static str,
    pub lane: Lane,
    pub drill: bool,
    pub report: Bytes,
    pub item_explanation: String,
}

/// An entry, for deciding it.
pub(crate) struct Review {
    pub lane: Lane,
    pub drill: bool,
    pub report: Vec<u8>,
    pub decided_item: Option<String>,
}

/// An open entry, for showing it.
pub(crate) struct OpenReview {
    pub report_id: Uuid,
    pub reason: String,
    pub lane: i16,
    pub drill: bool,
    pub report: Vec<u8>,
    pub item_explanation: Vec<u8>,
    pub requested_at: jiff_sqlx::Timestamp,
}

/// Puts reports into the queue.
pub(crate) async fn insert(tx: &mut ScopedTx, new: &[NewReview], now: Timestamp) -> Result<(), pg::Error> {
    if new.is_empty() {
        return Ok(());
    }
    let tenants: Vec<i64> = new.iter().map(|review| review.tenant.as_i64()).collect();
    let ids: Vec<Uuid> = new.iter().map(|review| review.report_id.as_uuid()).collect();
    let reasons: Vec<&str> = new.iter().map(|review| review.reason).collect();
    let lanes: Vec<i16> = new.iter().map(|review| review.lane.rank()).collect();
    let drills: Vec<bool> = new.iter().map(|review| review.drill).collect();
    let reports: Vec<&[u8]> = new.iter().map(|review| &review.report[..]).collect();
    let explanations: Vec<&[u8]> = new.iter().map(|review| review.item_explanation.as_bytes()).collect();
    let kept = sqlx::query!(
        "INSERT INTO triage.reviews (tenant_id, report_id, reason, lane, drill, report, item_explanation,
             requested_at)
         SELECT tenant_id, report_id, reason, lane, drill, report, item_explanation, $8
         FROM UNNEST($1::bigint[], $2::uuid[], $3::text[], $4::smallint[], $5::boolean[], $6::bytea[], $7::bytea[])
             AS r (tenant_id, report_id, reason, lane, drill, report, item_explanation)",
        &tenants,
        &ids,
        &reasons as &[&str],
        &lanes,
        &drills,
        &reports as &[&[u8]],
        &explanations as &[&[u8]],
        jiff_sqlx::Timestamp::from(now) as _,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("requesting reviews", kept.rows_affected(), new.len())
}

/// One entry, if it is there.
pub(crate) async fn load(
    tx: &mut ScopedTx,
    tenant: TenantId,
    report_id: ReportId,
) -> Result<Option<Review>, pg::Error> {
    let row = sqlx::query!(
        "SELECT lane, drill, report, decided_item FROM triage.reviews WHERE tenant_id = $1 AND report_id = $2",
        tenant.as_i64(),
        report_id.as_uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let lane = Lane::from_rank(row.lane).map_err(|_| pg::Error::impossible_row("triage.reviews.lane"))?;
    Ok(Some(Review { lane, drill: row.drill, report: row.report, decided_item: row.decided_item }))
}

/// Notes the decision.
pub(crate) async fn decide(
    tx: &mut ScopedTx,
    command: &DecideReview,
    now: Timestamp,
) -> Result<(), pg::Error> {
    let decided = sqlx::query!(
        "UPDATE triage.reviews SET decided_item = $3, decided_by = $4, decided_at = $5
         WHERE tenant_id = $1 AND report_id = $2 AND decided_at IS NULL",
        command.tenant.as_i64(),
        command.report_id.as_uuid(),
        command.item,
        command.subject,
        jiff_sqlx::Timestamp::from(now) as _,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("deciding a review", decided.rows_affected(), 1)
}

/// What became of a decided entry.
pub(crate) async fn decision(
    tx: &mut ScopedTx,
    tenant: TenantId,
    report_id: ReportId,
) -> Result<Decision, pg::Error> {
    let row = sqlx::query!(
        r#"SELECT v.case_id, c.case_no, v.voice, r.decided_at AS "decided_at!"
         FROM triage.reviews r
         JOIN triage.voices v ON v.tenant_id = r.tenant_id AND v.report_id = r.report_id
         JOIN triage.cases c ON c.tenant_id = v.tenant_id AND c.case_id = v.case_id
         WHERE r.tenant_id = $1 AND r.report_id = $2 AND r.decided_at IS NOT NULL"#,
        tenant.as_i64(),
        report_id.as_uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    let voice = u32::try_from(row.voice).map_err(|_| pg::Error::impossible_row("triage.voices.voice"))?;
    let decided_at = row.decided_at.to_jiff();
    Ok(Decision { case_id: row.case_id.into(), case_no: row.case_no, voice, decided_at })
}

/// Where an entry stands in the queue: by lane, then by how long it waits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Position {
    lane: i16,
    requested_at: jiff_sqlx::Timestamp,
    report_id: Uuid,
}

impl Position {
    /// Before every entry: lanes count from 0.
    pub(crate) fn start() -> Self {
        Self { lane: -1, requested_at: Timestamp::UNIX_EPOCH.into(), report_id: Uuid::nil() }
    }
}

/// Where an entry of the tenant stands, or stood before it was decided.
pub(crate) async fn position(
    tx: &mut ScopedTx,
    tenant: TenantId,
    report_id: ReportId,
) -> Result<Option<Position>, pg::Error> {
    let position = sqlx::query_as!(
        Position,
        "SELECT lane, requested_at, report_id FROM triage.reviews WHERE tenant_id = $1 AND report_id = $2",
        tenant.as_i64(),
        report_id.as_uuid(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(position)
}

/// Open entries after a position, urgent ones first, of a lane the longest waiting first.
pub(crate) async fn open(
    tx: &mut ScopedTx,
    tenant: TenantId,
    after: Position,
    rows_max: i64,
) -> Result<Vec<OpenReview>, pg::Error> {
    let rows = sqlx::query_as!(
        OpenReview,
        "SELECT report_id, reason, lane, drill, report, item_explanation, requested_at
         FROM triage.reviews
         WHERE tenant_id = $1 AND decided_at IS NULL AND (lane, requested_at, report_id) > ($2, $3, $4)
         ORDER BY lane, requested_at, report_id
         LIMIT $5",
        tenant.as_i64(),
        after.lane,
        after.requested_at as _,
        after.report_id,
        rows_max,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows)
}
