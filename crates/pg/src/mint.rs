//! Randomness for ids, handed in so that a run can be replayed from its seed.

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

/// Mints UUIDv7 ids from the transaction's bound time and its own random source. Cloning shares the source.
#[derive(Debug, Clone)]
pub struct Minter(Arc<Mutex<StdRng>>);

impl Minter {
    /// Seeded by the operating system.
    pub fn from_os() -> Self {
        Self(Arc::new(Mutex::new(StdRng::from_os_rng())))
    }

    /// For tests: the same seed gives the same ids.
    pub fn from_seed(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(StdRng::seed_from_u64(seed))))
    }

    /// A fresh id of `now`.
    pub fn mint(&self, now: Timestamp) -> Uuid {
        ids::mint(now, self.random())
    }

    /// Random bytes, for what is no id (trace ids, jitter).
    pub fn random<const N: usize>(&self) -> [u8; N] {
        // The source has no invariant a panicking holder could break.
        let mut source = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut bytes = [0; N];
        source.fill(&mut bytes[..]);
        bytes
    }
}
