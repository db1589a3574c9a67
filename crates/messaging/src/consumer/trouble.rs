//! What a consumer remembers of its failures: whose fault is it, the message's or the world's? Pure.
//!
//! A message is at fault when others go through and it does not. Two different messages that fail alone, one after
//! the other, with nothing applied between them, point at us: a missing privilege, a broken statement. Then nobody
//! is counted and nobody is parked. Kept in memory: a restart counts anew, which only means more attempts.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use ids::TenantId;
use uuid::Uuid;

/// A message that fails alone is tried this often before it is parked (F15).
const ATTEMPTS_MAX: u32 = 5;
/// Failing messages remembered at most; beyond it all are forgotten, which only costs attempts.
const REMEMBERED_MAX: usize = 10_000;
/// Messages of one tenant that go back to the broker while they wait, at most.
const WAITING_OF_TENANT_MAX: usize = 64;
/// The same of all tenants. Far below what the broker lets a consumer have outstanding, so that waiting messages
/// never stop a lane.
const WAITING_MAX: usize = 1_024;

/// A pause that doubles: 0.5 s, 1 s, 2 s … 60 s.
pub(super) fn growing(attempts: u32) -> Duration {
    let doubled = Duration::from_millis(500).saturating_mul(1 << attempts.min(7));
    doubled.min(Duration::from_secs(60))
}

/// What to do with a message that failed alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Try it again after a pause.
    Again(Duration),
    /// It had its attempts.
    Park,
    /// Not only this one fails: try it again after a pause, and search no further for culprits.
    EverythingFails(Duration),
}

#[derive(Debug, Clone, Copy)]
struct Failed {
    counted: u32,
    /// How many batches had been applied when it failed last.
    applied: u64,
}

/// The memory.
#[derive(Debug, Default)]
pub(super) struct Troubles {
    failures: HashMap<Uuid, Failed>,
    /// Batches applied so far.
    applied: u64,
    /// The message that failed alone last, if nothing was applied since.
    last: Option<Uuid>,
    /// How often everything failed since something was applied.
    rounds: u32,
    waiting: HashMap<TenantId, HashSet<Uuid>>,
    noted: HashSet<TenantId>,
}

impl Troubles {
    /// A batch went through.
    pub(super) fn applied(&mut self) {
        self.applied += 1;
        self.last = None;
        self.rounds = 0;
    }

    /// A message failed alone, through nobody's refusal.
    pub(super) fn failed(&mut self, message: Uuid) -> Verdict {
        if self.failures.len() >= REMEMBERED_MAX {
            self.failures.clear();
        }
        let alone = self.last.replace(message).is_none_or(|last| last == message);
        let applied = self.applied;
        let record = self.failures.entry(message).or_insert(Failed { counted: 0, applied });
        if alone || record.applied != applied {
            record.counted += 1;
        }
        record.applied = applied;
        let counted = record.counted;
        if counted >= ATTEMPTS_MAX {
            self.failures.remove(&message);
            self.last = None;
            return Verdict::Park;
        }
        if alone {
            return Verdict::Again(growing(counted - 1));
        }
        self.rounds += 1;
        Verdict::EverythingFails(growing(self.rounds - 1))
    }

    /// Whether one more message of a tenant may wait at the broker.
    pub(super) fn may_wait(&mut self, tenant: TenantId, message: Uuid) -> bool {
        let all: usize = self.waiting.values().map(HashSet::len).sum();
        let of_tenant = self.waiting.entry(tenant).or_default();
        if of_tenant.contains(&message) {
            return true;
        }
        let room = of_tenant.len() < WAITING_OF_TENANT_MAX && all < WAITING_MAX;
        if room {
            of_tenant.insert(message);
        }
        room
    }

    /// A message went through that may have waited. `message` is only asked where any does.
    pub(super) fn done(&mut self, tenant: TenantId, message: impl FnOnce() -> Uuid) {
        let Some(of_tenant) = self.waiting.get_mut(&tenant) else { return };
        of_tenant.remove(&message());
        if of_tenant.is_empty() {
            self.waiting.remove(&tenant);
        }
    }

    /// Whether a tenant is to be named in the log: once until [`Troubles::minute`].
    pub(super) fn note(&mut self, tenant: TenantId) -> bool {
        self.noted.insert(tenant)
    }

    /// A minute has passed. What still waits at the broker comes again within one, and is counted anew; what went to another
    /// replica, or nowhere, is not counted for ever.
    pub(super) fn minute(&mut self) {
        self.noted.clear();
        self.waiting.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: Uuid = Uuid::from_u128(1);
    const B: Uuid = Uuid::from_u128(2);

    #[test]
    fn one_culprit_is_parked_after_five_attempts_with_growing_pauses() {
        let mut troubles = Troubles::default();
        let verdicts: Vec<_> = (0..5).map(|_| troubles.failed(A)).collect();
        let again = |ms| Verdict::Again(Duration::from_millis(ms));
        assert_eq!(verdicts, [again(500), again(1_000), again(2_000), again(4_000), Verdict::Park]);
    }

    #[test]
    fn when_everything_fails_nobody_is_parked() {
        let mut troubles = Troubles::default();
        for round in 0..50 {
            assert_ne!(troubles.failed(A), Verdict::Park, "round {round}");
            assert_ne!(troubles.failed(B), Verdict::Park, "round {round}");
        }
        assert!(matches!(troubles.failed(A), Verdict::EverythingFails(pause) if pause.as_secs() == 60));
    }

    #[test]
    fn two_culprits_side_by_side_are_parked_while_others_go_through() {
        let mut troubles = Troubles::default();
        let mut parked = 0;
        // The second one's first failure says nothing yet: it came right after another's.
        for _ in 0..6 {
            for message in [A, B].into_iter().skip(parked) {
                parked += usize::from(troubles.failed(message) == Verdict::Park);
            }
            troubles.applied();
        }
        assert_eq!(parked, 2);
    }

    #[test]
    fn one_street_waits_with_few_messages_and_all_streets_with_a_bound() {
        let mut troubles = Troubles::default();
        let street = |n: i64| TenantId::from_i64(990_102_000_000 + n * 1000).unwrap();
        let mut waits = |street_n: i64, messages: u128| {
            let ids = (0..messages).map(|n| Uuid::from_u128((street_n as u128) << 64 | n));
            ids.filter(|id| troubles.may_wait(street(street_n), *id)).count()
        };
        assert_eq!(waits(1, 1_000), WAITING_OF_TENANT_MAX);
        assert_eq!(waits(1, 1_000), WAITING_OF_TENANT_MAX, "the same ones may go on waiting");
        let others: usize = (2..100).map(|n| waits(n, 1_000)).sum();
        assert_eq!(others, WAITING_MAX - WAITING_OF_TENANT_MAX);
        let first = Uuid::from_u128(1 << 64);
        troubles.done(street(1), || A);
        assert!(!troubles.may_wait(street(1), B), "another one of the street went through");
        troubles.done(street(1), || first);
        assert!(troubles.may_wait(street(200), A), "one that waited went through, and leaves its place");
        troubles.minute();
        assert!(troubles.may_wait(street(1), B));
    }
}
