//! Bounds of doors that need no token of an issuer: a tracking code or a link is the key. In memory: they bound cost and
//! guessing, and decide nothing.

use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, HeaderName};
use ids::TenantId;
use uuid::Uuid;

use super::bucket::{Buckets, Rate};
use super::problem::Problem;

/// Where our own ingress says who is calling.
pub(crate) const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// What one client may ask: offices share an address. All who come without a forwarding ingress share one.
const CLIENT_RATE: Rate = Rate { burst: 120, per_s: 10 };
/// What may be asked in one tenant.
const TENANT_RATE: Rate = Rate { burst: 600, per_s: 100 };
/// What may be done with one key: somebody at work, not a flood by a key that got around.
const KEY_RATE: Rate = Rate { burst: 30, per_s: 1 };
/// Clients, tenants and keys that are remembered at a time.
const KEYS_MAX: usize = 10_000;

/// Guards of the doors of one service that strangers may knock at.
#[derive(Debug)]
pub struct Strangers {
    clients: Mutex<Buckets<Option<IpAddr>>>,
    tenants: Mutex<Buckets<TenantId>>,
    keys: Mutex<Buckets<Uuid>>,
    began: Instant,
}

impl Default for Strangers {
    fn default() -> Self {
        Self {
            clients: Mutex::new(Buckets::new(CLIENT_RATE, KEYS_MAX)),
            tenants: Mutex::new(Buckets::new(TENANT_RATE, KEYS_MAX)),
            keys: Mutex::new(Buckets::new(KEY_RATE, KEYS_MAX)),
            began: Instant::now(),
        }
    }
}

impl Strangers {
    /// Lets a client knock once; 429 `quota-exceeded` beyond its bound. Ask before anything costs something.
    pub fn by_client(&self, headers: &HeaderMap) -> Result<(), Problem> {
        take(&self.clients, client(headers), self.began.elapsed())
    }

    /// The same for all clients together, as if they were one.
    pub fn together(&self) -> Result<(), Problem> {
        take(&self.clients, None, self.began.elapsed())
    }

    /// The same for the tenant of a key that was right.
    pub fn in_tenant(&self, tenant: TenantId) -> Result<(), Problem> {
        take(&self.tenants, tenant, self.began.elapsed())
    }

    /// The same for one key that was right, before it takes anything of its tenant's.
    pub fn with_key(&self, key: Uuid) -> Result<(), Problem> {
        take(&self.keys, key, self.began.elapsed())
    }
}

fn take<K: Eq + std::hash::Hash>(buckets: &Mutex<Buckets<K>>, key: K, now: Duration) -> Result<(), Problem> {
    let taken = buckets.lock().unwrap_or_else(PoisonError::into_inner).take(key, now);
    taken.map_err(Problem::quota_exceeded)
}

/// The client as our own ingress names it: the last address it was forwarded for. What stands before that is the
/// client's own word.
fn client(headers: &HeaderMap) -> Option<IpAddr> {
    let forwarded = headers.get_all(FORWARDED_FOR).iter().next_back()?;
    forwarded.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
}
