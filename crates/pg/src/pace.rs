//! Rounds that share a transaction: a loop that is busy rests between them, so that the next finds more; one that rested
//! goes at once.
//!
//! A round costs its statements and one durable commit, however much it carries; without a pause, a busy loop takes
//! every handful as it comes and the machine is spent on rounds. How long a round takes says how busy the machine is,
//! so a rest is as long as the round before it: short where there is time, long where everybody waits.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Mutex as Turns, Notify};
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

/// Lets transactions of several tasks begin apart, so that each finds more to carry: as far apart as the last one took that ended,
/// within bounds. How long one takes says how busy the machine is. One that hangs has not ended and holds nobody up.
#[derive(Debug)]
pub struct Gate {
    least: Duration,
    most: Duration,
    /// One task waits at the gate, the others behind it.
    turns: Turns<()>,
    last: Mutex<Last>,
    changed: Notify,
}

#[derive(Debug, Clone, Copy, Default)]
struct Last {
    began: Option<Instant>,
    took: Duration,
}

impl Gate {
    /// Beginnings are at least `least` apart, and no further than `most` is ever waited for.
    pub fn new(least: Duration, most: Duration) -> Self {
        let (turns, last, changed) = (Turns::default(), Mutex::default(), Notify::new());
        Self { least, most, turns, last, changed }
    }

    /// Waits for the gate, as long as `gathers` says that waiting pays, and then takes what there is. A beginning is counted when
    /// something was taken: who found nothing has begun nothing.
    pub async fn take<T>(&self, gathers: impl Fn() -> bool, take: impl FnOnce() -> Vec<T>) -> Vec<T> {
        let _turn = self.turns.lock().await;
        while gathers() {
            let Some(until) = self.opens().filter(|until| Instant::now() < *until) else { break };
            tokio::select! {
                () = sleep_until(until) => {}
                () = self.changed.notified() => {}
            }
        }
        let taken = take();
        if !taken.is_empty() {
            self.last().began = Some(Instant::now());
        }
        taken
    }

    /// A transaction; how long it takes decides when the next may begin.
    pub async fn during<T>(&self, transaction: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let outcome = transaction.await;
        self.last().took = began.elapsed();
        self.changed.notify_one();
        outcome
    }

    /// Whoever waits at the gate looks again whether waiting pays.
    pub fn look_again(&self) {
        self.changed.notify_one();
    }

    fn opens(&self) -> Option<Instant> {
        let Last { began, took } = *self.last();
        began.map(|began| began + took.clamp(self.least, self.most))
    }

    fn last(&self) -> MutexGuard<'_, Last> {
        // Two values that are set one by one.
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
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

    const MOST: Duration = Duration::from_millis(40);

    /// After a transaction of so long, how long somebody waits who comes `later` than its end.
    async fn waits_after(took: Duration, later: Duration) -> Duration {
        let gate = Gate::new(GAP, MOST);
        assert_eq!(gate.take(|| true, || vec![1]).await, [1]);
        gate.during(advance(took)).await;
        advance(later).await;
        let came = Instant::now();
        gate.take(|| true, || vec![2]).await;
        came.elapsed()
    }

    #[tokio::test(start_paused = true)]
    async fn a_gate_opens_as_long_after_the_last_beginning_as_the_last_one_took() {
        let ms = Duration::from_millis;
        assert_eq!(
            waits_after(ms(20), Duration::ZERO).await,
            Duration::ZERO,
            "who asks again at its end begins"
        );
        assert_eq!(waits_after(ms(2), ms(1)).await, GAP - ms(3), "at least the gap");
        assert_eq!(waits_after(ms(500), Duration::ZERO).await, Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn who_found_nothing_has_begun_nothing() {
        let gate = Gate::new(GAP, MOST);
        gate.take(|| true, || vec![1]).await;
        gate.during(advance(GAP * 2)).await;
        assert!(gate.take(|| true, Vec::<u8>::new).await.is_empty());
        advance(GAP / 4).await;
        let came = Instant::now();
        gate.take(|| true, || vec![2]).await;
        assert_eq!(came.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn the_second_waits_beside_a_transaction_and_no_longer_than_is_allowed() {
        let gate = Gate::new(GAP, MOST);
        gate.take(|| true, || vec![1]).await;
        gate.during(advance(MOST * 9)).await;
        gate.take(|| true, || vec![2]).await;
        // The second one hangs.
        let came = Instant::now();
        gate.take(|| true, || vec![3]).await;
        assert_eq!(came.elapsed(), MOST);
    }

    #[tokio::test(start_paused = true)]
    async fn enough_to_carry_opens_it_at_once() {
        let gate = Gate::new(GAP, MOST);
        gate.take(|| true, || vec![1]).await;
        let came = Instant::now();
        let full = std::sync::atomic::AtomicBool::new(false);
        let gathers = || !full.load(std::sync::atomic::Ordering::Relaxed);
        let fills = async {
            advance(GAP / 4).await;
            full.store(true, std::sync::atomic::Ordering::Relaxed);
            gate.look_again();
        };
        tokio::join!(gate.take(gathers, || vec![2]), fills);
        assert_eq!(came.elapsed(), GAP / 4);
    }
}
