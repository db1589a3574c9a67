//! Fairness at the door (D15, F16): a street that sends more than its share is answered 429, before its reports cost
//! anybody else a place in the queue. Urgent reports have a bucket of their own and, when that is empty, what is left
//! of the ordinary one: the two together are the hard abuse cap, and nothing else refuses them here.
//!
//! Buckets live in this process, which asks nobody before it answers. Where there is Redis, [`shared`] adds up what
//! all replicas let in.

pub mod shared;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
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

/// Which of a street's two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Share {
    /// All its reports.
    Ordinary,
    /// Reserved for urgent ones.
    Urgent,
}

/// What was let in of a street's share and not told to the other replicas yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// None: streets that are not there.
    pub street: Option<TenantId>,
    /// Of which share.
    pub share: Share,
    /// How many.
    pub reports: u32,
}

/// The buckets of all streets: one entry per street that sent something.
#[derive(Debug)]
pub struct Quotas {
    shares: Shares,
    start: Instant,
    /// Under no street: what was sent for streets that are not there.
    streets: Mutex<BTreeMap<Option<TenantId>, Street>>,
}

#[derive(Debug, Default)]
struct Street {
    ordinary: Counted,
    urgent: Counted,
}

/// A bucket, and what the replicas have of it in common.
#[derive(Debug, Default)]
struct Counted {
    bucket: Bucket,
    untold: u32,
    /// All replicas together were over: nothing before this instant.
    shut_until: Duration,
}

impl Share {
    const ALL: [Self; 2] = [Self::Ordinary, Self::Urgent];

    /// `ordinary`
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ordinary => "ordinary",
            Self::Urgent => "urgent",
        }
    }
}

impl Street {
    fn of(&mut self, share: Share) -> &mut Counted {
        match share {
            Share::Ordinary => &mut self.ordinary,
            Share::Urgent => &mut self.urgent,
        }
    }
}

impl Counted {
    fn take(&mut self, rate: Rate, now: Duration) -> Result<(), Duration> {
        if now < self.shut_until {
            return Err(self.shut_until - now);
        }
        rate.take(&mut self.bucket, now)?;
        self.untold = self.untold.saturating_add(1);
        Ok(())
    }
}

impl Quotas {
    /// All full.
    pub fn new(shares: Shares) -> Self {
        Self { shares, start: Instant::now(), streets: Mutex::default() }
    }

    /// Lets a report in, or says how long its street has to wait. Only a known street is named: an entry stays.
    pub fn admit(&self, street: Option<TenantId>, lane: Lane) -> Result<(), Duration> {
        self.admit_at(street, lane, self.start.elapsed())
    }

    fn admit_at(&self, street: Option<TenantId>, lane: Lane, now: Duration) -> Result<(), Duration> {
        let mut streets = self.locked();
        let of = streets.entry(street).or_default();
        if lane == Lane::Urgent && of.urgent.take(self.shares.urgent, now).is_ok() {
            return Ok(());
        }
        of.ordinary.take(self.shares.ordinary, now)
    }

    /// The rate of a share.
    pub fn rate(&self, share: Share) -> Rate {
        match share {
            Share::Ordinary => self.shares.ordinary,
            Share::Urgent => self.shares.urgent,
        }
    }

    /// Takes what was let in since the last time.
    pub fn taken(&self) -> Vec<Taken> {
        let mut taken = Vec::new();
        for (street, of) in self.locked().iter_mut() {
            for share in Share::ALL {
                let reports = std::mem::take(&mut of.of(share).untold);
                if reports > 0 {
                    taken.push(Taken { street: *street, share, reports });
                }
            }
        }
        taken
    }

    /// What was taken was told, and this long their streets have to wait.
    pub fn settle(&self, taken: &[Taken], waits: &[Duration]) {
        let now = self.start.elapsed();
        let mut streets = self.locked();
        for (Taken { street, share, .. }, wait) in taken.iter().zip(waits) {
            streets.entry(*street).or_default().of(*share).shut_until = now + *wait;
        }
    }

    /// Forgets a street that is removed.
    pub fn forget(&self, street: TenantId) {
        self.locked().remove(&Some(street));
    }

    /// Nothing panics while it is held.
    fn locked(&self) -> MutexGuard<'_, BTreeMap<Option<TenantId>, Street>> {
        self.streets.lock().unwrap_or_else(PoisonError::into_inner)
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
