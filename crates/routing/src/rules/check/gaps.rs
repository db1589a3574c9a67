//! What rules that divide an item among them leave out.

use std::collections::{BTreeMap, BTreeSet};

use ids::TenantId;

use super::super::condition::Condition;
use super::super::event::{Event, Field};
use super::super::rule::Rule;
use super::samples::Samples;
use super::{Checked, Example, Kind, NEIGHBOURS_MAX};

impl Checked<'_> {
    /// Items that several conditional rules divide among them, everywhere or at some places, with something left out that no other
    /// rule takes there.
    pub(super) fn gaps(&mut self) {
        let mut by_item: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (position, (rule, _)) in self.all.iter().enumerate() {
            rule.items.iter().for_each(|item| by_item.entry(item).or_default().push(position));
        }
        let wide: Vec<usize> =
            (0..self.all.len()).filter(|position| self.all[*position].0.items.is_empty()).collect();
        for (item, positions) in by_item {
            // Everywhere, and once for each set of places that rules of the item are about.
            let places = |position: &usize| self.all[*position].0.places.iter().copied().collect();
            let scopes: BTreeSet<BTreeSet<TenantId>> = positions.iter().map(places).collect();
            for scope in scopes {
                if self.done() {
                    return;
                }
                self.gap(item, &positions, &wide, scope.into_iter().collect());
            }
        }
    }

    fn gap(&mut self, item: &str, positions: &[usize], wide: &[usize], scope: Vec<TenantId>) {
        let about = Rule { items: vec![item.to_owned()], places: scope, ..self.all[positions[0]].0.clone() };
        let dividing: Vec<usize> =
            positions.iter().copied().filter(|position| self.all[*position].0.takes_in(&about)).collect();
        if !self.divide(&dividing) {
            return;
        }
        let others = positions.iter().chain(wide).copied().filter(|position| !dividing.contains(position));
        let all: Vec<usize> = dividing.iter().copied().chain(others).collect();
        if all.len() > NEIGHBOURS_MAX {
            self.crowded.extend(dividing.iter().map(|position| self.all[*position].0.key.clone()));
            return;
        }
        let conditions: Vec<&Condition> = all.iter().map(|position| self.all[*position].1).collect();
        let rules: Vec<&Rule> = all.iter().map(|position| self.all[*position].0).chain([&about]).collect();
        let left = |position: &usize, event: &Event<'_>| {
            !self.all[*position].0.covers(event) || self.all[*position].1.holds(event) == Ok(false)
        };
        let (mut left_out, mut events) = (None, 0);
        let samples = Samples::of(&about, &rules, &conditions, self.world);
        samples.each(|event| {
            events += 1;
            if all.iter().all(|position| left(position, event)) {
                left_out = Some(Example::of(event, self.world));
            }
            left_out.is_none()
        });
        self.effort.spend(events * conditions.iter().map(|condition| condition.cost()).sum::<usize>());
        let Some(example) = left_out else {
            if !samples.exhaustive() && conditions.iter().all(|condition| condition.plain()) {
                self.wide.extend(dividing.iter().map(|position| self.all[*position].0.key.clone()));
            }
            return;
        };
        let dividing: Vec<&Rule> = dividing.iter().map(|position| self.all[*position].0).collect();
        let keys = dividing.iter().map(|rule| rule.key.as_str()).collect::<Vec<_>>();
        let zh = format!("事项{item}由规则{}分担，尚有情形无规则适用，按责任清单办理", keys.join("、"));
        let en = format!("rules {} divide item {item} and leave something to the list", keys.join(", "));
        self.find(Kind::Gap, &dividing, Some(example), zh, en);
    }

    /// Whether rules divide something: at least two, each with a condition, on a field they share.
    fn divide(&self, positions: &[usize]) -> bool {
        if positions.len() < 2 || positions.iter().any(|position| self.all[*position].1.always()) {
            return false;
        }
        let mut shared: BTreeSet<Field> = self.all[positions[0]].1.fields().clone();
        positions.iter().for_each(|position| {
            let fields = self.all[*position].1.fields();
            shared.retain(|field| fields.contains(field));
        });
        !shared.is_empty()
    }
}
