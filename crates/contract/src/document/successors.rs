//! Bodies merge, split and are renamed: who takes a body's new cases from a day on. Pure.
//!
//! Old orders keep the body they were given to; a reader that shows them says who has taken its place.

use std::collections::{BTreeMap, BTreeSet};

use ids::BodyKey;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::check::{Faults, Problem};
use super::core::DistrictCore;

/// What becomes of a body.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Succession {
    /// The first day on which it gets no new cases.
    pub from: Date,
    /// Who gets them. One of them names no items: it takes all that no other one does.
    pub to: Vec<Successor>,
}

/// One of those that take a body's place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Successor {
    /// Its key.
    pub body: BodyKey,
    /// The items it takes; empty: all that no other successor takes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<String>,
}

/// Successions by the key of the body that is succeeded.
pub type Successors = BTreeMap<BodyKey, Succession>;

/// The body that has taken the place of `key` on a day, for an item or, without one, as a whole. The key itself where
/// nobody has. Successions follow each other; one that turns in a circle, which apply refuses, ends where it began.
pub fn in_place_of<'a>(
    successors: &'a Successors,
    key: &'a BodyKey,
    item: Option<&str>,
    on: Date,
) -> &'a BodyKey {
    let mut now = key;
    for _ in 0..=successors.len() {
        match successors.get(now).filter(|succession| succession.from <= on).and_then(|s| s.heir(item)) {
            Some(heir) => now = heir,
            None => return now,
        }
    }
    key
}

impl Succession {
    fn heir(&self, item: Option<&str>) -> Option<&BodyKey> {
        let named =
            self.to.iter().find(|heir| item.is_some_and(|item| heir.items.iter().any(|own| own == item)));
        named.or_else(|| self.to.iter().find(|heir| heir.items.is_empty())).map(|heir| &heir.body)
    }
}

/// Everything wrong with a district's successions.
pub(super) fn check(faults: &mut Faults, core: &DistrictCore) {
    for (key, succession) in &core.successors {
        let path = format!("successors.{key}");
        let Some(old) = core.bodies.get(key) else {
            faults.add(&path, Problem::UnknownBody(key.clone()));
            continue;
        };
        let rest = succession.to.iter().filter(|heir| heir.items.is_empty()).count();
        faults.unless(rest == 1, format!("{path}.to"), || Problem::OneHeir);
        let mut taken = BTreeSet::new();
        for (position, heir) in succession.to.iter().enumerate() {
            let path = format!("{path}.to.{position}");
            match core.bodies.get(&heir.body) {
                None => faults.add(format!("{path}.body"), Problem::UnknownBody(heir.body.clone())),
                Some(new) => {
                    let fine = new.level == old.level;
                    faults.unless(fine, format!("{path}.body"), || Problem::HeirLevel);
                    let leads = new.can_lead || !old.can_lead;
                    faults.unless(leads, format!("{path}.body"), || Problem::CannotLead(heir.body.clone()));
                }
            }
            for (at, item) in heir.items.iter().enumerate() {
                let path = format!("{path}.items.{at}");
                let known = core.items.contains_key(item);
                faults.unless(known, &path, || Problem::UnknownItem(item.clone()));
                faults.unless(taken.insert(item), &path, || Problem::RepeatedItem(item.clone()));
            }
        }
        faults.unless(!circular(&core.successors, key), &path, || Problem::SuccessionCircle(key.clone()));
    }
}

/// Whether a body would, over all days and items, come to take its own place.
fn circular(successors: &Successors, key: &BodyKey) -> bool {
    let mut seen = BTreeSet::new();
    let mut ahead = vec![key];
    while let Some(next) = ahead.pop() {
        for heir in successors.get(next).into_iter().flat_map(|succession| &succession.to) {
            if heir.body == *key {
                return true;
            }
            if seen.insert(&heir.body) {
                ahead.push(&heir.body);
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> BodyKey {
        text.parse().unwrap()
    }

    fn succession(from: &str, to: &[(&str, &[&str])]) -> Succession {
        let heir = |(body, items): &(&str, &[&str])| Successor {
            body: key(body),
            items: items.iter().map(|item| (*item).to_owned()).collect(),
        };
        Succession { from: from.parse().unwrap(), to: to.iter().map(heir).collect() }
    }

    fn check(successors: &Successors, of: &str, item: Option<&str>, on: &str) -> String {
        in_place_of(successors, &key(of), item, on.parse().unwrap()).to_string()
    }

    /// a becomes b, which is divided later.
    #[test]
    fn successions_follow_each_other_by_day_and_item() {
        let successors = [
            (key("a"), succession("2026-03-01", &[("b", &[])])),
            (key("b"), succession("2026-09-01", &[("c", &[]), ("d", &["TRA-01"])])),
        ]
        .into();
        for (item, on, expected) in [
            (None, "2026-02-28", "a"),
            (None, "2026-03-01", "b"),
            (Some("TRA-01"), "2026-08-31", "b"),
            (Some("TRA-01"), "2026-09-01", "d"),
            (Some("TRA-02"), "2026-09-01", "c"),
            (None, "2026-09-01", "c"),
        ] {
            assert_eq!(check(&successors, "a", item, on), expected, "{item:?} {on}");
        }
        assert_eq!(check(&successors, "z", None, "2030-01-01"), "z");
    }

    #[test]
    fn a_circle_ends_where_it_began() {
        let successors: Successors = [
            (key("a"), succession("2026-03-01", &[("b", &[])])),
            (key("b"), succession("2026-09-01", &[("a", &[])])),
            (key("c"), succession("2026-09-01", &[("a", &[])])),
        ]
        .into();
        assert_eq!(check(&successors, "a", None, "2026-12-01"), "a");
        assert_eq!(["a", "b", "c"].map(|of| circular(&successors, &key(of))), [true, true, false]);
    }
}
