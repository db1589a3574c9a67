//! Plans that wait for a person.

use contract::proto::triage as wire;
use ids::{CaseId, Lane, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;
use prost::Message;
use uuid::Uuid;

use super::cases::OpenCase;
use super::queue::Position;
use crate::core::amend::Outcome;
use crate::core::desk::{Claim, Desk};

/// An entry to be made.
pub(crate) struct NewPlanReview {
    pub tenant: TenantId,
    pub case_id: CaseId,
    pub lane: Lane,
    pub mode: String,
    pub desk: Desk,
    pub plan: wire::CasePlan,
    pub repeats: Option<wire::Repeat>,
    pub traceparent: String,
    pub due_at: Timestamp,
}

/// An entry.
#[derive(Debug, Clone)]
pub(crate) struct PlanReview {
    pub tenant: TenantId,
    pub case_id: CaseId,
    pub lane: Lane,
    pub mode: String,
    pub desk: Desk,
    pub plan: wire::CasePlan,
    pub repeats: Option<wire::Repeat>,
    pub traceparent: String,
    pub requested_at: Timestamp,
    pub due_at: Timestamp,
    pub note: String,
    /// Which of the plans drawn for its case it is, from 1.
    pub version: u64,
    pub claim: Option<Claim>,
    /// What became of it, and when.
    pub decided: Option<(Outcome, Timestamp)>,
    /// The act that ended it, as JSON; nothing where no person did.
    pub decided_as: Option<String>,
}

struct Row {
    tenant_id: i64,
    case_id: Uuid,
    lane: i16,
    mode: String,
    desk: String,
    plan: Vec<u8>,
    repeats: Option<Vec<u8>>,
    traceparent: String,
    requested_at: jiff_sqlx::Timestamp,
    due_at: jiff_sqlx::Timestamp,
    note: String,
    version: i64,
    claimed_by: Option<String>,
    claimed_until: Option<jiff_sqlx::Timestamp>,
    outcome: Option<String>,
    decided_at: Option<jiff_sqlx::Timestamp>,
    decided_as: Option<String>,
}

impl Row {
    fn read(self) -> Result<PlanReview, pg::Error> {
        let impossible = |column| move || pg::Error::impossible_row(column);
        let plan = wire::CasePlan::decode(&self.plan[..]);
        let repeats = self.repeats.map(|bytes| wire::Repeat::decode(&bytes[..])).transpose();
        let outcome =
            self.outcome.map(|word| Outcome::of(&word).ok_or_else(impossible("triage.plan_reviews.outcome")));
        Ok(PlanReview {
            tenant: TenantId::from_i64(self.tenant_id)
                .map_err(|_| impossible("triage.plan_reviews.tenant_id")())?,
            case_id: self.case_id.into(),
            lane: Lane::from_rank(self.lane).map_err(|_| impossible("triage.plan_reviews.lane")())?,
            mode: self.mode,
            desk: Desk::of(&self.desk).ok_or_else(impossible("triage.plan_reviews.desk"))?,
            plan: plan.map_err(|_| impossible("triage.plan_reviews.plan")())?,
            repeats: repeats.map_err(|_| impossible("triage.plan_reviews.repeats")())?,
            traceparent: self.traceparent,
            requested_at: self.requested_at.to_jiff(),
            due_at: self.due_at.to_jiff(),
            note: self.note,
            version: u64::try_from(self.version).map_err(|_| impossible("triage.plan_reviews.version")())?,
            claim: super::claim(self.claimed_by, self.claimed_until),
            decided: outcome.transpose()?.zip(self.decided_at.map(jiff_sqlx::Timestamp::to_jiff)),
            decided_as: self.decided_as,
        })
    }
}

/// Puts plans onto their desks.
pub(crate) async fn insert(
    tx: &mut ScopedTx,
    new: &[NewPlanReview],
    now: Timestamp,
) -> Result<(), pg::Error> {
    if new.is_empty() {
        return Ok(());
    }
    let tenants: Vec<i64> = new.iter().map(|review| review.tenant.as_i64()).collect();
    let ids: Vec<Uuid> = new.iter().map(|review| review.case_id.as_uuid()).collect();
    let lanes: Vec<i16> = new.iter().map(|review| review.lane.rank()).collect();
    let modes: Vec<&str> = new.iter().map(|review| review.mode.as_str()).collect();
    let desks: Vec<&str> = new.iter().map(|review| review.desk.as_str()).collect();
    let plans: Vec<Vec<u8>> = new.iter().map(|review| review.plan.encode_to_vec()).collect();
    let repeats: Vec<Option<Vec<u8>>> =
        new.iter().map(|review| review.repeats.as_ref().map(Message::encode_to_vec)).collect();
    let traces: Vec<&str> = new.iter().map(|review| review.traceparent.as_str()).collect();
    let dues: Vec<jiff_sqlx::Timestamp> = new.iter().map(|review| review.due_at.into()).collect();
    let kept = sqlx::query!(
        "INSERT INTO triage.plan_reviews (tenant_id, case_id, lane, mode, desk, plan, repeats, traceparent, due_at,
             requested_at)
         SELECT tenant_id, case_id, lane, mode, desk, plan, repeats, traceparent, due_at, $10
         FROM UNNEST($1::bigint[], $2::uuid[], $3::smallint[], $4::text[], $5::text[], $6::bytea[], $7::bytea[],
             $8::text[], $9::timestamptz[])
             AS r (tenant_id, case_id, lane, mode, desk, plan, repeats, traceparent, due_at)",
        &tenants,
        &ids,
        &lanes,
        &modes as &[&str],
        &desks as &[&str],
        &plans,
        &repeats as &[Option<Vec<u8>>],
        &traces as &[&str],
        &dues,
        jiff_sqlx::Timestamp::from(now) as _,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("requesting reviews of plans", kept.rows_affected(), new.len())
}

/// Those of these cases that wait, or waited. Their street's lock is held.
pub(crate) async fn load(tx: &mut ScopedTx, keys: &[(TenantId, Uuid)]) -> Result<Vec<PlanReview>, pg::Error> {
    let tenants: Vec<i64> = keys.iter().map(|(tenant, _)| tenant.as_i64()).collect();
    let ids: Vec<Uuid> = keys.iter().map(|(_, case_id)| *case_id).collect();
    let rows = sqlx::query_as!(
        Row,
        "SELECT r.tenant_id, r.case_id, r.lane, r.mode, r.desk, r.plan, r.repeats, r.traceparent, r.requested_at, r.due_at,
             r.note, r.version, r.claimed_by, r.claimed_until, r.outcome, r.decided_at, r.decided_as
         FROM UNNEST($1::bigint[], $2::uuid[]) AS k (tenant_id, case_id)
         JOIN triage.plan_reviews r ON r.tenant_id = k.tenant_id AND r.case_id = k.case_id",
        &tenants,
        &ids,
    )
    .fetch_all(&mut **tx)
    .await?;
    rows.into_iter().map(Row::read).collect()
}

/// Another plan in place of one that waits.
pub(crate) struct Redrawn<'a> {
    pub plan: &'a wire::CasePlan,
    /// What it repeated was of this item and this place.
    pub repeats_still: bool,
    /// Who drew it has it in hand.
    pub claim: &'a Claim,
}

/// The plan that waits is another one: its case is.
pub(crate) async fn redraw(
    tx: &mut ScopedTx,
    case: &OpenCase,
    redrawn: &Redrawn<'_>,
) -> Result<(), pg::Error> {
    let Redrawn { plan, repeats_still, claim } = redrawn;
    let kept = sqlx::query!(
        "UPDATE triage.plan_reviews
         SET plan = $3, lane = $4, repeats = CASE WHEN $5 THEN repeats END, version = version + 1, claimed_by = $6,
             claimed_until = $7
         WHERE tenant_id = $1 AND case_id = $2 AND decided_at IS NULL",
        case.tenant.as_i64(),
        case.case_id.as_uuid(),
        plan.encode_to_vec(),
        case.lane.rank(),
        *repeats_still,
        claim.by,
        jiff_sqlx::Timestamp::from(claim.until) as _,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("drawing a waiting plan anew", kept.rows_affected(), 1)
}

/// How entries end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct End<'a> {
    pub outcome: Outcome,
    pub by: &'a str,
    /// The act, as JSON; nothing where no person did.
    pub decided_as: Option<&'a str>,
    /// The person's words; nothing leaves those that are there.
    pub note: Option<&'a str>,
}

/// Notes what became of entries.
pub(crate) async fn decide(
    tx: &mut ScopedTx,
    decided: &[(TenantId, CaseId)],
    end: End<'_>,
    now: Timestamp,
) -> Result<(), pg::Error> {
    let tenants: Vec<i64> = decided.iter().map(|(tenant, _)| tenant.as_i64()).collect();
    let ids: Vec<Uuid> = decided.iter().map(|(_, case_id)| case_id.as_uuid()).collect();
    let kept = sqlx::query!(
        "UPDATE triage.plan_reviews r
         SET outcome = $3, decided_by = $4, decided_at = $5, note = COALESCE($6, r.note), decided_as = $7
         FROM UNNEST($1::bigint[], $2::uuid[]) AS k (tenant_id, case_id)
         WHERE r.tenant_id = k.tenant_id AND r.case_id = k.case_id AND r.decided_at IS NULL",
        &tenants,
        &ids,
        end.outcome.as_str(),
        end.by,
        jiff_sqlx::Timestamp::from(now) as _,
        end.note,
        end.decided_as,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("deciding reviews of plans", kept.rows_affected(), decided.len())
}

/// Plans of these streets whose time is over, the longest over first, so many at most. The streets' locks are held.
pub(crate) async fn due(
    tx: &mut ScopedTx,
    tenants: &[TenantId],
    now: Timestamp,
    rows_max: i64,
) -> Result<Vec<(TenantId, Uuid)>, pg::Error> {
    let tenants: Vec<i64> = tenants.iter().map(|tenant| tenant.as_i64()).collect();
    let rows = sqlx::query!(
        r#"SELECT r.tenant_id, r.case_id
         FROM UNNEST($1::bigint[]) AS t (tenant_id)
         JOIN triage.plan_reviews r ON r.tenant_id = t.tenant_id
         WHERE r.decided_at IS NULL AND r.due_at <= $2
         ORDER BY r.due_at, r.case_id
         LIMIT $3"#,
        &tenants,
        jiff_sqlx::Timestamp::from(now) as _,
        rows_max,
    )
    .fetch_all(&mut **tx)
    .await?;
    let impossible = || pg::Error::impossible_row("triage.plan_reviews.tenant_id");
    let read = rows
        .into_iter()
        .map(|row| Ok((TenantId::from_i64(row.tenant_id).map_err(|_| impossible())?, row.case_id)));
    read.collect()
}

/// Keeps whose desk an entry lies on and in whose hands it is.
pub(crate) async fn hold(
    tx: &mut ScopedTx,
    tenant: TenantId,
    case_id: CaseId,
    desk: Desk,
    claim: Option<&Claim>,
    note: &str,
) -> Result<(), pg::Error> {
    let kept = sqlx::query!(
        "UPDATE triage.plan_reviews SET desk = $3, claimed_by = $4, claimed_until = $5, note = $6
         WHERE tenant_id = $1 AND case_id = $2 AND decided_at IS NULL",
        tenant.as_i64(),
        case_id.as_uuid(),
        desk.as_str(),
        claim.map(|claim| claim.by.as_str()),
        claim.map(|claim| jiff_sqlx::Timestamp::from(claim.until)) as Option<jiff_sqlx::Timestamp>,
        note,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("holding a review of a plan", kept.rows_affected(), 1)
}

/// Where an entry of the tenant stands, or stood before it was decided.
pub(crate) async fn position(
    tx: &mut ScopedTx,
    tenant: TenantId,
    case_id: Uuid,
) -> Result<Option<Position>, pg::Error> {
    let position = sqlx::query_as!(
        Position,
        "SELECT lane, requested_at, case_id AS id FROM triage.plan_reviews WHERE tenant_id = $1 AND case_id = $2",
        tenant.as_i64(),
        case_id,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(position)
}

/// Open entries after a position, urgent ones first, of a lane the longest waiting first; of one desk or of both.
pub(crate) async fn open(
    tx: &mut ScopedTx,
    tenant: TenantId,
    after: Position,
    desk: Option<Desk>,
    rows_max: i64,
) -> Result<Vec<PlanReview>, pg::Error> {
    let rows = sqlx::query_as!(
        Row,
        "SELECT tenant_id, case_id, lane, mode, desk, plan, repeats, traceparent, requested_at, due_at, note,
             version, claimed_by, claimed_until, outcome, decided_at, decided_as
         FROM triage.plan_reviews
         WHERE tenant_id = $1 AND decided_at IS NULL AND (lane, requested_at, case_id) > ($2, $3, $4)
             AND ($5::text IS NULL OR desk = $5)
         ORDER BY lane, requested_at, case_id
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
    rows.into_iter().map(Row::read).collect()
}
