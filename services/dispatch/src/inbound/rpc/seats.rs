//! Places of those who watch. One subject has a share of them, and a place is free again when its time is over, even
//! if its reader has stopped reading and its stream is not asked any more.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// Watchers of one process at once.
const SEATS_MAX: usize = 1_024;
/// Of these, one subject's.
const OF_ONE_MAX: usize = 32;

/// All of a process. Cloning shares them.
#[derive(Debug, Clone, Default)]
pub(super) struct Seats(Arc<Mutex<Taken>>);

#[derive(Debug, Default)]
struct Taken {
    next: u64,
    seats: BTreeMap<u64, (String, Instant)>,
}

/// One of them. Dropping it gives it back.
#[derive(Debug)]
pub(super) struct Seat {
    of: Seats,
    n: u64,
}

impl Seats {
    /// A seat for so long, if there is one for this subject.
    pub(super) fn take(&self, subject: &str, lasting: Duration) -> Option<Seat> {
        let now = Instant::now();
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.seats.retain(|_, (_, over)| *over > now);
        let own = taken.seats.values().filter(|(of, _)| of == subject).count();
        if taken.seats.len() >= SEATS_MAX || own >= OF_ONE_MAX {
            return None;
        }
        let n = taken.next;
        taken.next += 1;
        taken.seats.insert(n, (subject.to_owned(), now + lasting));
        Some(Seat { of: self.clone(), n })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.of.0.lock().unwrap_or_else(PoisonError::into_inner).seats.remove(&self.n);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(900);

    #[test]
    fn a_subject_has_its_share_and_the_process_its_bound() {
        let seats = Seats::default();
        let mut own: Vec<Option<Seat>> = (0..=OF_ONE_MAX).map(|_| seats.take("transport", LONG)).collect();
        assert!(own.pop().flatten().is_none() && own.iter().all(Option::is_some));
        let others = (0..SEATS_MAX).filter_map(|n| seats.take(&(n / OF_ONE_MAX).to_string(), LONG));
        let others: Vec<Seat> = others.collect();
        assert_eq!(others.len(), SEATS_MAX - OF_ONE_MAX);
        drop(own.pop());
        assert!(seats.take("transport", LONG).is_some(), "there is one again");
    }

    #[test]
    fn a_seat_whose_time_is_over_is_free_although_it_was_not_given_back() {
        let seats = Seats::default();
        let stuck: Vec<Option<Seat>> =
            (0..OF_ONE_MAX).map(|_| seats.take("transport", Duration::ZERO)).collect();
        assert!(seats.take("transport", LONG).is_some());
        drop(stuck);
    }
}
