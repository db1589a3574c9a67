//! Where rows are written: [`record`] keeps what was heard, [`sequence`] gives it positions. The inbox (seen before?)
//! and the commit of a batch belong to the consumer.

pub(crate) mod record;
pub(crate) mod sequence;

use std::sync::Arc;

use bootstrap::House;
use tokio::sync::Semaphore;

use crate::events::Events;
use crate::live::Live;

/// Live streams a process holds at most; each polls the database now and then.
pub(crate) const LIVE_READERS_MAX: usize = 512;

/// The tools of console. Cloning shares them.
#[derive(Debug, Clone)]
pub struct Room {
    pub(crate) house: House<()>,
    pub(crate) live: Live,
    pub(crate) seats: Arc<Semaphore>,
    pub(crate) events: Events,
}

impl Room {
    /// From the service's tools; once per registry of metrics.
    pub fn new(house: House<()>) -> Self {
        let live = Live::new(house.nats.clone());
        let events = Events::new(&house.metrics);
        Self { house, live, seats: Arc::new(Semaphore::new(LIVE_READERS_MAX)), events }
    }
}
