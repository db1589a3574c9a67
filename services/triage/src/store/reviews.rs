//! The review queue.

use bytes::Bytes;
use ids::{Lane, ReportId, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;
use uuid::Uuid;

use super::queue::Position;
use crate::core::desk::{Claim, Desk, Ground};
use crate::core::late::Waiting;
use crate::handle::review::{Became, Decision, ReportState, ReviewReport};

/// An entry to be made.
pub(crate) struct NewReview {
    pub tenant: TenantId,
    pub report_id: ReportId,
    pub reason: &'static str,
    pub lane: Lane,
    pub drill: bool,
    pub report: Bytes,
    pub item_explanation: String,
    /// Open cases it may be about, as JSON.
    pub similar: Option<String>,
    pub due_at: Timestamp,
    pub traceparent: String,
}

/// An entry, for deciding it.
pub(crate) struct Review {
    pub tenant: TenantId,
    pub report_id: ReportId,
    pub version: u64,
    pub reason: String,
    pub lane: Lane,
    pub drill: bool,
    pub report: Vec<u8>,
    pub item_explanation: Vec<u8>,
    pub desk: Desk,
    pub claim: Option<Claim>,
    /// Until then somebody decides; nothing where a build before this one put it there, until the next sweep.
    pub due_at: Option<Timestamp>,
    /// The district was told once more.
    pub reminded: bool,
    /// Of the report; empty from before it was kept.
    pub traceparent: String,
    /// How it ended: `item`, `joined` or `rejected`.
    pub outcome: Option<String>,
    pub decided_item: Option<String>,
    /// The act that ended it, as JSON; nothing from before it was kept.
    pub decided_as: Option<String>,
}

impl Review {
    /// How it waits; nothing of what is decided or has no clock.
    pub(crate) fn waiting(&self) -> Option<Waiting> {
        let due_at = self.due_at.filter(|_| self.outcome.is_none())?;
        Some(Waiting { desk: self.desk, claim: self.claim.clone(), due_at, reminded: self.reminded })
    }
}

struct Row {
    tenant_id: i64,
    report_id: Uuid,
    version: i64,
    reason: String,
    lane: i16,
    drill: bool,
    report: Vec<u8>,
    item_explanation: Vec<u8>,
    desk: String,
    claimed_by: Option<String>,
    claimed_until: Option<jiff_sqlx::Timestamp>,
    due_at: Option<jiff_sqlx::Timestamp>,
    reminded: bool,
    traceparent: Option<String>,
    decided_item: Option<String>,
    decided_as: Option<String>,
    outcome: Option<String>,
}

impl Row {
    fn read(self) -> Result<Review, pg::Error> {
        let impossible = pg::Error::impossible_row;
        Ok(Review {
            tenant: TenantId::from_i64(self.tenant_id).map_err(|_| impossible("triage.reviews.tenant_id"))?,
            report_id: self.report_id.into(),
            version: u64::try_from(self.version).map_err(|_| impossible("triage.reviews.version"))?,
            reason: self.reason,
            lane: Lane::from_rank(self.lane).map_err(|_| impossible("triage.reviews.lane"))?,
            drill: self.drill,
            report: self.report,
            item_explanation: self.item_explanation,
            desk: Desk::of(&self.desk).ok_or_else(|| impossible("triage.reviews.desk"))?,
            claim: super::claim(self.claimed_by, self.claimed_until),
            due_at: self.due_at.map(jiff_sqlx::Timestamp::to_jiff),
            reminded: self.reminded,
            traceparent: self.traceparent.unwrap_or_default(),
            outcome: self.outcome,
            decided_item: self.decided_item,
            decided_as: self.decided_as,
        })
    }
}

/// How an entry ends.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End<'a> {
    pub outcome: &'static str,
    pub item: Option<&'a str>,
    pub ground: Option<Ground>,
    pub decided_as: &'a str,
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
    pub due_at: Option<jiff_sqlx::Timestamp>,
    pub desk: String,
    pub note: String,
    pub claimed_by: Option<String>,
    pub claimed_until: Option<jiff_sqlx::Timestamp>,
    pub similar_cases: Option<Vec<u8>>,
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
    let similar: Vec<Option<&[u8]>> =
        new.iter().map(|review| review.similar.as_deref().map(str::as_bytes)).collect();
    let dues: Vec<jiff_sqlx::Timestamp> = new.iter().map(|review| review.due_at.into()).collect();
    let traces: Vec<&str> = new.iter().map(|review| review.traceparent.as_str()).collect();
    let kept = sqlx::query!(
        "INSERT INTO triage.reviews (tenant_id, report_id, reason, lane, drill, report, item_explanation,
             requested_at, similar_cases, due_at, traceparent)
         SELECT tenant_id, report_id, reason, lane, drill, report, item_explanation, $8, similar_cases, due_at, traceparent
         FROM UNNEST($1::bigint[], $2::uuid[], $3::text[], $4::smallint[], $5::boolean[], $6::bytea[], $7::bytea[],
             $9::bytea[], $10::timestamptz[], $11::text[])
             AS r (tenant_id, report_id, reason, lane, drill, report, item_explanation, similar_cases, due_at, traceparent)",
        &tenants,
        &ids,
        &reasons as &[&str],
        &lanes,
        &drills,
        &reports as &[&[u8]],
        &explanations as &[&[u8]],
        jiff_sqlx::Timestamp::from(now) as _,
        &similar as &[Option<&[u8]>],
        &dues,
        &traces as &[&str],
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("requesting reviews", kept.rows_affected(), new.len())
}

/// Those of these entries that are there. Their streets' locks are held.
pub(crate) async fn load(tx: &mut ScopedTx, keys: &[(TenantId, Uuid)]) -> Result<Vec<Review>, pg::Error> {
    let tenants: Vec<i64> = keys.iter().map(|(tenant, _)| tenant.as_i64()).collect();
    let ids: Vec<Uuid> = keys.iter().map(|(_, report_id)| *report_id).collect();
    // Some build before this one gave no outcome.
    let rows = sqlx::query_as!(
        Row,
        "SELECT r.tenant_id, r.report_id, r.version, r.reason, r.lane, r.drill, r.report, r.item_explanation, r.desk,
             r.claimed_by, r.claimed_until, r.due_at, r.reminded, r.traceparent, r.decided_item, r.decided_as,
             COALESCE(r.outcome, CASE WHEN r.decided_at IS NOT NULL THEN 'item' END) AS outcome
         FROM UNNEST($1::bigint[], $2::uuid[]) AS k (tenant_id, report_id)
         JOIN triage.reviews r ON r.tenant_id = k.tenant_id AND r.report_id = k.report_id",
        &tenants,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// Notes how it ended. What is said of a report that goes into a case is said by the case.
pub(crate) async fn decide(
    tx: &mut ScopedTx,
    command: &ReviewReport,
    end: End<'_>,
    now: Timestamp,
) -> Result<(), pg::Error> {
    let decided = sqlx::query!(
        "UPDATE triage.reviews
         SET decided_item = $3, decided_by = $4, decided_at = $5, outcome = $6, ground = $7, note = $8, decided_as = $9,
             version = version + CASE WHEN $7::text IS NULL THEN 0 ELSE 1 END
         WHERE tenant_id = $1 AND report_id = $2 AND decided_at IS NULL",
        command.tenant.as_i64(),
        command.report_id.as_uuid(),
        end.item,
        command.subject,
        jiff_sqlx::Timestamp::from(now) as _,
        end.outcome,
        end.ground.map(Ground::as_str),
        command.note,
        end.decided_as,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("deciding a review", decided.rows_affected(), 1)
}

/// Keeps in whose hands an entry is.
pub(crate) async fn hold(
    tx: &mut ScopedTx,
    tenant: TenantId,
    report_id: ReportId,
    claim: Option<&Claim>,
) -> Result<(), pg::Error> {
    let kept = sqlx::query!(
        "UPDATE triage.reviews SET claimed_by = $3, claimed_until = $4
         WHERE tenant_id = $1 AND report_id = $2 AND decided_at IS NULL",
        tenant.as_i64(),
        report_id.as_uuid(),
        claim.map(|claim| claim.by.as_str()),
        claim.map(|claim| jiff_sqlx::Timestamp::from(claim.until)) as Option<jiff_sqlx::Timestamp>,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("holding a review", kept.rows_affected(), 1)
}

/// What becomes of an entry that nobody has decided: it comes to a desk, or is told there once more. One version more each.
pub(crate) struct Moved {
    pub tenant: TenantId,
    pub report_id: ReportId,
    pub now_waits: Waiting,
    /// For who reads it at the desk; nothing leaves what is there.
    pub note: Option<String>,
}

/// Keeps it.
pub(crate) async fn pass_on(tx: &mut ScopedTx, moved: &[Moved]) -> Result<(), pg::Error> {
    if moved.is_empty() {
        return Ok(());
    }
    let tenants: Vec<i64> = moved.iter().map(|moved| moved.tenant.as_i64()).collect();
    let ids: Vec<Uuid> = moved.iter().map(|moved| moved.report_id.as_uuid()).collect();
    let desks: Vec<&str> = moved.iter().map(|moved| moved.now_waits.desk.as_str()).collect();
    let notes: Vec<Option<&str>> = moved.iter().map(|moved| moved.note.as_deref()).collect();
    let dues: Vec<jiff_sqlx::Timestamp> = moved.iter().map(|moved| moved.now_waits.due_at.into()).collect();
    let reminded: Vec<bool> = moved.iter().map(|moved| moved.now_waits.reminded).collect();
    // Whoever had it in hand has it no more, or the claim was over.
    let kept = sqlx::query!(
        "UPDATE triage.reviews r
         SET desk = m.desk, note = COALESCE(m.note, r.note), due_at = m.due_at, reminded = m.reminded,
             version = r.version + 1, claimed_by = NULL, claimed_until = NULL
         FROM UNNEST($1::bigint[], $2::uuid[], $3::text[], $4::text[], $5::timestamptz[], $6::boolean[])
             AS m (tenant_id, report_id, desk, note, due_at, reminded)
         WHERE r.tenant_id = m.tenant_id AND r.report_id = m.report_id AND r.decided_at IS NULL",
        &tenants,
        &ids,
        &desks as &[&str],
        &notes as &[Option<&str>],
        &dues,
        &reminded,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("passing reviews on", kept.rows_affected(), moved.len())
}

/// What an entry is like.
pub(crate) async fn state(
    tx: &mut ScopedTx,
    tenant: TenantId,
    report_id: ReportId,
) -> Result<ReportState, pg::Error> {
    let row = sqlx::query!(
        r#"SELECT r.desk, r.claimed_by, r.claimed_until, r.decided_item, r.ground, r.decided_at,
             v.case_id AS "case_id?", c.case_no AS "case_no?", v.voice AS "voice?"
         FROM triage.reviews r
         LEFT JOIN triage.voices v ON v.tenant_id = r.tenant_id AND v.report_id = r.report_id
         LEFT JOIN triage.cases c ON c.tenant_id = v.tenant_id AND c.case_id = v.case_id
         WHERE r.tenant_id = $1 AND r.report_id = $2"#,
        tenant.as_i64(),
        report_id.as_uuid(),
    )
    .fetch_one(&mut **tx)
    .await?;
    let impossible = pg::Error::impossible_row;
    let in_case = match (row.decided_item, row.case_id, row.case_no, row.voice) {
        (Some(item), Some(case_id), Some(case_no), Some(voice)) => {
            let voice = u32::try_from(voice).map_err(|_| impossible("triage.voices.voice"))?;
            Some(Became::InCase { item, case_id: case_id.into(), case_no, voice })
        }
        _ => None,
    };
    let decision = match row.decided_at.map(jiff_sqlx::Timestamp::to_jiff) {
        None => None,
        Some(decided_at) => {
            let became = in_case.or(row.ground.map(Became::Rejected));
            let became = became.ok_or_else(|| impossible("triage.reviews.decided_item"))?;
            Some(Decision { became, decided_at })
        }
    };
    Ok(ReportState {
        desk: Desk::of(&row.desk).ok_or_else(|| impossible("triage.reviews.desk"))?,
        claim: super::claim(row.claimed_by, row.claimed_until),
        decision,
    })
}

/// Where an entry of the tenant stands, or stood before it was decided.
pub(crate) async fn position(
    tx: &mut ScopedTx,
    tenant: TenantId,
    report_id: Uuid,
) -> Result<Option<Position>, pg::Error> {
    let position = sqlx::query_as!(
        Position,
        "SELECT lane, requested_at, report_id AS id FROM triage.reviews WHERE tenant_id = $1 AND report_id = $2",
        tenant.as_i64(),
        report_id,
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
    desk: Option<Desk>,
    rows_max: i64,
) -> Result<Vec<OpenReview>, pg::Error> {
    let rows = sqlx::query_as!(
        OpenReview,
        "SELECT report_id, reason, lane, drill, report, item_explanation, requested_at, due_at, desk, note, claimed_by,
             claimed_until, similar_cases
         FROM triage.reviews
         WHERE tenant_id = $1 AND decided_at IS NULL AND (lane, requested_at, report_id) > ($2, $3, $4)
             AND ($5::text IS NULL OR desk = $5)
         ORDER BY lane, requested_at, report_id
         LIMIT $6",
        tenant.as_i64(),
        after.lane,
        after.requested_at as _,
        after.id,
        desk.map(Desk::as_str),
        rows_max,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows)
}
