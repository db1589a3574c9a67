//! Randomness for ids, handed in so that a run can be replayed from its seed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use uuid::Uuid;

/// Mints UUIDv7 ids from the transaction's bound time and its own random source. Cloning shares the source.
///
/// Ids of one time sort in the order they were minted, so what a transaction tells first is also published
/// first: the 26 bits behind the time count up (RFC 9562, section 6.2, method 1; the first count is random, and
/// a wrap after 67 million ids costs one moment's order and nothing else). The other 48 bits are random.
#[derive(Debug, Clone)]
pub struct Minter(Arc<Mutex<Source>>);

#[derive(Debug)]
struct Source {
    random: StdRng,
    count: u32,
}

impl Minter {
    /// Seeded by the operating system.
    pub fn from_os() -> Self {
        Self::from(StdRng::from_os_rng())
    }

    /// For tests: the same seed gives the same ids.
    pub fn from_seed(seed: u64) -> Self {
        Self::from(StdRng::seed_from_u64(seed))
    }

    fn from(mut random: StdRng) -> Self {
        let count = random.random();
        Self(Arc::new(Mutex::new(Source { random, count })))
    }

    /// A fresh id of `now`, after all that were minted of the same `now` before.
    pub fn mint(&self, now: Timestamp) -> Uuid {
        let mut source = self.source();
        source.count = source.count.wrapping_add(1);
        let mut bytes = [0; 10];
        source.random.fill(&mut bytes[4..]);
        bytes[..4].copy_from_slice(&around_version_and_variant(source.count));
        ids::mint(now, bytes)
    }

    /// Random bytes, for what is no id (trace ids, jitter).
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.source().random.fill(&mut bytes[..]);
        bytes
    }

    fn source(&self) -> MutexGuard<'_, Source> {
        // The source has no invariant a panicking holder could break.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The low 26 bits of `count` where a UUIDv7 keeps `rand_a` (12 bits) and the first 14 bits of `rand_b`: the
/// version covers the upper four bits of the first byte, the variant the upper two of the third.
fn around_version_and_variant(count: u32) -> [u8; 4] {
    let [a, b, c, d] = (count << 6).to_be_bytes();
    let upper = u16::from_be_bytes([a, b]) >> 4;
    let lower = (u16::from_be_bytes([b & 0x0f, c]) << 2) | u16::from(d >> 6);
    let ([e, f], [g, h]) = (upper.to_be_bytes(), lower.to_be_bytes());
    [e, f, g, h]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_instant_sort_as_minted() {
        let minter = Minter::from_seed(7);
        minter.source().count = 0x00ff_fff0;
        let minted: Vec<Uuid> = (0..100_000).map(|_| minter.mint(Timestamp::UNIX_EPOCH)).collect();
        assert!(minted.is_sorted_by(|a, b| a < b));
        assert!(minted.iter().all(|id| id.get_version_num() == 7));
    }

    #[test]
    fn two_sources_do_not_meet() {
        let of = |seed| Minter::from_seed(seed).mint(Timestamp::UNIX_EPOCH);
        assert_ne!(of(1), of(2));
    }
}
