//! A token bucket, as one instant: when it will be full again. Nothing has to be refilled, so a tenant that is quiet
//! costs nothing; `now` is passed in.

use std::time::Duration;

/// How fast, and how much at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// Tokens that come in a minute; at least 1.
    pub per_minute: u32,
    /// Tokens a full bucket holds; at least 1.
    pub burst: u32,
}

/// One bucket; full when new. Times count from any fixed instant of a clock that does not go back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bucket {
    full_at: Duration,
}

impl Rate {
    /// Small shares may come at once up to this.
    const BURST_MIN: u32 = 10;

    /// A rate of which ten seconds' worth may come at once. At least 1 a minute.
    pub fn of(per_minute: u32) -> Self {
        let per_minute = per_minute.max(1);
        Self { per_minute, burst: (per_minute / 6).max(Self::BURST_MIN).min(per_minute) }
    }

    /// No more than another.
    pub fn within(self, most: Self) -> Self {
        let (per_minute, burst) = (self.per_minute.min(most.per_minute), self.burst.min(most.burst));
        Self { per_minute: per_minute.max(1), burst: burst.max(1) }
    }

    /// Whether more is out of the bucket than comes into it in a second: its owner is ahead of its rate. Small numbers never are.
    pub fn ahead(self, bucket: &Bucket, now: Duration) -> bool {
        let a_second = (self.per_minute / 60).max(Self::BURST_MIN);
        bucket.full_at.saturating_sub(now) > Duration::from_secs(60) / self.per_minute * a_second
    }

    /// Takes a token, or says how long until there is one.
    pub fn take(self, bucket: &mut Bucket, now: Duration) -> Result<(), Duration> {
        let one = Duration::from_secs(60) / self.per_minute;
        let full_at = bucket.full_at.max(now) + one;
        let latest = now + one * self.burst;
        if full_at > latest {
            return Err(full_at - latest);
        }
        bucket.full_at = full_at;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn a_burst_then_the_rate() {
        let rate = Rate { per_minute: 60, burst: 3 };
        let (mut bucket, start) = (Bucket::default(), SECOND * 100);
        for _ in 0..3 {
            assert_eq!(rate.take(&mut bucket, start), Ok(()));
        }
        assert_eq!(rate.take(&mut bucket, start), Err(SECOND));
        assert_eq!(rate.take(&mut bucket, start + SECOND / 4), Err(SECOND * 3 / 4));
        assert_eq!(rate.take(&mut bucket, start + SECOND), Ok(()));
        assert_eq!(rate.take(&mut bucket, start + SECOND), Err(SECOND));
        for _ in 0..3 {
            assert_eq!(rate.take(&mut bucket, start + SECOND * 60), Ok(()), "full again, and no fuller");
        }
        assert_eq!(rate.take(&mut bucket, start + SECOND * 60), Err(SECOND));
    }

    #[test]
    fn who_is_ahead_of_its_rate_is_told_apart_from_who_keeps_to_it() {
        let rate = Rate::of(3_000);
        let (mut bucket, mut now) = (Bucket::default(), SECOND * 100);
        let ahead =
            (0..500).filter(|_| rate.take(&mut bucket, now).is_ok() && rate.ahead(&bucket, now)).count();
        assert_eq!(ahead, 450, "of ten seconds' worth at once the first second's is not");
        now += SECOND * 10;
        for _ in 0..3_000 {
            now += SECOND / 50;
            assert_eq!(
                (rate.take(&mut bucket, now), rate.ahead(&bucket, now)),
                (Ok(()), false),
                "fifty a second"
            );
        }
        let small = Rate::of(60);
        let mut bucket = Bucket::default();
        while small.take(&mut bucket, now).is_ok() {
            assert!(!small.ahead(&bucket, now), "ten at once are no storm");
        }
    }

    proptest! {
        /// Whatever comes when: never more than the burst and the rate allow, and who waits as told is let in.
        #[test]
        fn never_more_than_allowed(
            per_minute in 1u32..10_000,
            burst in 1u32..50,
            pauses in prop::collection::vec(0u64..2_000_000, 1..200),
        ) {
            let rate = Rate { per_minute, burst };
            let (mut bucket, mut now, mut taken) = (Bucket::default(), Duration::ZERO, 0u64);
            for pause_us in pauses {
                now += Duration::from_micros(pause_us);
                if let Err(wait) = rate.take(&mut bucket, now) {
                    prop_assert!(rate.take(&mut bucket.clone(), now + wait).is_ok());
                } else {
                    taken += 1;
                }
                let allowed = f64::from(burst) + now.as_secs_f64() * f64::from(per_minute) / 60.0;
                prop_assert!(taken as f64 <= allowed + 1e-3, "{taken} of {allowed}");
            }
        }
    }
}
