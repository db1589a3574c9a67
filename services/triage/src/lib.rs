//! Triage (研判): what a report is about, whether it is news, and who has to do what about it.
//!
//! - [`inbound`]: the doors. Reports from intake, dispatch's word that a case closed, was called off or reopened,
//!   or that a plan came too late (D10), HTTP and gRPC for people and systems who judge and who ask why, and time, which ends the wait of plans nobody reviews
//!   and takes reports nobody decides on up to the district.
//! - [`handle`]: the one room. `handle::settle` takes a batch of reports through item → join or open → plan, in
//!   one transaction that holds the lock of every tenant in it (D35); `handle::review` lets a person say the item;
//!   `handle::overdue` moves reports whose time at a desk is over; `handle::plans` keeps plans that wait for a person (D33), `handle::split` takes a voice out of a case,
//!   `handle::merge` puts a case that bodies have into another;
//!   `handle::reroute` draws the plan of a case anew whose item or place was wrong;
//!   `handle::rehome` places open cases anew when their street redraws its territory;
//!   `handle::memory` notes what dispatch says, and emits nothing because of it.
//! - [`core`]: the pure steps (item and danger, grid and join, plan, thresholds of voices, wire forms).
//! - [`tenants`]: the pack as a street sees it, with its keyword index and the model its texts are judged by, compiled once
//!   per generation.
//! - `store`: all SQL; [`events`]: metrics.
//!
//! Promises, each with the test that shows it (`tests/it`): a report is in one case or in the review queue, never
//! in two (`join`, `disorder`); two reports of one matter open one case whoever races (`join`); no orphan: every
//! case has exactly one lead (crate `routing`); every item, join and plan can be explained (`explanation`); what
//! dispatch says changes only what may be joined (`memory`).
//!
//! Deliberately not here yet: conversion between datums. A model is never
//! trained here: it comes as a document (`streetwise classifier retrain`).

pub mod core;
pub mod events;
pub mod handle;
pub mod inbound;
mod store;
pub mod tenants;

use std::sync::Arc;

use bootstrap::{ConfigError, House, Plan, Service, StreetOf};
use sqlx::migrate::Migrator;

use crate::handle::Room;
use crate::inbound::messages::{HearDispatch, HearReports};
use crate::inbound::redraws::Redraws;
use crate::inbound::wakeups::{PlansDue, ReportsDue, WithoutClock};
use crate::tenants::Packs;

/// The service.
#[derive(Debug, Clone, Copy)]
pub struct Triage;

impl Service for Triage {
    const NAME: &'static str = "triage";
    const ABOUT: &'static str =
        "研判、合并与派单方案 / What a case is about, what was joined, and who has to act";
    type Project = Packs;

    fn migrations() -> Migrator {
        sqlx::migrate!("./migrations")
    }

    fn project() -> Packs {
        Packs::default()
    }

    fn build(house: House<StreetOf<Self>>, plan: &mut Plan<'_>) -> Result<(), ConfigError> {
        let room = Arc::new(Room::new(house.clone()));
        plan.hears(&house, "intake", HearReports(room.clone()));
        plan.hears(&house, "dispatch", HearDispatch(room.clone()));
        plan.fires(&house, PlansDue(room.clone()));
        plan.fires(&house, ReportsDue(room.clone()));
        plan.catches_up(&house, WithoutClock(room.clone()));
        plan.catches_up(&house, Redraws(room.clone()));
        plan.rpc(inbound::rpc::server(room.clone()));
        plan.rpc(inbound::rpc::desk::server(room.clone()));
        let (routes, openapi) = inbound::http::routes(room);
        plan.door(routes, openapi);
        Ok(())
    }
}
