//! The one room where things happen: seen before? → load for update → decide → save → journal and next wake-up →
//! commit. What doors ask is left with [`submit`] and decided in [`commands`]; [`save`] is the same for all.

mod adopt;
pub(crate) mod answer;
pub(crate) mod auditor;
pub(crate) mod calendars;
pub(crate) mod command;
mod commands;
pub(crate) mod due;
pub(crate) mod fill;
pub(crate) mod hold;
mod links;
pub(crate) mod merge;
pub(crate) mod open;
pub(crate) mod replan;
mod reroute;
mod save;
pub(crate) use save::{CASE, ORDER};
pub(crate) mod submit;
pub(crate) mod unfold;

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::Arc;

use bootstrap::House;
use bootstrap::door::{Problem, Strangers};
use ids::{CaseId, OrderId, TenantId};
use jiff::Timestamp;
use orders::{Order, Refusal};

use crate::core::link::LinkRefusal;
use crate::core::matter::Matter;
use crate::core::past::NoMoment;
use crate::core::token::Keys;
use crate::events::Metrics;
use crate::store::cases::StoredCase;
use crate::tenants::Street;
use submit::Writer;
use writer::Unkept;

/// Dispatch's own room: its tools. Cloning shares them, by one count: every request does.
#[derive(Debug, Clone)]
pub(crate) struct Room(Arc<Tools>);

/// The tools of dispatch.
#[derive(Debug)]
pub(crate) struct Tools {
    pub house: House<Street>,
    pub metrics: Metrics,
    /// Publications of calendars known to be archived.
    pub archived: calendars::Archived,
    /// Who decides what the doors ask.
    pub writer: Writer,
    /// What links are made and known by.
    pub links: Arc<LinkTools>,
}

/// What links are made and known by.
#[derive(Debug)]
pub(crate) struct LinkTools {
    pub keys: Keys,
    /// What every link begins with.
    pub public_url: String,
    /// How often strangers may knock.
    pub strangers: Strangers,
    /// How often, all together, they may have it looked up whether a link is there that they have no token of.
    pub forgers: Strangers,
}

impl Deref for Room {
    type Target = Tools;

    fn deref(&self) -> &Tools {
        &self.0
    }
}

impl Room {
    pub fn new(tools: Tools) -> Self {
        Self(Arc::new(tools))
    }

    fn mint_order(&self, now: Timestamp) -> OrderId {
        self.house.minter.mint(now).into()
    }
}

/// Why a command of a door changed nothing.
#[derive(Debug)]
pub(crate) enum Denied {
    /// Unknown, or not the caller's: the door answers both alike.
    NotFound,
    /// The access check's own answer.
    Access(Problem),
    /// `If-Match` names another version.
    Stale,
    /// The key was used with another body.
    KeyReused,
    /// The street's calendar is not loaded here yet.
    NotReady,
    /// Another publication of the calendar is in force than the one the caller has looked at.
    OtherPublication(u64),
    /// Clocks are not told for that moment.
    NoMoment(NoMoment),
    /// The machine says no.
    Refused(Refusal),
    /// A link does nothing, or is not given out.
    Link(LinkRefusal),
    /// Somebody else holds its case: it is decided by itself.
    Held,
    /// Nobody decided it: too many wait, or the database is away.
    Unkept(Unkept),
    /// The same, of one that was decided by itself.
    Failed(Problem),
    /// The database failed while it was decided by itself.
    Database(pg::Error),
}

impl From<pg::Error> for Denied {
    fn from(error: pg::Error) -> Self {
        Self::Database(error)
    }
}

impl From<Refusal> for Denied {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// Locked cases with those of the given orders that are theirs.
fn matters(cases: Vec<StoredCase>, orders: Vec<Order>) -> Vec<Matter> {
    let mut of_case: BTreeMap<(TenantId, CaseId), Vec<Order>> = BTreeMap::new();
    for order in orders {
        of_case.entry((order.tenant, order.case_id)).or_default().push(order);
    }
    let matter = |StoredCase { facts, case }| {
        let orders = of_case.remove(&(case.tenant, case.id)).unwrap_or_default();
        Matter::loaded(facts, case, orders)
    };
    cases.into_iter().map(matter).collect()
}
