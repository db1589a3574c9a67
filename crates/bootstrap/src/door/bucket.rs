//! A token bucket per key: so many at once, so many a second after that. Pure: who asks brings the time.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

/// A token in the unit buckets count in, so that slow refills lose nothing.
const TOKEN: u64 = 1_000;

/// How much is allowed to one key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rate {
    /// At once.
    pub burst: u32,
    /// Per second, when the burst is used up.
    pub per_s: u32,
}

/// The buckets of all keys. A key that was quiet long enough to have a full bucket again is forgotten.
#[derive(Debug)]
pub(super) struct Buckets<K> {
    rate: Rate,
    keys_max: usize,
    used: HashMap<K, Bucket>,
}

#[derive(Debug, Clone, Copy)]
struct Bucket {
    thousandths: u64,
    at: Duration,
}

impl<K: Eq + Hash> Buckets<K> {
    /// All full. Of more than `keys_max` keys at a time the new ones are refused.
    pub fn new(rate: Rate, keys_max: usize) -> Self {
        Self { rate, keys_max, used: HashMap::new() }
    }

    /// Takes one token at `now`, counted from any fixed instant; `Err` is in how many seconds there is one.
    pub fn take(&mut self, key: K, now: Duration) -> Result<(), u32> {
        let rate = self.rate;
        if self.used.len() >= self.keys_max && !self.used.contains_key(&key) {
            self.used.retain(|_, bucket| bucket.filled(rate, now) < rate.full());
            if self.used.len() >= self.keys_max {
                return Err(1);
            }
        }
        let bucket = self.used.entry(key).or_insert(Bucket { thousandths: rate.full(), at: now });
        let there = bucket.filled(rate, now);
        *bucket = Bucket { thousandths: there.saturating_sub(TOKEN), at: now };
        if there >= TOKEN {
            return Ok(());
        }
        // What is there stays there.
        bucket.thousandths = there;
        let missing = TOKEN - there;
        Err(missing.div_ceil(u64::from(rate.per_s.max(1)) * TOKEN).max(1) as u32)
    }
}

impl Rate {
    fn full(self) -> u64 {
        u64::from(self.burst) * TOKEN
    }
}

impl Bucket {
    fn filled(self, rate: Rate, now: Duration) -> u64 {
        let passed_ms = now.saturating_sub(self.at).as_millis().min(u128::from(u32::MAX)) as u64;
        (self.thousandths + passed_ms * u64::from(rate.per_s)).min(rate.full())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: Rate = Rate { burst: 3, per_s: 2 };

    fn at(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_burst_then_the_rate() {
        let mut buckets = Buckets::new(RATE, 10);
        let taken =
            |buckets: &mut Buckets<&str>, ms| (0..9).filter(|_| buckets.take("a", at(ms)).is_ok()).count();
        assert_eq!(taken(&mut buckets, 0), 3);
        assert_eq!(buckets.take("a", at(0)), Err(1));
        assert_eq!(buckets.take("b", at(0)), Ok(()), "another key has its own");
        assert_eq!(taken(&mut buckets, 499), 0);
        assert_eq!(taken(&mut buckets, 500), 1);
        assert_eq!(taken(&mut buckets, 1_500), 2);
        assert_eq!(taken(&mut buckets, 3_600_000), 3, "never more than the burst");
        // Time that went back gives nothing and breaks nothing.
        assert_eq!(taken(&mut buckets, 0), 0);
    }

    #[test]
    fn keys_are_bounded_and_quiet_ones_forgotten() {
        let mut buckets = Buckets::new(RATE, 2);
        assert_eq!((buckets.take(1, at(0)), buckets.take(2, at(0))), (Ok(()), Ok(())));
        assert_eq!(buckets.take(3, at(0)), Err(1));
        assert_eq!(buckets.take(1, at(0)), Ok(()), "a known key is not refused");
        assert_eq!(buckets.take(3, at(600)), Ok(()), "the second key's bucket was full again");
    }
}
