//! Notification: an event becomes signed webhooks, each with one verdict.
//!
//! Events of triage and dispatch come in through [`inbound::messages`]; `core::notice` says who is told and what;
//! [`handle::fan_out`] makes one delivery per endpoint and hands it to the sender ([`handle::hand_over`]). The
//! [`deliverer`] also claims what is due ([`handle::claim`]), sends it through [`egress`] (the only outbound HTTP)
//! within the bounds of the [`desk`], and records what came of it ([`handle::record`]): delivered, another attempt, or
//! dead-lettered with a reason. Secrets are made by the [`secret_keeper`]. People read deliveries and replay them
//! through [`inbound::http`].
//!
//! Guarantees, each with its test (`tests/it`): one delivery per (event, body, endpoint) however often the event
//! comes; the same id and bytes in every attempt; one verdict; slow endpoints do not hold the others back.
//!
//! Deliberately not here: other channels than webhooks, templates, quiet hours, drills to endpoints (no document
//! can opt in yet), showing secrets to people and rotating them: in development they are files for the sink, elsewhere
//! nobody learns them yet.

pub mod config;
pub mod core;
pub mod deliverer;
pub mod desk;
pub mod egress;
pub mod events;
pub mod handle;
pub mod inbound;
pub mod secret_keeper;
pub mod store;
pub mod tenants;

use std::sync::Arc;

use bootstrap::{ConfigError, House, Plan, Service};

use crate::config::Config;
use crate::deliverer::Deliverer;
use crate::desk::Desk;
use crate::egress::Egress;
use crate::handle::Room;
use crate::handle::forget::Forgetting;
use crate::inbound::http;
use crate::inbound::messages::Hear;
use crate::secret_keeper::SecretKeeper;
use crate::tenants::{Endpoints, Street};

/// The service.
pub struct Notification;

impl Service for Notification {
    const NAME: &'static str = "notification";
    const ABOUT: &'static str = "通知、投递与重发 / Deliveries to endpoints, and their replay";
    type Project = Endpoints;

    fn migrations() -> sqlx::migrate::Migrator {
        sqlx::migrate!("./migrations")
    }

    fn project() -> Endpoints {
        Endpoints
    }

    fn build(house: House<Street>, plan: &mut Plan<'_>) -> Result<(), ConfigError> {
        let config = Config::read(&house.env, house.development)?;
        for entry in config.allow.entries() {
            tracing::warn!(%entry, "egress is opened by the operator");
        }
        let egress = Egress::new(config.allow.clone(), config.attempt_timeout);
        let egress = egress.map_err(|_| ConfigError::Malformed {
            name: "STREETWISE_EGRESS_ALLOW",
            expected: "usable: the HTTP client could not be made",
        })?;
        let (desk, jobs) = Desk::new();
        let room = Arc::new(Room::new(house.clone(), config, desk));
        for upstream in ["triage", "dispatch"] {
            plan.hears(&house, upstream, Hear { room: room.clone(), upstream });
        }
        plan.part(SecretKeeper::new(room.clone()));
        plan.forgets(Forgetting(room.clone()));
        plan.part(Deliverer::new(room.clone(), egress, jobs));
        let (routes, openapi) = http::routes(room);
        plan.door(routes, openapi);
        Ok(())
    }
}
