//! Fairness at the door (D15, F16): a street that sends more than its share is answered 429, before its reports cost
//! anybody else a place in the queue. Urgent reports have a bucket of their own and, when that is empty, what is left
//! of the ordinary one: the two together are the hard abuse cap, and nothing else refuses them here.
//!
//! Buckets live in this process: of several replicas each allows as much, and a restart fills them. They bound what
//! a street can cost us, which is a matter of this process; a share that holds across replicas would be leased into
//! the same [`Quotas::admit`].

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use ids::{Lane, TenantId};

use crate::core::quota::{Bucket, Rate};

/// What one street may send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shares {
    /// All its reports.
    pub ordinary: Rate,
    /// Reserved for urgent ones.
    pub urgent: Rate,
}

/// The buckets of all streets: one entry per street that sent something.
#[derive(Debug)]
pub struct Quotas {
    shares: Shares,
    start: Instant,
    /// Under no street: what was sent for streets that are not there.
    buckets: Mutex<BTreeMap<Option<TenantId>, Buckets>>,
}

#[derive(Debug, Default)]
struct Buckets {
    ordinary: Bucket,
    urgent: Bucket,
}

impl Quotas {
    /// All full.
    pub fn new(shares: Shares) -> Self {
        Self { shares, start: Instant::now(), buckets: Mutex::default() }
    }

    /// Lets a report in, or says how long its street has to wait. Only a known street is named: an entry stays.
    pub fn admit(&self, street: Option<TenantId>, lane: Lane) -> Result<(), Duration> {
        self.admit_at(street, lane, self.start.elapsed())
    }

    fn admit_at(&self, street: Option<TenantId>, lane: Lane, now: Duration) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let of = buckets.entry(street).or_default();
        if lane == Lane::Urgent && self.shares.urgent.take(&mut of.urgent, now).is_ok() {
            return Ok(());
        }
        self.shares.ordinary.take(&mut of.ordinary, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quotas() -> Quotas {
        let rate = |burst| Rate { per_minute: 60, burst };
        Quotas::new(Shares { ordinary: rate(3), urgent: rate(2) })
    }

    fn street(n: i64) -> Option<TenantId> {
        Some(TenantId::from_i64(990_102_000_000 + n * 1_000).unwrap())
    }

    /// How many of `sent` are let in at an instant.
    fn let_in(quotas: &Quotas, n: i64, lane: Lane, sent: usize, now: Duration) -> usize {
        (0..sent).filter(|_| quotas.admit_at(street(n), lane, now).is_ok()).count()
    }

    #[test]
    fn a_street_over_its_share_waits_and_the_others_do_not() {
        let (quotas, now) = (quotas(), Duration::from_secs(9));
        assert_eq!(let_in(&quotas, 1, Lane::Normal, 50, now), 3);
        assert_eq!(quotas.admit_at(street(1), Lane::Bulk, now), Err(Duration::from_secs(1)));
        assert_eq!(let_in(&quotas, 2, Lane::Normal, 50, now), 3);
        assert_eq!(let_in(&quotas, 1, Lane::Normal, 50, now + Duration::from_secs(1)), 1);
    }

    #[test]
    fn urgent_reports_have_their_own_share_and_what_is_left_of_the_other() {
        let (quotas, now) = (quotas(), Duration::from_secs(9));
        assert_eq!(let_in(&quotas, 1, Lane::Normal, 50, now), 3);
        assert_eq!(let_in(&quotas, 1, Lane::Urgent, 50, now), 2, "a storm does not take the reserve");
        assert_eq!(let_in(&quotas, 2, Lane::Urgent, 50, now), 5, "the hard cap");
    }
}
