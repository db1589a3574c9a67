//! Timelines, case list, live updates, tracking.
//!
//! Console hears everything and decides nothing. Each event becomes one line of its street's timeline, and news for
//! the tables people read: cases, orders, reports. It says no events of its own.
//!
//! * `inbound`: the doors. `messages` hears the four publishers; `http` shows cases, timelines and a report by its
//!   tracking code, streams what is new, and serves one page.
//! * [`core`]: what an event means for the read model, its words in Chinese and English, the order of lines.
//! * `handle`: [`handle::record`] keeps a batch of events; [`handle::sequence`] gives their lines positions.
//! * [`sequencer`]: the moving part that does so after commits; [`live`]: the signal that something is new.
//! * `store`: all SQL. [`events`]: metrics. [`tenants`]: what bodies are called, and who may read.
//!
//! Promises, each with the test that shows it (`tests/it`): events in any order, any number of times, give the same
//! tables (`projecting`); positions have no gap and no double, whoever gives them, and every street has its turn; a line
//! stands after what it follows from, unless that is over two seconds late (`positions`); a reader that comes back with
//! its cursor misses nothing, a case that becomes visible to it is told from its beginning, and no stream outlives its
//! token (`live`); rows of another street, of other bodies, and of kinds the caller may not read are not shown
//! (`doors`); a tracking code shows its matter until it is closed, names nobody, and cannot be guessed at leisure
//! (`tracking`).
//!
//! Deliberately not here: search, maps, indicators, lists over several streets.

pub mod core;
pub mod events;
pub mod handle;
mod inbound;
pub mod live;
pub mod of_case;
pub mod sequencer;
mod store;
pub mod tenants;

use bootstrap::{ConfigError, House, Plan, Service};
use sqlx::migrate::Migrator;

use crate::handle::Room;
use crate::inbound::messages::Hear;
use crate::sequencer::Sequencer;
use crate::tenants::{BodyNames, Names};

/// The service.
#[derive(Debug, Clone, Copy)]
pub struct Console;

impl Service for Console {
    const NAME: &'static str = "console";
    const ABOUT: &'static str = "案件、事件全程与查询 / Cases, timelines, live updates, and tracking";
    type Project = BodyNames;

    fn migrations() -> Migrator {
        sqlx::migrate!("./migrations")
    }

    fn project() -> BodyNames {
        BodyNames
    }

    fn build(house: House<Names>, plan: &mut Plan<'_>) -> Result<(), ConfigError> {
        let room = Room::new(house.clone());
        for upstream in ["intake", "triage", "dispatch", "notification"] {
            plan.hears(&house, upstream, Hear(room.clone()));
        }
        plan.part(Sequencer::new(room.clone()));
        let (routes, openapi) = inbound::http::routes(room);
        plan.door(routes, openapi);
        Ok(())
    }
}
