//! Metrics of triage. No tenant and no text of a reporter is ever a label.

use prometheus::{IntCounterVec, Opts, Registry};

/// What is counted. A batch that fails and is tried again counts again: these tell of work, not of rows.
#[derive(Debug, Clone)]
pub struct Events {
    settled: IntCounterVec,
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
    /// Registers all of them; once per process.
    ///
    /// # Panics
    /// When the registry has one of the names already: a broken wiring.
    pub fn new(registry: &Registry) -> Self {
        let options =
            Opts::new("triage_reports_settled_total", "Reports settled, by where they went and by method.");
        let settled = IntCounterVec::new(options, &["went", "method"]).expect("a well-formed metric");
        registry.register(Box::new(settled.clone())).expect("each metric is registered once");
        Self { settled }
    }

    /// A report went somewhere; `method` is how its item was found.
    pub fn settled(&self, went: Went, method: &'static str) {
        let went = match went {
            Went::Opened => "opened",
            Went::Joined => "joined",
            Went::ToReview => "review",
        };
        self.settled.with_label_values(&[went, method]).inc();
    }
}
