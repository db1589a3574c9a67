//! One open-loop load from the door to the webhooks, and whether the system held it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use testkit::wait;

use super::drive::{Driven, Pace, drive};
use super::receiver::Arrivals;
use super::reports::{Reports, Shape, Streets};
use super::world::World;
use crate::measure::percentile_ms;

/// Connections of an open loop: requests under way at most; beyond that the schedule slips, visibly in the latencies.
const CONNECTIONS: usize = 256;
/// How long the reports of a step may take to arrive after its end, before the bench gives up.
const DRAINED_WITHIN: Duration = Duration::from_secs(180);
/// A load that held is through this soon after its end.
const THROUGH_WITHIN: Duration = Duration::from_secs(5);

/// What came of one load.
#[derive(Debug)]
pub struct Step {
    /// Asked for.
    pub per_s: f64,
    /// The calls.
    pub driven: Driven,
    /// Accepted and not yet complete when the load ended.
    pub on_the_way: u64,
    /// From the end of the load until every accepted report was complete.
    pub through_after: Duration,
    arrivals: Arc<Arrivals>,
    lasting: Duration,
}

/// Sends reports of a shape at a rate, over these streets, and waits until all of them have arrived.
pub async fn step(
    world: &World,
    shape: Shape,
    streets: Streets,
    per_s: f64,
    lasting: Duration,
) -> Result<Step> {
    let reports = Reports::new(&world.cluster, shape, streets);
    let calls = (per_s * lasting.as_secs_f64()) as u64;
    let arrivals = world.receiver.watch(reports.run, calls, reports.wanted());
    let driven = drive(Pace::Open(per_s), lasting, reports.callers(CONNECTIONS)).await?;
    let (ended, accepted) = (std::time::Instant::now(), driven.accepted());
    if accepted == 0 && calls > 0 {
        bail!(
            "nothing of {calls} reports was accepted ({}); {}",
            driven.statuses(),
            world.last_words("intake")
        );
    }
    let on_the_way = accepted.saturating_sub(arrivals.complete());
    let through = wait::until(DRAINED_WITHIN, async || (arrivals.complete() >= accepted).then_some(()));
    if through.await.is_none() {
        bail!(
            "{} of {accepted} accepted reports have no webhook {} s after a load of {per_s:.0}/s; {}",
            accepted - arrivals.complete(),
            DRAINED_WITHIN.as_secs(),
            world.last_words("notification")
        );
    }
    Ok(Step { per_s, driven, on_the_way, through_after: ended.elapsed(), arrivals, lasting })
}

impl Step {
    /// Every report was accepted on schedule, at most a second's worth was still on its way at the end, and all
    /// were through soon after: the backlog did not grow.
    pub fn held(&self) -> bool {
        holds(&Seen {
            per_s: self.per_s,
            lasting: self.lasting,
            took: self.driven.took,
            due: self.driven.due,
            accepted: self.driven.accepted(),
            on_the_way: self.on_the_way,
            through_after: self.through_after,
        })
    }

    /// A percentile of the time from a report's due instant to the last of its webhooks, in milliseconds.
    pub fn end_to_end_ms(&self, per_cent: f64) -> f64 {
        let accepted = self.driven.answers.iter().filter(|answer| answer.accepted());
        let latency = |due: Duration, n| Some(self.arrivals.at(n)? - (self.driven.started + due));
        let mut latencies: Vec<Duration> =
            accepted.filter_map(|answer| latency(answer.due, answer.n)).collect();
        percentile_ms(&mut latencies, per_cent)
    }

    /// For the progress on stderr.
    pub fn say(&self) {
        eprintln!(
            "  {:.0}/s: {} of {} accepted ({}), p99 {:.1} ms; end to end p50 {:.1} p99 {:.1} ms; {} on the way at the \
             end, through after {:.1} s: {}",
            self.per_s,
            self.driven.accepted(),
            self.driven.due,
            self.driven.statuses(),
            self.driven.accept_ms(99.0),
            self.end_to_end_ms(50.0),
            self.end_to_end_ms(99.0),
            self.on_the_way,
            self.through_after.as_secs_f64(),
            if self.held() { "held" } else { "not held" }
        );
    }
}

struct Seen {
    per_s: f64,
    lasting: Duration,
    took: Duration,
    due: u64,
    accepted: u64,
    on_the_way: u64,
    through_after: Duration,
}

fn holds(seen: &Seen) -> bool {
    let on_schedule = seen.took <= seen.lasting + Duration::from_secs(1);
    let no_backlog = seen.on_the_way as f64 <= seen.per_s.max(20.0);
    seen.accepted == seen.due && on_schedule && no_backlog && seen.through_after <= THROUGH_WITHIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_is_held_only_without_refusal_slip_and_backlog() {
        let s = Duration::from_secs;
        let good = || Seen {
            per_s: 100.0,
            lasting: s(10),
            took: s(10),
            due: 1_000,
            accepted: 1_000,
            on_the_way: 40,
            through_after: s(1),
        };
        assert!(holds(&good()));
        assert!(!holds(&Seen { accepted: 999, ..good() }));
        assert!(!holds(&Seen { took: s(12), ..good() }));
        assert!(!holds(&Seen { on_the_way: 101, ..good() }));
        assert!(!holds(&Seen { through_after: s(6), ..good() }));
    }
}
