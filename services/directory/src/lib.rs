//! Districts and streets are data: a manifest comes in, documents with a generation go out.
//!
//! - [`config`] — the knobs: installation-level administrators, variables of demo manifests.
//! - [`tenants`] — what this service wants of documents: nothing but who may do what.
//! - `inbound` — the door: reads a body within its bounds, says who may come in, makes a command.
//! - `core` — pure: YAML to manifest to documents, every fault with its place and its Chinese name, and what two
//!   states of a tenant differ in, in words.
//! - `handle` — the one room: lock the tenant, compile, compare, keep, say, in one transaction; a plan goes the same
//!   way and keeps nothing.
//! - `store` — all SQL.
//! - `events` — logs and counters.
//!
//! Promises: all or nothing; a manifest that changes nothing changes no generation and says nothing; a generation
//! only moves forward, a rollback too; what was applied is kept byte for byte. Applying a district does not touch its streets:
//! they hold overrides, and readers put the two together (D21). A district that one of its streets would not stand on
//! is refused, with the place in that street.
//!
//! A text classifier is published beside the manifest, with generations and a history of its own: it is checked (sound, small
//! enough for a message, labels of the list, a threshold) and said like any document.
//!
//! Deliberately not here: whether a classifier is any good (who trains it measures that), packs other than the built-in one, telling who is on duty (notification), what an apply would do to
//! open cases, webhook secrets (notification makes them, D20).

#![warn(missing_docs)]

pub mod config;
mod core;
mod events;
mod handle;
mod inbound;
mod store;
pub mod tenants;

use bootstrap::{ConfigError, House, Plan, Service};
use sqlx::migrate::Migrator;

use crate::config::Config;
use crate::inbound::Desk;
use crate::tenants::OnlyMembers;

/// The service.
#[derive(Debug, Clone, Copy)]
pub struct Directory;

impl Service for Directory {
    const NAME: &'static str = "directory";
    const ABOUT: &'static str = "区与街道的清单和文件 / Manifests and documents of districts and streets";
    type Project = OnlyMembers;

    fn migrations() -> Migrator {
        sqlx::migrate!("./migrations")
    }

    fn project() -> OnlyMembers {
        OnlyMembers
    }

    fn build(house: House<()>, plan: &mut Plan<'_>) -> Result<(), ConfigError> {
        let config = Config::read(&house.env, house.development)?;
        let desk = Desk::new(house, config);
        plan.rpc(inbound::rpc::server(desk.clone()));
        let (routes, openapi) = inbound::door(desk);
        plan.door(routes, openapi);
        Ok(())
    }
}
