//! Metrics of triage. No tenant and no text of a reporter is ever a label.

use telemetry::{Counter, Metrics, label};

use crate::core::amend::Outcome;
use crate::core::desk::Desk;
use crate::core::item::Method;

/// What is counted. A batch that fails and is tried again counts again: these tell of work, not of rows.
#[derive(Debug, Clone)]
pub struct Events {
    settled: Counter<2>,
    rehomed: Counter<1>,
    rules_failed: Counter<0>,
    reviewed: Counter<1>,
    overdue: Counter<1>,
}

/// Where a report went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Went {
    /// It opened a case.
    Opened,
    /// It joined one.
    Joined,
    /// A person must judge.
    ToReview,
}

impl Events {
    /// Makes them; made twice, they are the same.
    pub fn new(metrics: &Metrics) -> Self {
        let methods = [Method::Given, Method::Keyword, Method::Classifier, Method::Review];
        let methods = methods.map(Method::as_str);
        let labels = [label("went", ["opened", "joined", "review"]), label("method", methods)];
        let help = "Reports settled, by where they went and by method.";
        let placed = "Open cases placed anew by a redrawn territory, by whether they lie elsewhere since.";
        let rehomed =
            metrics.counter("triage.cases.rehomed", placed, "{case}", [label("moved", ["yes", "no"])]);
        let failed = "Rules whose condition nobody could tell, so that the list was followed instead.";
        let rules_failed = metrics.counter("triage.rules.failed", failed, "{rule}", []);
        let ended = "Plans that waited for a person, by how that ended.";
        let outcomes = label("outcome", Outcome::ALL.map(Outcome::as_str));
        let late = "Reports that waited for a person longer than their street allows, by whose desk they lay on; once a stay.";
        let desks = label("desk", [Desk::Street, Desk::District].map(Desk::as_str));
        Self {
            overdue: metrics.counter("triage.reviews.overdue", late, "{report}", [desks]),
            rehomed,
            rules_failed,
            reviewed: metrics.counter("triage.plans.reviewed", ended, "{plan}", [outcomes]),
            settled: metrics.counter("triage.reports.settled", help, "{report}", labels),
        }
    }

    /// Cases were looked at after a redraw; so many of them lie elsewhere.
    pub fn rehomed(&self, looked_at: usize, moved: usize) {
        self.rehomed.add(["yes"], moved as u64);
        self.rehomed.add(["no"], (looked_at - moved) as u64);
    }

    /// So many rules could not be told for a plan.
    pub fn rules_failed(&self, count: usize) {
        self.rules_failed.add([], count as u64);
    }

    /// So many plans that waited ended in a way.
    pub fn reviewed(&self, outcome: Outcome, count: usize) {
        self.reviewed.add([outcome.as_str()], count as u64);
    }

    /// Nobody at a desk has decided on a report in time.
    pub fn overdue(&self, desk: Desk) {
        self.overdue.add([desk.as_str()], 1);
    }

    /// A report went somewhere; `method` is how its item was found.
    pub fn settled(&self, went: Went, method: &'static str) {
        let went = match went {
            Went::Opened => "opened",
            Went::Joined => "joined",
            Went::ToReview => "review",
        };
        self.settled.add([went, method], 1);
    }
}
