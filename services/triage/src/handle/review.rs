//! A person says what a report is about; then it goes the way of every report.

use bytes::Bytes;
use ids::{CaseId, ReportId, TenantId};
use jiff::Timestamp;
use pg::{ScopedTx, TenantScope};

use super::{Room, Submission, settle};
use crate::core::report::Report;
use crate::store;
use crate::store::reviews::Review;

/// A decision on an entry of the review queue.
#[derive(Debug, Clone)]
pub struct DecideReview {
    /// The street in the path, after the access check.
    pub tenant: TenantId,
    /// Which entry.
    pub report_id: ReportId,
    /// The item.
    pub item: String,
    /// Who decides.
    pub subject: String,
    /// W3C trace context of the request.
    pub traceparent: String,
}

/// What became of the report; the same for every repetition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The case it is in.
    pub case_id: CaseId,
    /// Its number.
    pub case_no: String,
    /// As which voice; 1 opened it.
    pub voice: u32,
    /// When it was decided.
    pub decided_at: Timestamp,
}

/// Why a decision is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// No such entry.
    Unknown,
    /// Decided before, on another item.
    DecidedOtherwise,
    /// The list has no such item.
    UnknownItem,
}

/// Decides an entry. The same item again gives the same answer, another one a refusal.
pub async fn decide(room: &Room, command: &DecideReview) -> Result<Result<Decision, Refusal>, pg::Error> {
    pg::retrying(|| attempt(room, command)).await
}

async fn attempt(room: &Room, command: &DecideReview) -> Result<Result<Decision, Refusal>, pg::Error> {
    let mut tx = room.house.pool.begin(TenantScope::of_principal([command.tenant])).await?;
    let now = room.house.clock.now(&mut tx).await?;
    // The lock of the tenant also keeps a second decision waiting.
    store::desks::lock(&mut tx, &[command.tenant].into()).await?;
    let Some(review) = store::reviews::load(&mut tx, command.tenant, command.report_id).await? else {
        return Ok(Err(Refusal::Unknown));
    };
    if let Err(refusal) = permitted(room, command, &review, now) {
        return Ok(Err(refusal));
    }
    if review.decided_item.is_none() {
        take(room, &mut tx, now, command, review).await?;
    }
    let decision = store::reviews::decision(&mut tx, command.tenant, command.report_id).await?;
    tx.commit().await?;
    room.house.committed();
    Ok(Ok(decision))
}

fn permitted(room: &Room, command: &DecideReview, review: &Review, now: Timestamp) -> Result<(), Refusal> {
    match &review.decided_item {
        Some(item) if *item == command.item => Ok(()),
        Some(_) => Err(Refusal::DecidedOtherwise),
        None => {
            let view = room.house.snapshot.view();
            let listed = view
                .street(command.tenant)
                .is_some_and(|street| street.of.lists(&command.item, street.of.day(now)));
            if listed { Ok(()) } else { Err(Refusal::UnknownItem) }
        }
    }
}

async fn take(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    command: &DecideReview,
    review: Review,
) -> Result<(), pg::Error> {
    // It was read when it came; that it no longer reads is a broken invariant.
    let report = Report::read(&Bytes::from(review.report), command.tenant);
    let report = report.map_err(|error| pg::Error::broken("reading a kept report", error))?;
    store::reviews::decide(tx, command, now).await?;
    let submission = Submission {
        report,
        decided_item: Some(command.item.clone()),
        lane: review.lane,
        drill: review.drill,
        actor: command.subject.clone(),
        traceparent: command.traceparent.clone(),
    };
    settle(room, tx, now, &[submission]).await?;
    Ok(())
}
