//! What has its position already, as far as this process remembers. What a line follows from was mostly placed a moment
//! ago, and a position is for ever: what is remembered stays true, what is not is looked up.

use std::collections::HashSet;

use contract::EventType;
use uuid::Uuid;

/// Facts of one generation; the older of two is forgotten when the younger is full.
const REMEMBERED_MAX: usize = 16_384;

/// That a line with these traits has its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Fact {
    pub tenant_id: i64,
    pub aggregate_id: Uuid,
    pub what: What,
}

/// By what others follow from a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum What {
    /// The publisher's n-th word on the aggregate; two publishers may have an aggregate of one id: a case.
    Version(&'static str, i64),
    /// An event of this type, for those that name it as their cause and no version of it.
    Event(EventType),
}

/// The memory.
#[derive(Debug, Default)]
pub(crate) struct Placed {
    young: HashSet<Fact>,
    old: HashSet<Fact>,
}

impl Placed {
    /// Whether a line with these traits is known to have its position.
    pub(crate) fn holds(&self, fact: &Fact) -> bool {
        self.young.contains(fact) || self.old.contains(fact)
    }

    /// Keeps facts, once they are committed.
    pub(crate) fn remember(&mut self, facts: impl IntoIterator<Item = Fact>) {
        for fact in facts {
            if self.young.len() >= REMEMBERED_MAX {
                self.old = std::mem::take(&mut self.young);
            }
            self.young.insert(fact);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_youngest_facts_are_remembered_and_memory_is_bounded() {
        let fact = |n: usize| Fact {
            tenant_id: 1,
            aggregate_id: Uuid::from_u128(n as u128),
            what: What::Version("triage", 1),
        };
        let mut placed = Placed::default();
        let all = 5 * REMEMBERED_MAX;
        placed.remember((0..all).map(fact));
        assert!((all - REMEMBERED_MAX..all).all(|n| placed.holds(&fact(n))));
        assert!(!placed.holds(&fact(0)));
        assert!(!placed.holds(&Fact { what: What::Version("dispatch", 1), ..fact(all - 1) }));
        assert!(placed.young.len() + placed.old.len() <= 2 * REMEMBERED_MAX);
    }
}
