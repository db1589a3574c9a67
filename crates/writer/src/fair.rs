//! A queue that serves streets in turn: a street that sends a thousand times as much waits behind itself.
//!
//! Turns of one report each, which is deficit round robin (Shreedhar and Varghese, SIGCOMM 1995) for items that all
//! cost the same; who has to leave a full queue is the newest of the longest line (McKenney, stochastic fairness
//! queueing, INFOCOM 1990).

use std::collections::{BTreeMap, VecDeque};

use ids::TenantId;

/// Lines of streets, and whose turn it is.
#[derive(Debug)]
pub struct Fair<T> {
    /// None of them empty.
    lines: BTreeMap<TenantId, VecDeque<T>>,
    turns: VecDeque<TenantId>,
    len: usize,
}

impl<T> Default for Fair<T> {
    fn default() -> Self {
        Self { lines: BTreeMap::new(), turns: VecDeque::new(), len: 0 }
    }
}

impl<T> Fair<T> {
    /// How many wait.
    pub fn len(&self) -> usize {
        self.len
    }

    /// At the end of its street's line.
    pub fn push(&mut self, street: TenantId, item: T) {
        let line = self.lines.entry(street).or_default();
        if line.is_empty() {
            self.turns.push_back(street);
        }
        line.push_back(item);
        self.len += 1;
    }

    /// The first of the street whose turn it is.
    pub fn pop(&mut self) -> Option<T> {
        let street = self.turns.pop_front()?;
        let line = self.lines.get_mut(&street)?;
        let item = line.pop_front()?;
        if line.is_empty() {
            self.lines.remove(&street);
        } else {
            self.turns.push_back(street);
        }
        self.len -= 1;
        Some(item)
    }

    /// Makes room for one more of `street`: the newest of the longest line, if that is longer than the street's own
    /// will be.
    pub fn displace(&mut self, street: TenantId) -> Option<T> {
        let own = self.lines.get(&street).map_or(0, VecDeque::len);
        let longest = self.lines.values().map(VecDeque::len).max()?;
        if longest > own + 1 { self.leave() } else { None }
    }

    /// Makes room: the newest of the longest line.
    pub fn leave(&mut self) -> Option<T> {
        let (&street, line) = self.lines.iter_mut().max_by_key(|(_, line)| line.len())?;
        let item = line.pop_back()?;
        if line.is_empty() {
            self.lines.remove(&street);
            self.turns.retain(|turn| *turn != street);
        }
        self.len -= 1;
        Some(item)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn street(n: u8) -> TenantId {
        TenantId::from_i64(990_102_000_000 + i64::from(n) * 1_000).unwrap()
    }

    fn all(mut queue: Fair<(u8, usize)>) -> Vec<(u8, usize)> {
        std::iter::from_fn(|| queue.pop()).collect()
    }

    #[test]
    fn a_storm_waits_behind_itself() {
        let mut queue = Fair::default();
        (0..1_000).for_each(|n| queue.push(street(1), (1, n)));
        queue.push(street(2), (2, 0));
        queue.push(street(3), (3, 0));
        assert_eq!(all(queue)[..4], [(1, 0), (2, 0), (3, 0), (1, 1)]);
    }

    #[test]
    fn a_full_queue_has_room_for_whoever_has_less() {
        let mut queue = Fair::default();
        (0..3).for_each(|n| queue.push(street(1), (1, n)));
        assert_eq!(queue.displace(street(1)), None, "its own line is the longest");
        assert_eq!(queue.displace(street(2)), Some((1, 2)), "the newest");
        queue.push(street(2), (2, 0));
        assert_eq!(queue.displace(street(2)), None, "it has as much now");
        assert_eq!(all(queue), [(1, 0), (2, 0), (1, 1)]);
    }

    #[test]
    fn whoever_leaves_last_leaves_no_empty_line() {
        let mut queue = Fair::default();
        [(1, 0), (2, 0), (2, 1)].into_iter().for_each(|(of, n)| queue.push(street(of), (of, n)));
        assert_eq!(queue.leave(), Some((2, 1)));
        let mut rest = [queue.leave(), queue.leave()];
        rest.sort();
        assert_eq!((rest, queue.leave(), queue.len()), ([Some((1, 0)), Some((2, 0))], None, 0));
        queue.push(street(1), (1, 9));
        assert_eq!(all(queue), [(1, 9)]);
    }

    proptest! {
        /// Whoever comes when: each in order within its street, nobody lost, and no street twice while another waits.
        #[test]
        fn in_turns_and_in_order(sent in prop::collection::vec(0u8..5, 0..200)) {
            let mut queue = Fair::default();
            sent.iter().enumerate().for_each(|(n, of)| queue.push(street(*of), (*of, n)));
            prop_assert_eq!(queue.len(), sent.len());
            let served = all(queue);
            for of in 0..5 {
                let own: Vec<usize> = served.iter().filter(|(by, _)| *by == of).map(|(_, n)| *n).collect();
                let expected: Vec<usize> = (0..sent.len()).filter(|n| sent[*n] == of).collect();
                prop_assert_eq!(own, expected);
            }
            for (at, pair) in served.windows(2).enumerate() {
                let others_wait = served[at + 1..].iter().any(|(by, _)| *by != pair[0].0);
                prop_assert!(pair[0].0 != pair[1].0 || !others_wait);
            }
        }
    }
}
