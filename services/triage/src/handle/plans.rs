//! Plans that wait for a person (D33), and their ends: a person approves, changes, merges, rejects; time passes; or it turns
//! out that somebody's life is in danger. Whatever comes first ends it, under the street's lock, once.

use bootstrap::door::IfMatch;
use contract::EventType;
use contract::proto::triage as wire;
use ids::{CaseId, TenantId};
use jiff::Timestamp;
use messaging::NewEvent;
use pg::{ScopedTx, TenantScope};
use serde::Serialize;
use wakeups::Kind;

use super::docket::{item_name, state};
use super::{Room, Said, json};
use crate::core::amend::{self, Change, Outcome};
use crate::core::desk::{Claim, Desk, Ground, Refusal, decidable};
use crate::store;
use crate::store::cases::OpenCase;
use crate::store::plans::PlanReview;

mod end;
mod lapse;

pub(crate) use lapse::{lapse, overdue, press};

/// The wake-up of a plan that waits: its case's id.
pub(crate) const PLAN_REVIEW: Kind = "plan_review";

/// What a person does about a plan that waits.
#[derive(Debug, Clone)]
pub struct ReviewPlan {
    /// The street in the path, after the access check.
    pub tenant: TenantId,
    /// Whose plan.
    pub case_id: CaseId,
    /// Which of the plans drawn for it the person has read; nothing where they do not insist.
    pub if_match: Option<IfMatch>,
    /// What is done.
    pub act: PlanAct,
    /// The person's words.
    pub note: String,
    /// Who does it.
    pub subject: String,
    /// Whose desk the person may decide at.
    pub rank: Desk,
    /// W3C trace context of the request.
    pub traceparent: String,
}

/// The acts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlanAct {
    /// It goes out, with what the person wants otherwise.
    Approve(Change),
    /// Nobody has to act.
    Reject(Ground),
    /// It is the same matter as that case.
    Merge(CaseId),
    /// It goes to another desk.
    Send(Desk),
    /// The person takes it in hand.
    Claim,
    /// The person lets go of it.
    Release,
}

/// What an entry is like after an act; the same for every repetition of what ended it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanState {
    /// Whose desk it lies on, or lay.
    pub desk: Desk,
    /// Who has it in hand.
    pub claim: Option<Claim>,
    /// How it ended, and when.
    pub decided: Option<(Outcome, Timestamp)>,
    /// If nobody decides until then, it goes out as it is.
    pub due_at: Timestamp,
    /// Which of the plans drawn for its case it is, or was.
    pub version: u64,
}

/// Does it.
pub async fn review(room: &Room, command: &ReviewPlan) -> Result<Result<PlanState, Refusal>, pg::Error> {
    pg::retrying(|| attempt(room, command)).await
}

async fn attempt(room: &Room, command: &ReviewPlan) -> Result<Result<PlanState, Refusal>, pg::Error> {
    let mut tx = room.house.pool.begin(TenantScope::of_principal([command.tenant])).await?;
    store::desks::lock(&mut tx, &[command.tenant].into()).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let key = (command.tenant, command.case_id.as_uuid());
    let Some(entry) = store::plans::load(&mut tx, &[key]).await?.pop() else {
        return Ok(Err(Refusal::Unknown));
    };
    // Before what was decided: of another plan than the person read, it is not their decision again.
    if command.if_match.as_ref().is_some_and(|seen| !seen.admits(entry.version)) {
        return Ok(Err(Refusal::Redrawn));
    }
    if entry.decided.is_some() {
        return Ok(again(&command.act, &entry).map(|()| shown(&entry, now)));
    }
    if let Err(refusal) = decidable(entry.desk, entry.claim.as_ref(), &command.subject, command.rank, now) {
        return Ok(Err(refusal));
    }
    let case = store::cases::find(&mut tx, (command.tenant, command.case_id)).await?;
    let case = case.ok_or_else(|| pg::Error::broken("reviewing a plan", "its case is gone"))?;
    let entry = Entry { room, now, command, entry, case };
    let done = entry.act(&mut tx).await?;
    if let Err(refusal) = done {
        return Ok(Err(refusal));
    }
    let kept = store::plans::load(&mut tx, &[key]).await?.pop();
    let kept = kept.ok_or_else(|| pg::Error::broken("reviewing a plan", "its entry is gone"))?;
    tx.commit().await?;
    room.house.committed();
    Ok(Ok(shown(&kept, now)))
}

/// What has ended stays as it ended: the same again is answered, anything else refused.
fn again(act: &PlanAct, entry: &PlanReview) -> Result<(), Refusal> {
    let same = entry.decided_as.as_deref() == Some(&json(act));
    if same { Ok(()) } else { Err(Refusal::DecidedOtherwise) }
}

fn shown(entry: &PlanReview, now: Timestamp) -> PlanState {
    PlanState {
        desk: entry.desk,
        claim: Claim::holding(entry.claim.clone(), now).filter(|_| entry.decided.is_none()),
        decided: entry.decided,
        due_at: entry.due_at,
        version: entry.version,
    }
}

/// An entry that somebody works at, under the lock.
struct Entry<'a> {
    room: &'a Room,
    now: Timestamp,
    command: &'a ReviewPlan,
    entry: PlanReview,
    case: OpenCase,
}

impl Entry<'_> {
    async fn act(self, tx: &mut ScopedTx) -> Result<Result<(), Refusal>, pg::Error> {
        let (subject, now) = (&self.command.subject, self.now);
        match &self.command.act {
            PlanAct::Approve(change) => self.approve(tx, change).await,
            PlanAct::Reject(ground) => self.reject(tx, *ground).await.map(Ok),
            PlanAct::Merge(into) => self.merge(tx, *into).await,
            PlanAct::Send(desk) => self.send(tx, *desk).await,
            PlanAct::Claim => self.hold(tx, Some(&Claim::begun(subject, now))).await.map(Ok),
            PlanAct::Release => self.hold(tx, None).await.map(Ok),
        }
    }

    async fn hold(&self, tx: &mut ScopedTx, claim: Option<&Claim>) -> Result<(), pg::Error> {
        let PlanReview { tenant, case_id, desk, note, .. } = &self.entry;
        store::plans::hold(tx, *tenant, *case_id, *desk, claim, note).await
    }

    async fn approve(mut self, tx: &mut ScopedTx, change: &Change) -> Result<Result<(), Refusal>, pg::Error> {
        let view = self.room.house.snapshot.view();
        let Some(street) = view.street(self.case.tenant) else { return Ok(Err(Refusal::Unknown)) };
        let day = street.of.day(self.now);
        let standing_of = |body: &ids::BodyRef| street.of.standing_of(body, day);
        let plan = match amend::amended(&self.entry.plan, change, self.command.rank, standing_of) {
            Ok(plan) => plan,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let outcome = if plan == self.entry.plan { Outcome::Approved } else { Outcome::Changed };
        let by = By { subject: &self.command.subject, traceparent: &self.command.traceparent };
        let act = json(&self.command.act);
        let ends = end::End { outcome, note: &self.command.note, by, decided_as: Some(&act) };
        end::release(self.room, tx, self.now, &mut [(&mut self.case, &self.entry, plan)], ends).await?;
        Ok(Ok(()))
    }

    async fn send(mut self, tx: &mut ScopedTx, desk: Desk) -> Result<Result<(), Refusal>, pg::Error> {
        if desk == self.entry.desk {
            return Ok(Err(Refusal::AlreadyThere));
        }
        self.case.version += 1;
        let view = self.room.house.snapshot.view();
        let street = view.street(self.case.tenant);
        let centre = street.map(|street| street.of.centre(desk, street.of.day(self.now)));
        self.case.held_by = centre.unwrap_or_default().into_iter().next();
        let message = wire::PlanReviewRequested {
            case: Some(state(&self.case, &item_name(&view, self.case.tenant, &self.case.item))),
            plan: Some(self.entry.plan.clone()),
            desk: desk.as_str().to_owned(),
            due_at: Some(contract::proto::to_wire(self.entry.due_at)),
            told_bodies: self.case.held_by.iter().cloned().collect(),
            note: self.command.note.clone(),
            ..Default::default()
        };
        let said = self.said(EventType::CasePlanReviewRequested, &message);
        store::cases::pass_on(tx, &self.case).await?;
        let PlanReview { tenant, case_id, .. } = self.entry;
        store::plans::hold(tx, tenant, case_id, desk, None, &self.command.note).await?;
        self.room.house.outbox.append(tx, &[said]).await?;
        Ok(Ok(()))
    }

    /// About its case, at the version the case has now.
    fn said(&self, event_type: EventType, message: &impl prost::Message) -> NewEvent {
        said_of(self.room, self.now, &self.case, self.by(), event_type, message)
    }

    fn by(&self) -> By<'_> {
        By { subject: &self.command.subject, traceparent: &self.command.traceparent }
    }
}

/// Who or what ends it.
#[derive(Debug, Clone, Copy)]
pub(super) struct By<'a> {
    pub(super) subject: &'a str,
    pub(super) traceparent: &'a str,
}

pub(super) fn said_of(
    room: &Room,
    now: Timestamp,
    case: &OpenCase,
    by: By<'_>,
    event_type: EventType,
    message: &impl prost::Message,
) -> NewEvent {
    let said = Said {
        event_type,
        tenant: case.tenant,
        lane: case.lane,
        aggregate_id: case.case_id.as_uuid(),
        version: case.version,
        actor: by.subject,
        traceparent: by.traceparent,
        drill: case.drill,
    };
    room.event(&said, now, message)
}
