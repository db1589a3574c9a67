//! What is done with one order through the doors: an act of its body, or of those who direct the work.

use ids::{BodyRef, OrderId, VisitId};
use jiff::Timestamp;
use orders::{Act, Deciding, HoldReason, ReturnGround};
use sla::Unit;

/// A body that a deed names, as the documents of the street know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    pub body: BodyRef,
    /// The others only assist.
    pub may_lead: bool,
}

/// One thing done with one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    /// See, acknowledge, arrive, progress, submit.
    Act(Act),
    /// "Not ours": with a ground, and whose it is.
    Return { ground: ReturnGround, proposed: Named },
    /// The ruling on a return.
    Adjudicate { to: Named, decided: Deciding },
    /// To another body, which nobody had asked for.
    Transfer { to: Named, decided: Deciding },
    /// An assistant is not needed any more.
    Waive,
    /// A reminder.
    Urge,
    /// Formal supervision.
    Supervise,
    /// The policy in force takes the place of the one it was issued with.
    Adopt,
    /// The duty of an assistant, or an information, is withdrawn.
    Cancel,
    /// More time is asked for, on the clock of the resolve limit.
    Extend { amount: u32, unit: Unit },
    /// Asks that time be not charged.
    Suspend { until: Timestamp, reason: HoldReason },
    /// The time asked for is granted.
    Grant,
    /// It is not.
    Deny,
    /// The lead records a visit that it and the bodies of these orders made together.
    RecordVisit { others: Vec<OrderId>, visited_at: Timestamp },
    /// The body signs it.
    SignVisit { visit: VisitId },
    /// Time is charged again before the suspension's end.
    Resume,
}

impl Deed {
    /// Whether it is the body's own, and not of those who direct.
    pub fn by_body(&self) -> bool {
        matches!(self, Deed::Act(_) | Deed::Return { .. } | Deed::Extend { .. } | Deed::Suspend { .. })
            || matches!(self, Deed::RecordVisit { .. } | Deed::SignVisit { .. })
    }
}
