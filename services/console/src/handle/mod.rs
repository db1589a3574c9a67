//! Where rows are written: [`record`] keeps what was heard, [`sequence`] gives it positions. The inbox (seen before?)
//! and the commit of a batch belong to the consumer.

pub(crate) mod record;
pub(crate) mod sequence;

use std::sync::Arc;

use bootstrap::House;
use bootstrap::door::Strangers;
use tokio::sync::Semaphore;

use crate::events::Events;
use crate::live::Live;
use crate::tenants::Names;

/// Live streams a process holds at most; each polls the database now and then.
pub(crate) const LIVE_READERS_MAX: usize = 512;

/// The tools of console. Cloning shares them.
#[derive(Debug, Clone)]
pub struct Room {
    pub(crate) house: House<Names>,
    pub(crate) live: Live,
    pub(crate) seats: Arc<Semaphore>,
    pub(crate) events: Events,
    pub(crate) strangers: Arc<Strangers>,
}

impl Room {
    /// From the service's tools; once per registry of metrics.
    pub fn new(house: House<Names>) -> Self {
        let live = Live::new(house.nats.clone());
        let events = Events::new(&house.metrics);
        let (seats, strangers) = (Arc::new(Semaphore::new(LIVE_READERS_MAX)), Arc::default());
        Self { house, live, seats, events, strangers }
    }
}
