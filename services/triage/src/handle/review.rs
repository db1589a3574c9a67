//! What a person does about a report that waits at the review desk: says what it is about, where it goes, or that nobody has
//! to act; or takes it in hand, and passes it on.

use bytes::Bytes;
use contract::EventType;
use contract::proto::{to_wire, triage as wire};
use ids::{CaseId, Lane, ReportId, TenantId};
use jiff::Timestamp;
use pg::{ScopedTx, TenantScope};
use serde::Serialize;
use snapshot::View;

use super::{Decided, Goes, Room, Said, Submission, json, overdue, settle};
use crate::core::desk::{Claim, Desk, Ground, Refusal, decidable};
use crate::core::late::{self, Waiting};
use crate::core::report::Report;
use crate::store;
use crate::store::reviews::{Moved, Review};
use crate::tenants::Street;

/// An act on an entry of the review queue.
#[derive(Debug, Clone)]
pub struct ReviewReport {
    /// The street in the path, after the access check.
    pub tenant: TenantId,
    /// Which entry.
    pub report_id: ReportId,
    /// What is done.
    pub act: ReportAct,
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
pub enum ReportAct {
    /// It is about this item, and goes the way of every report.
    Decide(String),
    /// It is the same matter as that case.
    Join(CaseId),
    /// Nobody has to act.
    Reject(Ground),
    /// It goes to another desk.
    Send(Desk),
    /// The person takes it in hand.
    Claim,
    /// The person lets go of it.
    Release,
}

/// What an entry is like after an act; the same for every repetition of what ended it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportState {
    /// Whose desk it lies on, or lay.
    pub desk: Desk,
    /// Who has it in hand.
    pub claim: Option<Claim>,
    /// How it ended.
    pub decision: Option<Decision>,
}

/// How an entry ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What became of the report.
    pub became: Became,
    /// When it was decided.
    pub decided_at: Timestamp,
}

/// What became of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Became {
    /// It is in a case.
    InCase {
        /// What it was decided to be about.
        item: String,
        /// The case it is in.
        case_id: CaseId,
        /// Its number.
        case_no: String,
        /// As which voice; 1 opened it.
        voice: u32,
    },
    /// Nobody has to act.
    Rejected(String),
}

/// Does it. What has ended an entry gives the same answer again, anything else a refusal.
pub async fn review(room: &Room, command: &ReviewReport) -> Result<Result<ReportState, Refusal>, pg::Error> {
    pg::retrying(|| attempt(room, command)).await
}

async fn attempt(room: &Room, command: &ReviewReport) -> Result<Result<ReportState, Refusal>, pg::Error> {
    let mut tx = room.house.pool.begin(TenantScope::of_principal([command.tenant])).await?;
    // The lock of the tenant also keeps a second decision waiting.
    store::desks::lock(&mut tx, &[command.tenant].into()).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let key = (command.tenant, command.report_id.as_uuid());
    let Some(entry) = store::reviews::load(&mut tx, &[key]).await?.pop() else {
        return Ok(Err(Refusal::Unknown));
    };
    let done = if entry.outcome.is_some() {
        again(&command.act, &entry)
    } else {
        act(room, &mut tx, now, command, &entry).await?
    };
    if let Err(refusal) = done {
        return Ok(Err(refusal));
    }
    let state = store::reviews::state(&mut tx, command.tenant, command.report_id).await?;
    tx.commit().await?;
    room.house.committed();
    let claim = Claim::holding(state.claim, now).filter(|_| state.decision.is_none());
    Ok(Ok(ReportState { claim, ..state }))
}

/// What has ended stays as it ended: the same again is answered, anything else refused.
fn again(act: &ReportAct, entry: &Review) -> Result<(), Refusal> {
    let same = match (&entry.decided_as, act) {
        (Some(decided_as), act) => *decided_as == json(act),
        // Decided by the build before this one: on an item.
        (None, ReportAct::Decide(item)) => entry.decided_item.as_ref() == Some(item),
        (None, _) => false,
    };
    if same { Ok(()) } else { Err(Refusal::DecidedOtherwise) }
}

async fn act(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    command: &ReviewReport,
    entry: &Review,
) -> Result<Result<(), Refusal>, pg::Error> {
    let free = decidable(entry.desk, entry.claim.as_ref(), &command.subject, command.rank, now);
    if let Err(refusal) = free {
        return Ok(Err(refusal));
    }
    let (tenant, report_id) = (command.tenant, command.report_id);
    match &command.act {
        ReportAct::Decide(item) => {
            if !listed(room, tenant, item, now) {
                return Ok(Err(Refusal::UnknownItem));
            }
            take(room, tx, now, command, entry, item, Goes::ByItself).await.map(Ok)
        }
        ReportAct::Join(case_id) => join(room, tx, now, command, entry, *case_id).await,
        ReportAct::Reject(ground) => reject(room, tx, now, command, entry, *ground).await.map(Ok),
        ReportAct::Send(desk) => send(room, tx, now, command, entry, *desk).await,
        ReportAct::Claim => {
            let claim = Claim::begun(&command.subject, now);
            store::reviews::hold(tx, tenant, report_id, Some(&claim)).await.map(Ok)
        }
        ReportAct::Release => {
            store::reviews::hold(tx, tenant, report_id, None).await?;
            // Its time may have passed in their hands.
            overdue::watch(tx, entry).await.map(Ok)
        }
    }
}

fn listed(room: &Room, tenant: TenantId, item: &str, now: Timestamp) -> bool {
    let view = room.house.snapshot.view();
    view.street(tenant).is_some_and(|street| street.of.lists(item, street.of.day(now)))
}

async fn join(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    command: &ReviewReport,
    entry: &Review,
    case_id: CaseId,
) -> Result<Result<(), Refusal>, pg::Error> {
    let open = store::cases::stands(tx, command.tenant, case_id).await?;
    let case = store::cases::find(tx, (command.tenant, case_id)).await?;
    let case = case.filter(|case| open && case.drill == entry.drill);
    let Some(case) = case else { return Ok(Err(Refusal::NoOpenCase(case_id))) };
    take(room, tx, now, command, entry, &case.item, Goes::Into(case_id)).await.map(Ok)
}

async fn take(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    command: &ReviewReport,
    entry: &Review,
    item: &str,
    goes: Goes,
) -> Result<(), pg::Error> {
    let report = report_of(entry)?;
    let outcome = if goes == Goes::ByItself { "item" } else { "joined" };
    let act = json(&command.act);
    let end = store::reviews::End { outcome, item: Some(item), ground: None, decided_as: &act };
    decide(tx, command, end, now).await?;
    let submission = Submission {
        report,
        decided: Some(Decided { item: item.to_owned(), goes, reviewed_at: Some(command.rank) }),
        lane: entry.lane,
        drill: entry.drill,
        actor: command.subject.clone(),
        traceparent: command.traceparent.clone(),
    };
    settle(room, tx, now, &[submission]).await?;
    Ok(())
}

/// It waits no more.
async fn decide(
    tx: &mut ScopedTx,
    command: &ReviewReport,
    end: store::reviews::End<'_>,
    now: Timestamp,
) -> Result<(), pg::Error> {
    store::reviews::decide(tx, command, end, now).await?;
    wakeups::disarm(tx, overdue::REPORT_REVIEW, &[(command.tenant, command.report_id.as_uuid())]).await
}

/// It was read when it came; that it no longer reads is a broken invariant.
fn report_of(entry: &Review) -> Result<Report, pg::Error> {
    let report = Report::read(&Bytes::copy_from_slice(&entry.report), entry.tenant);
    report.map_err(|error| pg::Error::broken("reading a kept report", error))
}

async fn reject(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    command: &ReviewReport,
    entry: &Review,
    ground: Ground,
) -> Result<(), pg::Error> {
    let report = report_of(entry)?;
    let message = wire::ReviewRejected {
        report_id: command.report_id.to_string(),
        street: command.tenant.to_string(),
        ground: ground.as_str().to_owned(),
        note: command.note.clone(),
        tracking_sha256: report.tracking_sha256,
    };
    let said = said(entry, EventType::CaseReviewRejected, &command.subject, &command.traceparent);
    let act = json(&command.act);
    let end = store::reviews::End { outcome: "rejected", item: None, ground: Some(ground), decided_as: &act };
    decide(tx, command, end, now).await?;
    room.house.outbox.append(tx, &[room.event(&said, now, &message)]).await
}

async fn send(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    command: &ReviewReport,
    entry: &Review,
    desk: Desk,
) -> Result<Result<(), Refusal>, pg::Error> {
    if desk == entry.desk {
        return Ok(Err(Refusal::AlreadyThere));
    }
    let view = room.house.snapshot.view();
    let Some(street) = view.street(command.tenant) else { return Ok(Err(Refusal::Unknown)) };
    let now_waits = late::come_to(desk, now, street.of.report_review(entry.lane));
    let coming = Coming { now_waits: &now_waits, note: &command.note, by: Some(&command.subject) };
    let message = requested(&view, entry, &coming, now)?;
    let said = said(entry, EventType::CaseReviewRequested, &command.subject, &command.traceparent);
    let (tenant, report_id, note) = (command.tenant, command.report_id, Some(command.note.clone()));
    let moved = Moved { tenant, report_id, now_waits, note };
    wakeups::arm(tx, &[overdue::wakeup(&moved)]).await?;
    store::reviews::pass_on(tx, &[moved]).await?;
    room.house.outbox.append(tx, &[room.event(&said, now, &message)]).await?;
    Ok(Ok(()))
}

/// How a report comes to a desk, or is told there once more.
pub(super) struct Coming<'a> {
    pub now_waits: &'a Waiting,
    pub note: &'a str,
    /// Who sent it; nobody where its time was over.
    pub by: Option<&'a str>,
}

/// What is said of it.
pub(super) fn requested(
    view: &View<Street>,
    entry: &Review,
    coming: &Coming<'_>,
    now: Timestamp,
) -> Result<wire::ReviewRequested, pg::Error> {
    let Waiting { desk, due_at, reminded, .. } = coming.now_waits;
    Ok(wire::ReviewRequested {
        report_id: entry.report_id.to_string(),
        street: entry.tenant.to_string(),
        reason: entry.reason.clone(),
        item_explanation_json: String::from_utf8_lossy(&entry.item_explanation).into_owned(),
        tracking_sha256: report_of(entry)?.tracking_sha256,
        desk: desk.as_str().to_owned(),
        note: coming.note.to_owned(),
        told_bodies: told_of_report(view, entry.tenant, *desk, entry.lane, now),
        due_at: (!reminded).then(|| to_wire(*due_at)),
        by: coming.by.unwrap_or_default().to_owned(),
    })
}

/// Who is told that a report lies on a desk; nobody in a street that left the documents.
pub(super) fn told_of_report(
    view: &View<Street>,
    tenant: TenantId,
    desk: Desk,
    lane: Lane,
    now: Timestamp,
) -> Vec<String> {
    let street = view.street(tenant).map(|street| &street.of);
    street.map_or_else(Vec::new, |street| street.told_of_report(desk, lane, street.day(now)))
}

/// About the report, at its next version.
pub(super) fn said<'a>(
    entry: &Review,
    event_type: EventType,
    actor: &'a str,
    traceparent: &'a str,
) -> Said<'a> {
    Said {
        event_type,
        tenant: entry.tenant,
        lane: entry.lane,
        aggregate_id: entry.report_id.as_uuid(),
        version: entry.version + 1,
        actor,
        traceparent,
        drill: entry.drill,
    }
}
