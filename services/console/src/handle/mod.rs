//! Where rows are written: [`record`] keeps what was heard, [`sequence`] gives it positions. The inbox (seen before?)
//! and the commit of a batch belong to the consumer.

pub(crate) mod record;
pub(crate) mod sequence;

use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bootstrap::House;
use ids::TenantId;
use tokio::sync::Semaphore;

use crate::core::bucket::{Buckets, Rate};
use crate::events::Events;
use crate::live::Live;
use crate::tenants::Names;

/// Live streams a process holds at most; each polls the database now and then.
pub(crate) const LIVE_READERS_MAX: usize = 512;

/// What one client may follow by tracking code: offices share an address. All who come without a forwarding ingress
/// share one.
const CLIENT_RATE: Rate = Rate { burst: 120, per_s: 10 };
/// What may be followed in one tenant.
const TENANT_RATE: Rate = Rate { burst: 600, per_s: 100 };
/// Clients, and tenants, that are remembered at a time.
const KEYS_MAX: usize = 10_000;

/// Guards of the door that needs no token.
#[derive(Debug)]
pub(crate) struct Follows {
    clients: Mutex<Buckets<Option<IpAddr>>>,
    tenants: Mutex<Buckets<TenantId>>,
    began: Instant,
}

impl Follows {
    fn new() -> Self {
        Self {
            clients: Mutex::new(Buckets::new(CLIENT_RATE, KEYS_MAX)),
            tenants: Mutex::new(Buckets::new(TENANT_RATE, KEYS_MAX)),
            began: Instant::now(),
        }
    }

    /// `Err`: in so many seconds again.
    pub fn by_client(&self, client: Option<IpAddr>) -> Result<(), u32> {
        self.clients.lock().expect("no holder of the buckets panics").take(client, self.now())
    }

    /// The same for the tenant of a code that was found.
    pub fn in_tenant(&self, tenant: TenantId) -> Result<(), u32> {
        self.tenants.lock().expect("no holder of the buckets panics").take(tenant, self.now())
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }
}

/// The tools of console. Cloning shares them.
#[derive(Debug, Clone)]
pub struct Room {
    pub(crate) house: House<Names>,
    pub(crate) live: Live,
    pub(crate) seats: Arc<Semaphore>,
    pub(crate) events: Events,
    pub(crate) follows: Arc<Follows>,
}

impl Room {
    /// From the service's tools; once per registry of metrics.
    pub fn new(house: House<Names>) -> Self {
        let live = Live::new(house.nats.clone());
        let events = Events::new(&house.metrics);
        let (seats, follows) = (Arc::new(Semaphore::new(LIVE_READERS_MAX)), Arc::new(Follows::new()));
        Self { house, live, seats, events, follows }
    }
}
