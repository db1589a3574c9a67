//! Fairness at the door (D15, F16): a street that sends more than its share is answered 429, before its reports cost
//! anybody else a place in the queue. Urgent reports have a bucket of their own and, when that is empty, what is left
//! of the ordinary one: the two together are the hard abuse cap, and nothing else refuses them here. What comes within a
//! street's share and ahead of its rate is let in, and travels in the lane for what can wait (ADR 072).
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
    /// The most that a street's manifest may allow it, in place of `ordinary`.
    pub most: Rate,
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
    /// The rate of the share.
    pub rate: Rate,
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
    /// What its manifest said when it last sent something.
    own: Option<Rate>,
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

    /// Lets a report in and says in which lane it travels, or how long its street has to wait. Only a known street is named: an
    /// entry stays. `own` is what its manifest asks for; it counts within the installation's bounds.
    pub fn admit(&self, street: Option<TenantId>, lane: Lane, own: Option<Rate>) -> Result<Lane, Duration> {
        self.admit_at(street, lane, own, self.start.elapsed())
    }

    fn admit_at(
        &self,
        street: Option<TenantId>,
        lane: Lane,
        own: Option<Rate>,
        now: Duration,
    ) -> Result<Lane, Duration> {
        let mut streets = self.locked();
        let of = streets.entry(street).or_default();
        of.own = own.map(|own| own.within(self.shares.most));
        if lane == Lane::Urgent && of.urgent.take(self.shares.urgent, now).is_ok() {
            return Ok(lane);
        }
        let ordinary = of.own.unwrap_or(self.shares.ordinary);
        of.ordinary.take(ordinary, now)?;
        // What a street sends at once is let in and stands behind what others send at their pace (D15).
        let behind = lane == Lane::Normal && ordinary.ahead(&of.ordinary.bucket, now);
        Ok(if behind { Lane::Bulk } else { lane })
    }

    /// Takes what was let in since the last time.
    pub fn taken(&self) -> Vec<Taken> {
        let mut taken = Vec::new();
        for (street, of) in self.locked().iter_mut() {
            for share in Share::ALL {
                let reports = std::mem::take(&mut of.of(share).untold);
                let rate = match share {
                    Share::Ordinary => of.own.unwrap_or(self.shares.ordinary),
                    Share::Urgent => self.shares.urgent,
                };
                if reports > 0 {
                    taken.push(Taken { street: *street, share, reports, rate });
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
        Quotas::new(Shares { ordinary: rate(3), urgent: rate(2), most: rate(5) })
    }

    fn street(n: i64) -> Option<TenantId> {
        Some(TenantId::from_i64(990_102_000_000 + n * 1_000).unwrap())
    }

    /// How many of `sent` are let in at an instant.
    fn let_in(quotas: &Quotas, n: i64, lane: Lane, sent: usize, now: Duration) -> usize {
        (0..sent).filter(|_| quotas.admit_at(street(n), lane, None, now).is_ok()).count()
    }

    #[test]
    fn a_street_over_its_share_waits_and_the_others_do_not() {
        let (quotas, now) = (quotas(), Duration::from_secs(9));
        assert_eq!(let_in(&quotas, 1, Lane::Normal, 50, now), 3);
        assert_eq!(quotas.admit_at(street(1), Lane::Bulk, None, now), Err(Duration::from_secs(1)));
        assert_eq!(let_in(&quotas, 2, Lane::Normal, 50, now), 3);
        assert_eq!(let_in(&quotas, 1, Lane::Normal, 50, now + Duration::from_secs(1)), 1);
    }

    /// The others do not stand behind what one street sends at once, and danger stands behind nothing.
    #[test]
    fn what_is_ahead_of_the_rate_can_wait() {
        let rate = Rate::of(3_000);
        let quotas =
            Quotas::new(Shares { ordinary: rate, urgent: Rate { per_minute: 60, burst: 1 }, most: rate });
        let now = Duration::from_secs(9);
        let lanes = |n, lane, sent: usize| {
            let admitted = (0..sent).map(|_| quotas.admit_at(street(n), lane, None, now));
            let lanes: Vec<Lane> = admitted.map_while(Result::ok).collect();
            Lane::ALL.map(|lane| lanes.iter().filter(|known| **known == lane).count())
        };
        assert_eq!(lanes(1, Lane::Normal, 1_000), [0, 50, 450]);
        assert_eq!(lanes(1, Lane::Urgent, 10), [1, 0, 0], "its own share; the other one is empty");
        assert_eq!(lanes(2, Lane::Normal, 20), [0, 20, 0], "another street at the same instant");
        assert_eq!(lanes(3, Lane::Urgent, 100), [100, 0, 0], "ahead or not");
        assert_eq!(lanes(4, Lane::Bulk, 20), [0, 0, 20]);
    }

    /// One at once, and more than the installation allows.
    #[test]
    fn a_street_s_own_share_counts_within_the_bounds() {
        let (quotas, now) = (quotas(), Duration::from_secs(9));
        let let_in = |n, own: Rate| {
            (0..50).filter(|_| quotas.admit_at(street(n), Lane::Normal, Some(own), now).is_ok()).count()
        };
        assert_eq!(let_in(1, Rate { per_minute: 60, burst: 1 }), 1);
        assert_eq!(let_in(2, Rate { per_minute: 6_000, burst: 1_000 }), 5);
        let rates: Vec<Rate> = quotas.taken().into_iter().map(|taken| taken.rate).collect();
        assert_eq!(rates, [Rate { per_minute: 60, burst: 1 }, Rate { per_minute: 60, burst: 5 }]);
    }

    #[test]
    fn urgent_reports_have_their_own_share_and_what_is_left_of_the_other() {
        let (quotas, now) = (quotas(), Duration::from_secs(9));
        assert_eq!(let_in(&quotas, 1, Lane::Normal, 50, now), 3);
        assert_eq!(let_in(&quotas, 1, Lane::Urgent, 50, now), 2, "a storm does not take the reserve");
        assert_eq!(let_in(&quotas, 2, Lane::Urgent, 50, now), 5, "the hard cap");
    }
}
