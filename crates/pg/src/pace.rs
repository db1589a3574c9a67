//! Rounds that share a transaction: a loop that is busy rests between them, so that the next finds more; one that rested
//! goes at once.
//!
//! A round costs its statements and one durable commit, however much it carries; without a pause, a busy loop takes
//! every handful as it comes and the machine is spent on rounds. How long a round takes says how busy the machine is,
//! so a rest is as long as the round before it: short where there is time, long where everybody waits.

use std::time::Duration;

use tokio::time::{Instant, Interval, MissedTickBehavior, interval, sleep_until};

/// The rests of one loop.
#[derive(Debug)]
pub struct Pace {
    longest: Duration,
    rested: Instant,
}

impl Pace {
    /// No rest is longer than `longest`.
    pub fn new(longest: Duration) -> Self {
        Self { longest, rested: Instant::now() }
    }

    /// Waits until the loop has rested; time in which there was nothing to do counts as rest.
    pub async fn rest(&mut self) {
        sleep_until(self.rested).await;
    }

    /// A round; the rest is counted from its end.
    pub async fn during<T>(&mut self, round: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let outcome = round.await;
        self.rested = Instant::now() + began.elapsed().min(self.longest);
        outcome
    }
}

/// A gate whose `tick` opens at least `gap` after it opened last, and at once if that was longer ago.
pub fn apart(gap: Duration) -> Interval {
    let mut gate = interval(gap.max(Duration::from_millis(1)));
    gate.set_missed_tick_behavior(MissedTickBehavior::Delay);
    gate
}

#[cfg(test)]
mod tests {
    use tokio::time::advance;

    use super::*;

    const GAP: Duration = Duration::from_millis(16);

    #[tokio::test(start_paused = true)]
    async fn ticks_are_apart_and_a_rest_is_not_paid_for() {
        let (mut gate, start) = (apart(GAP), Instant::now());
        gate.tick().await;
        assert_eq!(start.elapsed(), Duration::ZERO);
        gate.tick().await;
        assert_eq!(start.elapsed(), GAP);
        advance(GAP * 10).await;
        let rested = Instant::now();
        gate.tick().await;
        assert_eq!(rested.elapsed(), Duration::ZERO);
        advance(GAP / 4).await;
        gate.tick().await;
        assert_eq!(rested.elapsed(), GAP);
    }

    /// How long the loop rests after a round of `round` and `idle` without work.
    async fn rests_for(round: Duration, idle: Duration) -> Duration {
        let mut pace = Pace::new(GAP);
        pace.during(advance(round)).await;
        advance(idle).await;
        let waits = Instant::now();
        pace.rest().await;
        waits.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_rest_is_as_long_as_the_round_and_never_longer_than_allowed() {
        assert_eq!(rests_for(GAP / 2, Duration::ZERO).await, GAP / 2);
        assert_eq!(rests_for(GAP * 5, Duration::ZERO).await, GAP);
        assert_eq!(rests_for(GAP / 2, GAP / 4).await, GAP / 4);
        assert_eq!(rests_for(GAP / 2, GAP).await, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_round_begins_at_once() {
        let start = Instant::now();
        Pace::new(GAP).rest().await;
        assert_eq!(start.elapsed(), Duration::ZERO);
    }
}
