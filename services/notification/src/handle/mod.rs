//! The one room: each act is one transaction. Telling ([`fan_out`], [`hand_over`]), claiming ([`claim`]), recording
//! ([`record`]), replaying ([`replay`]), changing an endpoint's secret ([`rotate`]). No HTTP happens in here.

pub mod claim;
pub mod fan_out;
pub mod forget;
pub mod hand_over;
pub mod record;
pub mod replay;
pub mod rotate;
pub mod secrets;
mod verdict;

use std::sync::Arc;

use bootstrap::House;

use crate::config::Config;
use crate::desk::Desk;
use crate::events::Events;
use crate::tenants::Street;
use secrets::Secrets;

/// What all acts share.
pub struct Room {
    /// Pool, clock, ids, documents, outbox.
    pub house: House<Street>,
    /// Endpoint secrets.
    pub secrets: Secrets,
    /// Claimed and not yet recorded.
    pub desk: Arc<Desk>,
    /// Logs and metrics.
    pub events: Events,
    /// Shortens the retry schedule in chaos runs.
    pub retry_divisor: u32,
}

impl Room {
    /// Puts it together.
    pub fn new(house: House<Street>, config: Config, desk: Arc<Desk>) -> Self {
        let events = Events::new(&house.metrics);
        let secrets = Secrets::new(config.seal_key, config.secrets_dir, events.clone());
        Self { house, secrets, desk, events, retry_divisor: config.retry_divisor }
    }
}
