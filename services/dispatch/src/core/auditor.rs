//! What the auditor finds: due stages as the journal's last word of a subject has them, beside what the engine of clocks goes by.
//!
//! Nothing here uses the machines of crate `orders` or the arithmetic of crate `sla`: what judges a clock must not be the clock. Three
//! things are held against the journal: the wake-up that is armed, the projection of stages, and the present. Pure.

use std::collections::BTreeMap;

use contract::proto::dispatch as wire;
use contract::proto::from_wire;
use ids::TenantId;
use jiff::{SignedDuration, Timestamp};
use prost::Message;
use uuid::Uuid;

/// How long after its due time an open stage is nobody's fault: runners may just have been started.
const GRACE: SignedDuration = SignedDuration::from_secs(60);
/// For so long a subject's last event must be in the journal; a day's events may be dropped after thirty days.
const JOURNALED: SignedDuration = SignedDuration::from_hours(29 * 24);

/// Which machine a subject is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Order,
    Case,
}

impl Kind {
    /// The word of wake-ups and stages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Order => super::stages::ORDER,
            Kind::Case => super::stages::CASE,
        }
    }
}

/// An order or case that has not ended, and all that is known of its clocks as of one instant.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    pub tenant: TenantId,
    pub kind: Kind,
    pub id: Uuid,
    pub changed_at: Timestamp,
    /// Payload of the event with the subject's version; none where the journal has none.
    pub event: Option<Vec<u8>>,
    /// When it is looked at next.
    pub wake_at: Option<Timestamp>,
    /// Its rows of the projection, the latest round last.
    pub rows: Vec<Row>,
}

/// A row of the projection of stages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub stage: String,
    pub due_at: Option<Timestamp>,
    /// The unpublished year it waits for, or 0.
    pub awaiting_year: u32,
    /// By which a year that it waits for is found once it is published.
    pub calendar: Option<String>,
    pub verdict: String,
    pub met_at: Option<Timestamp>,
}

impl Row {
    /// A year that is awaited of no calendar is published by none.
    fn found_when_published(&self) -> bool {
        self.awaiting_year == 0 || self.calendar.is_some()
    }
}

/// How the engine differs from the journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Difference {
    /// The journal has no last word of it that can be read.
    Unjournaled,
    /// The projection says something else of a stage.
    Unlike,
    /// Nobody is going to look at it in time: no wake-up, or one after the due time.
    Unarmed,
    /// It was due, and nothing was said of it.
    Overdue,
}

impl Difference {
    /// Every word, for the metric.
    pub const WORDS: [&str; 4] = ["unjournaled", "unlike", "unarmed", "overdue"];

    /// The word in logs and metrics.
    pub const fn as_str(self) -> &'static str {
        Self::WORDS[self as usize]
    }
}

/// What was overdue when it was looked at: told when it still is a minute later, without an event in between. So runners that come
/// back after an outage, or after a clock that was held, come first.
#[derive(Debug, Default)]
pub(crate) struct Suspicions {
    /// Of the walk before: since when.
    before: BTreeMap<Suspect, Timestamp>,
    now: BTreeMap<Suspect, Timestamp>,
}

/// A subject, as it was since its last event.
type Suspect = (TenantId, Uuid, Timestamp);

impl Suspicions {
    /// Whether a subject that is overdue now was so a minute ago.
    pub fn confirmed(&mut self, subject: &Subject, now: Timestamp) -> bool {
        let suspect = (subject.tenant, subject.id, subject.changed_at);
        let since = self.before.get(&suspect).copied().unwrap_or(now);
        self.now.insert(suspect, since);
        now.duration_since(since) >= GRACE
    }

    /// A walk has ended: what it did not find any more is no suspicion.
    pub fn walked(&mut self) {
        self.before = std::mem::take(&mut self.now);
    }
}

/// What the journal's last word says.
struct Told {
    stages: Vec<wire::StageState>,
    /// The clock of a ruling, which is projected under the order that was returned.
    ruling: Option<wire::StageState>,
    suspended_until: Option<Timestamp>,
}

impl Subject {
    /// Everything that differs at `now`, each kind once.
    pub fn differences(&self, now: Timestamp) -> Vec<Difference> {
        let Some(told) = self.told() else {
            let recent = now.duration_since(self.changed_at) < JOURNALED;
            return if recent { vec![Difference::Unjournaled] } else { Vec::new() };
        };
        let all = [
            (Difference::Unlike, !told.stages.iter().all(|stage| self.projects(stage))),
            (Difference::Unarmed, told.first_due().is_some_and(|due| !self.wakes_by(due))),
            (Difference::Overdue, told.dues().any(|due| now.duration_since(due) > GRACE)),
        ];
        all.into_iter().filter_map(|(difference, is)| is.then_some(difference)).collect()
    }

    fn told(&self) -> Option<Told> {
        let payload = self.event.as_deref()?;
        match self.kind {
            Kind::Order => {
                let order = wire::OrderEvent::decode(payload).ok()?.order?;
                let suspended_until = order.suspended_until.as_ref().and_then(from_wire);
                Some(Told { stages: order.stages, ruling: None, suspended_until })
            }
            Kind::Case => {
                let case = wire::CaseEvent::decode(payload).ok()?.case?;
                Some(Told { stages: case.stages, ruling: case.adjudication, suspended_until: None })
            }
        }
    }

    fn projects(&self, told: &wire::StageState) -> bool {
        let like = |row: &&Row| row.stage == told.stage;
        self.rows.iter().rfind(like).is_some_and(|row| {
            row.due_at == told.due_at.as_ref().and_then(from_wire)
                && row.awaiting_year == told.awaiting_year
                && row.found_when_published()
                && row.verdict == told.verdict
                && row.met_at == told.met_at.as_ref().and_then(from_wire)
        })
    }

    fn wakes_by(&self, due: Timestamp) -> bool {
        self.wake_at.is_some_and(|wake_at| wake_at <= due)
    }
}

impl Told {
    /// Due times that count: of stages that are neither decided nor done nor on hold.
    fn dues(&self) -> impl Iterator<Item = Timestamp> {
        let open =
            |stage: &&wire::StageState| stage.verdict.is_empty() && stage.met_at.is_none() && !stage.held;
        self.stages
            .iter()
            .chain(&self.ruling)
            .filter(open)
            .filter_map(|stage| stage.due_at.as_ref().and_then(from_wire))
    }

    /// By when somebody has to look at it.
    fn first_due(&self) -> Option<Timestamp> {
        self.dues().chain(self.suspended_until).min()
    }
}

#[cfg(test)]
mod tests;
