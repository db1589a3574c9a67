//! Bounds of what may be followed by tracking code, the door that needs no token. In memory: they bound cost and
//! guessing, and decide nothing.

use std::net::IpAddr;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use ids::TenantId;

use crate::core::bucket::{Buckets, Rate};

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
    pub(crate) fn new() -> Self {
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
