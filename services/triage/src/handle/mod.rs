//! The one room of triage: lock the tenants → item and lane → join or open → plan → save → say.
//!
//! The inbox (seen before?) and the commit belong to whoever calls: the consumer for messages, [`review`] for a
//! person's decision.

pub mod backtest;
mod docket;
pub mod memory;
pub mod rehome;
pub mod review;

use std::collections::BTreeSet;

use bootstrap::House;
use ids::{CaseId, Lane, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;
use snapshot::View;

use crate::core::item::{self, Finding};
use crate::core::report::Report;
use crate::events::Events;
use crate::store;
use crate::tenants::{Placed, Street};
use docket::Docket;

/// Everything the room works with.
pub struct Room {
    pub(crate) house: House<Street>,
    pub(crate) events: Events,
}

impl Room {
    /// From the service's tools.
    pub fn new(house: House<Street>) -> Self {
        let events = Events::new(&house.metrics);
        Self { house, events }
    }
}

/// One report to be settled.
#[derive(Debug, Clone)]
pub struct Submission {
    /// The report.
    pub report: Report,
    /// The item a person decided; `None` to find it.
    pub decided_item: Option<String>,
    /// The lane it came in.
    pub lane: Lane,
    /// A rehearsal; never joins a real case (D26).
    pub drill: bool,
    /// Who or what brought it, for the journal.
    pub actor: String,
    /// W3C trace context of the request that caused it.
    pub traceparent: String,
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

/// A report with what was found about it.
struct Matter<'a> {
    submission: &'a Submission,
    finding: Finding,
    /// The lane it goes on in. Raised for words of mortal danger, whoever let them in (D15): the door that chose its
    /// lane may have had older words, or none. Raised too where no keyword decides and the words are near to an item
    /// of mortal danger: then a person looks first.
    lane: Lane,
    /// Where in the street it is; nothing where the street has drawn nothing, or it is outside of all of it.
    place: Option<Placed>,
    /// Outside of a street that has drawn where it lies.
    outside: bool,
    /// Whether its street lets it join a case.
    joins: bool,
}

impl Matter<'_> {
    /// Whether a person must say whose it is. A person who has decided has seen the place; and mortal danger waits
    /// for nobody: its orders go out from the street it was reported to.
    fn astray(&self) -> bool {
        self.outside && self.submission.decided_item.is_none() && self.lane != Lane::Urgent
    }
}

fn matter<'a>(
    view: &View<Street>,
    submission: &'a Submission,
    now: Timestamp,
) -> Result<Matter<'a>, pg::Error> {
    let report = &submission.report;
    // A street once seen stays in the view, and reports of one never seen do not get here (`Refused::NotYet`).
    let left = || pg::Error::broken("settling a report", "its street left the snapshot");
    let street = &view.street(report.tenant).ok_or_else(left)?.of;
    let (given, day) = (report.given.as_deref(), street.day(now));
    let finding = match &submission.decided_item {
        Some(item) => item::decided(item, given),
        None => item::find(given, &report.text, &street.list(day)),
    };
    // A drill stays where it was put: a rehearsed emergency must not delay a real one.
    let feared = street.alarms(&report.text) || finding.explanation.danger.is_some();
    let lane =
        if feared && !submission.drill { submission.lane.raised_to(Lane::Urgent) } else { submission.lane };
    let place = street.locate(&report.place, day);
    let outside = place.is_none() && street.drawn(day);
    Ok(Matter { submission, finding, lane, place, outside, joins: street.joins() })
}
