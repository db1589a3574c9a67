//! How a plan that waits ends: it goes out, its case is over, or its voices go to another case.

use contract::EventType;
use contract::proto::triage as wire;
use ids::CaseId;
use jiff::Timestamp;
use pg::ScopedTx;

use super::{By, Entry, said_of};
use crate::core::amend::{self, Outcome, Review};
use crate::core::desk::{Ground, Refusal, Standing};
use crate::handle::docket::{DISPATCHED_WITHIN, item_name, state};
use crate::handle::plans::PLAN_REVIEW;
use crate::handle::{Room, json, merge};
use crate::store;
use crate::store::cases::{OpenCase, Released};
use crate::store::plans::PlanReview;

/// How plans go out.
#[derive(Debug, Clone, Copy)]
pub(super) struct End<'a> {
    pub outcome: Outcome,
    /// The person's words.
    pub note: &'a str,
    pub by: By<'a>,
    /// The act, as JSON; nothing where no person did.
    pub decided_as: Option<&'a str>,
}

/// Plans go out: each case says it is routed, and waits no more.
pub(super) async fn release(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    ending: &mut [(&mut OpenCase, &PlanReview, wire::CasePlan)],
    end: End<'_>,
) -> Result<(), pg::Error> {
    let view = room.house.snapshot.view();
    let (mut released, mut said, mut over) = (Vec::new(), Vec::new(), Vec::new());
    for (case, entry, plan) in ending {
        case.version += 1;
        (case.standing, case.held_by) = (Standing::Open, None);
        let review = json(&amend::explained(review_of(entry, end.note), end.outcome, &entry.plan, plan, now));
        plan.review_json.clone_from(&review);
        let bodies = plan.orders.iter().map(|order| order.body.clone());
        case.bodies = bodies.collect();
        let routed = wire::CaseRouted {
            case: Some(state(case, &item_name(&view, case.tenant, &case.item))),
            plan: Some(plan.clone()),
            // A person decided in between, or was waited for.
            accepted_at: None,
            repeats: entry.repeats.clone().map(|repeat| later(repeat, entry.requested_at, now)),
        };
        let traceparent = if end.by.traceparent.is_empty() { &entry.traceparent } else { end.by.traceparent };
        let by = By { subject: end.by.subject, traceparent };
        said.push(said_of(room, now, case, by, EventType::CaseRouted, &routed));
        over.push((case.tenant, case.case_id));
        released.push(Released {
            tenant: case.tenant,
            case_id: case.case_id,
            version: case.version,
            bodies: case.bodies.clone(),
            plan_review: review,
        });
    }
    store::cases::release(tx, &released).await?;
    let note = Some(end.note).filter(|note| !note.is_empty());
    let kept =
        store::plans::End { outcome: end.outcome, by: end.by.subject, decided_as: end.decided_as, note };
    store::plans::decide(tx, &over, kept, now).await?;
    let subjects: Vec<_> = over.iter().map(|(tenant, case_id)| (*tenant, case_id.as_uuid())).collect();
    wakeups::disarm(tx, PLAN_REVIEW, &subjects).await?;
    room.house.outbox.append(tx, &said).await?;
    room.events.reviewed(end.outcome, released.len());
    Ok(())
}

fn review_of<'a>(entry: &'a PlanReview, note: &'a str) -> Review<'a> {
    let PlanReview { mode, desk, requested_at, .. } = entry;
    Review { mode, desk: *desk, requested_at: *requested_at, note, ground: None, into_case_no: None }
}

/// What the plan waited is nobody's close.
fn later(repeat: wire::Repeat, requested_at: Timestamp, now: Timestamp) -> wire::Repeat {
    let waited = now.duration_since(requested_at) + DISPATCHED_WITHIN;
    wire::Repeat { within_s: repeat.within_s + waited.as_secs().max(0).unsigned_abs(), ..repeat }
}

impl Entry<'_> {
    /// Nobody has to act: the case is over.
    pub(super) async fn reject(mut self, tx: &mut ScopedTx, ground: Ground) -> Result<(), pg::Error> {
        self.ended(Standing::Rejected);
        let view = self.room.house.snapshot.view();
        let message = wire::CaseRejected {
            case: Some(state(&self.case, &item_name(&view, self.case.tenant, &self.case.item))),
            ground: ground.as_str().to_owned(),
            note: self.command.note.clone(),
        };
        let said = self.said(EventType::CaseRejected, &message);
        let review = Review { ground: Some(ground), ..review_of(&self.entry, &self.command.note) };
        self.over(tx, Outcome::Rejected, review).await?;
        self.room.house.outbox.append(tx, &[said]).await
    }

    /// The same matter as another case: all voices go there, each said, and this case is over.
    pub(super) async fn merge(
        mut self,
        tx: &mut ScopedTx,
        into: CaseId,
    ) -> Result<Result<(), Refusal>, pg::Error> {
        let other = match merge::open_case(tx, &self.case, into).await? {
            Ok(other) => other,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let into_case_no = other.case_no.clone();
        let mut said = match merge::go_over(self.room, tx, self.now, &self.case, other, self.by()).await? {
            Ok(said) => said,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let view = self.room.house.snapshot.view();
        self.ended(Standing::Merged);
        let message = wire::CaseMerged {
            case: Some(state(&self.case, &item_name(&view, self.case.tenant, &self.case.item))),
            into_case_id: into.to_string(),
            into_case_no: into_case_no.clone(),
            note: self.command.note.clone(),
            by: self.command.subject.clone(),
            routed: false,
        };
        said.push(self.said(EventType::CaseMerged, &message));
        let into_case_no = Some(into_case_no.as_str());
        let review = Review { into_case_no, ..review_of(&self.entry, &self.command.note) };
        self.over(tx, Outcome::Merged, review).await?;
        self.room.house.outbox.append(tx, &said).await?;
        Ok(Ok(()))
    }

    fn ended(&mut self, standing: Standing) {
        let case = &mut self.case;
        case.version += 1;
        (case.standing, case.held_by, case.ended_at) = (standing, None, Some(self.now));
    }

    async fn over(&self, tx: &mut ScopedTx, outcome: Outcome, review: Review<'_>) -> Result<(), pg::Error> {
        let (tenant, case_id) = (self.case.tenant, self.case.case_id);
        let drawn = &self.entry.plan;
        let review = json(&amend::explained(review, outcome, drawn, drawn, self.now));
        store::cases::end(tx, &self.case, &review, self.now).await?;
        store::bands::forget(tx, &[self.case.words()]).await?;
        let (by, act, note) = (&self.command.subject, json(&self.command.act), &self.command.note);
        let end = store::plans::End { outcome, by, decided_as: Some(&act), note: Some(note) };
        store::plans::decide(tx, &[(tenant, case_id)], end, self.now).await?;
        wakeups::disarm(tx, PLAN_REVIEW, &[(tenant, case_id.as_uuid())]).await?;
        self.room.events.reviewed(outcome, 1);
        Ok(())
    }
}
