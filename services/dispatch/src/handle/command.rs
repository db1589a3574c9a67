//! What the doors ask: one thing done with one order, or with a case.

use access::Action;
use bootstrap::Identity;
use bootstrap::door::Problem;
use ids::{BodyRef, CaseId, LinkId, OrderId, TenantId, VisitId};
use orders::VerifyCommand;
use sla::Limit;

use super::Room;
use super::answer::Request;
use crate::core::deed::Deed;
use crate::core::link::{LinkAct, NewLink};
use crate::core::matter::Matter;
use crate::core::token::Token;

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
    /// What is done with a link to an order, or by it.
    Link(OrderId, LinkDeed),
}

/// One thing done with a link to an order, or by it.
#[derive(Debug, Clone)]
pub(crate) enum LinkDeed {
    /// Given out.
    Issue(NewLink),
    /// Taken back.
    Revoke(LinkId),
    /// Opened by who holds it.
    Open(Token),
    /// Something is done by who holds it.
    Act(Token, LinkAct),
    /// A visit is signed by who holds it.
    Sign(Token, VisitId),
    /// Named by somebody who does not hold it: always refused.
    Forged(LinkId),
}

impl LinkDeed {
    /// Whether it is done by who holds the link, and so for the order's body.
    pub fn by_link(&self) -> bool {
        self.token().is_some()
    }

    /// What opens the link, of who holds it.
    pub fn token(&self) -> Option<&Token> {
        match self {
            LinkDeed::Open(token) | LinkDeed::Act(token, _) | LinkDeed::Sign(token, _) => Some(token),
            LinkDeed::Issue(_) | LinkDeed::Revoke(_) | LinkDeed::Forged(_) => None,
        }
    }
}

/// One thing done with a case.
#[derive(Debug, Clone)]
pub(crate) enum CaseDeed {
    /// Called off: its clocks end, those of a drill, too.
    Cancel,
    /// Summoned: whom, each once and in order, and within what time; where a community summons, on behalf of which.
    Whistle { bodies: Vec<BodyRef>, check_in: Limit, communities: Vec<BodyRef> },
    /// A verifier's claim or verdict.
    Verify(VerifyCommand),
}

impl CaseDeed {
    /// On behalf of which communities it is done, of those of the caller that may; none where it is not for one.
    pub fn communities(&self) -> &[BodyRef] {
        match self {
            CaseDeed::Whistle { communities, .. } => communities,
            CaseDeed::Cancel | CaseDeed::Verify(_) => &[],
        }
    }
}

/// Says whether the caller may touch such a row.
pub(crate) type May = Box<dyn Fn(Touched<'_>) -> Result<(), Problem> + Send + Sync>;

/// The row a command is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Touched<'a> {
    /// An order, by who holds it.
    Order(&'a BodyRef),
    /// A case, by whether it is a drill and who was given its orders.
    Case(&'a Matter),
}

/// The access check of an act on an order.
pub(crate) fn may_touch(room: &Room, who: Identity, action: Action, street: TenantId) -> May {
    let house = room.house.clone();
    Box::new(move |touched| match touched {
        Touched::Order(holder) => house.admit_to(&who, action, street, Some(holder.clone())).map(drop),
        Touched::Case(_) => house.admit(&who, action, street).map(drop),
    })
}
