//! Orders, clocks, escalation, verification, closure.
//!
//! A routed case becomes orders with due times, a merged one loses them; bodies act on them, return them or ask for time, centres direct and
//! rule, the clock warns, breaches and escalates, somebody who did not handle it verifies, and the case closes or opens
//! its next round. All of that is decided
//! by the pure machines of crate `orders`; this service keeps their states and says what they did.
//!
//! The rooms:
//! * `inbound`: the doors. `messages` hears routed and merged cases and plans that were drawn anew, `wakeups` is called by time, `calendars` notices
//!   publications, `auditor` holds what is open against the journal, `http` takes the acts of bodies and verifiers, with an account or by a link to one order, and serves
//!   the page a link opens, `rpc` does the same for machines. They parse and authenticate, nothing else.
//! * `core`: [`core::matter`] holds one case with its orders in memory, from load to save; `routed` reads a routed
//!   event; `say` writes what happened into events.
//! * `handle`: the one room where things happen, one transaction per batch of commands; what doors ask during one commit
//!   is decided together in the next.
//! * `store`: all SQL. A transaction locks cases in (tenant, id) order and each case before its orders.
//! * `hints`: who watches orders hears when to look. `tenants`: what dispatch takes from a tenant's documents: working
//!   calendars. `events`: logs and metrics.
//!
//! Deliberately not here: who is told (notification), what a case is about (triage).

mod config;
mod core;
pub mod events;
mod handle;
mod hints;
mod inbound;
mod store;
pub mod tenants;

use std::sync::Arc;

use bootstrap::door::Strangers;
use bootstrap::{ConfigError, House, Plan, Service};
use sqlx::migrate::Migrator;

use crate::config::Config;
use crate::events::Metrics;
use crate::handle::calendars::Archived;
use crate::handle::submit::{WAITING_MAX, Writer};
use crate::handle::{LinkTools, Room, Tools};
use crate::hints::Hints;
use crate::tenants::{Calendars, Street};

/// The service.
pub struct Dispatch;

impl Service for Dispatch {
    const NAME: &'static str = "dispatch";
    const ABOUT: &'static str = "工单、时限与核查 / Orders, their limits, and verification";
    type Project = Calendars;

    fn migrations() -> Migrator {
        sqlx::migrate!("./migrations")
    }

    fn project() -> Calendars {
        Calendars
    }

    fn build(house: House<Street>, plan: &mut Plan<'_>) -> Result<(), ConfigError> {
        let metrics = Metrics::register(&house.metrics);
        let writer = Writer::new(WAITING_MAX);
        let Config { link_keys: keys, public_url } = Config::read(&house.env, house.development)?;
        let links = Arc::new(LinkTools {
            keys,
            public_url,
            strangers: Strangers::default(),
            forgers: Strangers::default(),
        });
        let archived = Archived::default();
        let tools = Tools { house: house.clone(), metrics, archived, writer: writer.clone(), links };
        let room = Room::new(tools);
        plan.part(writer);
        let (hints, hearing) = Hints::new(house.nats.clone());
        plan.part(hearing);
        plan.rpc(inbound::rpc::server(room.clone(), hints));
        plan.rpc(inbound::rpc::cases::server(room.clone()));
        plan.rpc(inbound::rpc::links::server(room.clone()));
        plan.rpc_for_strangers(inbound::rpc::bearers::server(room.clone()));
        plan.rpc(inbound::rpc::calendars::server(room.clone()));
        plan.rpc(inbound::rpc::clocks::server(room.clone()));
        plan.door(inbound::http::routes(room.clone()), inbound::http::openapi());
        plan.hears(&house, "triage", inbound::messages::RoutedCases(room.clone()));
        plan.fires(&house, inbound::wakeups::OrdersDue(room.clone()));
        plan.fires(&house, inbound::wakeups::CasesDue(room.clone()));
        plan.catches_up(&house, inbound::calendars::Publications(room.clone()));
        plan.part(inbound::auditor::Auditor(room));
        Ok(())
    }
}
