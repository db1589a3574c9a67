//! What the doors ask: one thing done with one order, or with a case.

use access::Action;
use bootstrap::Identity;
use bootstrap::door::Problem;
use ids::{BodyRef, CaseId, OrderId, TenantId};
use orders::VerifyCommand;
use sla::Limit;

use super::Room;
use super::answer::Request;
use crate::core::deed::Deed;

/// One request of a door, complete: it is decided without its sender.
pub(crate) struct Command {
    pub request: Request,
    pub what: What,
    /// What the caller wrote.
    pub note: String,
    pub traceparent: String,
    /// The access check for the row this is about; it knows the caller.
    pub may: May,
}

/// With what, and which thing is done.
#[derive(Debug, Clone)]
pub(crate) enum What {
    /// An act of the order's body, or of those who direct the work.
    Order(OrderId, Deed),
    /// An act of those who direct, or of a verifier.
    Case(CaseId, CaseDeed),
}

/// One thing done with a case.
#[derive(Debug, Clone)]
pub(crate) enum CaseDeed {
    /// Called off: its clocks end, those of a drill, too.
    Cancel,
    /// Summoned: whom, each once and in order, and within what time.
    Whistle { bodies: Vec<BodyRef>, check_in: Limit },
    /// A verifier's claim or verdict.
    Verify(VerifyCommand),
}

/// Says whether the caller may touch such a row.
pub(crate) type May = Box<dyn Fn(Touched<'_>) -> Result<(), Problem> + Send + Sync>;

/// The row a command is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Touched<'a> {
    /// An order, by who holds it.
    Order(&'a BodyRef),
    /// A case, by whether it is a drill.
    Case { drill: bool },
}

/// The access check of an act on an order.
pub(crate) fn may_touch(room: &Room, who: Identity, action: Action, street: TenantId) -> May {
    let house = room.house.clone();
    Box::new(move |touched| match touched {
        Touched::Order(holder) => house.admit_to(&who, action, street, Some(holder.clone())).map(drop),
        Touched::Case { .. } => house.admit(&who, action, street).map(drop),
    })
}
