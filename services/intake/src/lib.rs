//! Intake (受理): puts what people report on the record, once, and gives them a code to follow it with.
//!
//! - [`inbound`]: two doors, `POST /intake/v1/streets/{street}/reports` and gRPC `ReportService`; both parse and make
//!   the same command.
//! - [`handle`]: the one room. Requests are made ready (lane, sealed contact) and left with [`handle::submit`], which
//!   keeps in one transaction whatever came during the last one: report unless it was kept before, tracking code,
//!   journal and outbox → commit.
//! - [`tenants`]: what it needs of a street: alarm words and items of priority P1.
//! - [`contacts`]: a street's data key, which seals a reporter's contact before anything else may see it.
//! - [`pressure`]: the high-water mark (D24); [`quotas`]: what one street may send. Only intake refuses.
//! - [`core`]: pure helpers; `store`: all SQL; [`config`]: knobs; [`events`]: metrics.
//!
//! Promises, each with the test that shows it (`tests/it`): the same key and body give the same bytes again, also
//! when requests race (`replay`); another body is refused and changes nothing; a contact is never stored, logged
//! or sent readable (`contact`); a word of mortal danger goes into the urgent lane (`lane`); who waits for a
//! writer gets an answer, and one bad request fails alone (`writer`); a street over its share is answered 429 and
//! nobody else (`quota`).
//!
//! Deliberately not here yet: pictures, and mapping the point
//! to a community (the place is kept as declared, D46).

pub mod config;
pub mod contacts;
pub mod core;
pub mod events;
pub mod handle;
pub mod inbound;
pub mod pressure;
pub mod quotas;
mod store;
pub mod tenants;

use std::sync::Arc;

use bootstrap::{ConfigError, House, Plan, Service, StreetOf};
use sqlx::migrate::Migrator;

use crate::config::Config;
use crate::handle::Room;
use crate::handle::forget::Forgetting;
use crate::pressure::Gauging;
use crate::quotas::shared::Sharing;
use crate::tenants::Screens;

/// The service.
#[derive(Debug, Clone, Copy)]
pub struct Intake;

impl Service for Intake {
    const NAME: &'static str = "intake";
    const ABOUT: &'static str = "受理上报 / Takes reports and puts them on the record";
    type Project = Screens;
    /// No due time is counted here: a report is taken although the time of its record is in doubt.
    const HOLDS_ON_CLOCK_JUMP: bool = false;

    fn migrations() -> Migrator {
        sqlx::migrate!("./migrations")
    }

    fn project() -> Screens {
        Screens::default()
    }

    fn build(house: House<StreetOf<Self>>, plan: &mut Plan<'_>) -> Result<(), ConfigError> {
        let config = Config::read(&house.env)?;
        let redis = config.redis.clone();
        let room = Arc::new(Room::new(house, config));
        if let Some(redis) = redis.clone() {
            plan.part(Sharing::new(room.clone(), redis));
        }
        plan.forgets(Forgetting { room: room.clone(), redis });
        plan.part(Gauging(room.clone()));
        plan.part(room.writer().clone());
        plan.rpc(inbound::rpc::server(room.clone()));
        let (routes, openapi) = inbound::http::routes(room);
        plan.door(routes, openapi);
        Ok(())
    }
}
