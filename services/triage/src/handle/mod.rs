//! The one room of triage: lock the tenants → item and lane → join or open → plan → save → say.
//!
//! The inbox (seen before?) and the commit belong to whoever calls: the consumer for messages, [`review`] for a
//! person's decision.

pub mod after_close;
pub mod backtest;
mod choice;
mod docket;
mod matter;
pub mod memory;
pub mod merge;
pub mod overdue;
pub mod plans;
pub mod rehome;
mod repeated;
pub mod reroute;
pub mod review;
pub mod split;

use std::collections::BTreeSet;

use bootstrap::House;
use bytes::Bytes;
use contract::EventType;
use ids::{CaseId, EventId, Lane, TenantId};
use jiff::Timestamp;
use messaging::NewEvent;
use pg::ScopedTx;
use prost::Message;
use uuid::Uuid;

use crate::core::desk::Desk;

use crate::core::report::Report;
use crate::events::Events;
use crate::store;
use crate::tenants::Street;
use docket::Docket;
use matter::{Matter, matter};

/// Everything the room works with.
pub struct Room {
    pub(crate) house: House<Street>,
    pub(crate) events: Events,
    /// Documents that past cases are being tried under, page by page.
    proposals: backtest::Proposals,
    passed_over: overdue::PassedOver,
}

impl Room {
    /// From the service's tools.
    pub fn new(house: House<Street>) -> Self {
        let events = Events::new(&house.metrics);
        Self { house, events, proposals: Default::default(), passed_over: Default::default() }
    }
}

/// One report to be settled.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The report.
    pub report: Report,
    /// What a person decided about it; `None` for one that comes from its reporter.
    pub decided: Option<Decided>,
    /// The lane it came in.
    pub lane: Lane,
    /// A rehearsal; never joins a real case (D26).
    pub drill: bool,
    /// Who or what brought it, for the journal.
    pub actor: String,
    /// W3C trace context of the request that caused it.
    pub traceparent: String,
}

/// What a person decided about a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// What it is about.
    pub item: String,
    /// Where it goes.
    pub goes: Goes,
    /// Whose desk the person may decide at; nothing of a person who has not looked at who has to act.
    pub reviewed_at: Option<Desk>,
}

/// Where a report goes about which a person has decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goes {
    /// Into the case it would join by itself, or a new one.
    ByItself,
    /// Into this open case of its street.
    Into(CaseId),
    /// Into a case of its own, out of the one it is in.
    Apart {
        /// Out of which.
        from: CaseId,
        /// How often it was put into a case, with this time.
        placement: u32,
    },
}

/// What became of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Settled {
    /// It is in a case, as this voice; 1 opened it.
    InCase {
        /// The case.
        case_id: CaseId,
        /// The voice.
        voice: u32,
    },
    /// A person must judge.
    ToReview,
}

impl Submission {
    fn goes(&self) -> Option<Goes> {
        self.decided.as_ref().map(|decided| decided.goes)
    }

    fn placement(&self) -> u32 {
        match self.goes() {
            Some(Goes::Apart { placement, .. }) => placement,
            _ => 1,
        }
    }

    fn split_from(&self) -> Option<CaseId> {
        match self.goes() {
            Some(Goes::Apart { from, .. }) => Some(from),
            _ => None,
        }
    }

    fn apart(&self) -> bool {
        matches!(self.goes(), Some(Goes::Apart { .. }))
    }
}

/// Settles reports in the caller's transaction, whose scope holds their tenants. Reports of one batch join each
/// other like any others. Answers in order.
pub async fn settle(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    submissions: &[Submission],
) -> Result<Vec<Settled>, pg::Error> {
    let tenants: BTreeSet<TenantId> = submissions.iter().map(|submission| submission.report.tenant).collect();
    store::desks::lock(tx, &tenants).await?;
    let view = room.house.snapshot.view();
    let matters: Vec<Matter<'_>> =
        submissions.iter().map(|submission| matter(&view, submission, now)).collect::<Result<_, _>>()?;
    let (mut docket, choices) = Docket::load(room, view, tx, now, &matters).await?;
    let settled = matters.iter().zip(choices).map(|(matter, choice)| docket.settle(matter, choice)).collect();
    docket.save(tx).await?;
    Ok(settled)
}

/// An event of triage, but for what its service adds to each.
struct Said<'a> {
    event_type: EventType,
    tenant: TenantId,
    lane: Lane,
    aggregate_id: Uuid,
    version: u64,
    actor: &'a str,
    traceparent: &'a str,
    drill: bool,
}

impl Room {
    fn event(&self, said: &Said<'_>, now: Timestamp, message: &impl Message) -> NewEvent {
        NewEvent {
            id: EventId(self.house.minter.mint(now)),
            event_type: said.event_type,
            tenant: said.tenant,
            lane: said.lane,
            aggregate_id: said.aggregate_id,
            version: said.version,
            at: now,
            actor: said.actor.to_owned(),
            purpose: None,
            traceparent: said.traceparent.to_owned(),
            drill: said.drill,
            payload: Bytes::from(message.encode_to_vec()),
        }
    }
}

/// Explanations hold texts, integers and lists: nothing that cannot be written.
fn json(explanation: &impl serde::Serialize) -> String {
    serde_json::to_string(explanation).expect("explanations are plain data")
}
