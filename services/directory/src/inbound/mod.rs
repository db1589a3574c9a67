//! The doors: parse, authenticate, make a command; decide nothing.

mod admission;
mod http;
pub(crate) mod rpc;

use std::sync::Arc;

use bootstrap::House;

use crate::config::Config;
use crate::events::Events;

pub(crate) use http::door;

/// What the handlers share.
#[derive(Debug, Clone)]
pub(crate) struct Desk {
    pub house: House<()>,
    pub config: Arc<Config>,
    pub events: Events,
}

impl Desk {
    pub(crate) fn new(house: House<()>, config: Config) -> Self {
        let events = Events::new(&house.metrics);
        Self { house, config: Arc::new(config), events }
    }
}
