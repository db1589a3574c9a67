//! Many rules, found by hash: equality on item and place first, conditions only of what is left.

use std::collections::{BTreeSet, HashMap};
use std::ops::ControlFlow;
use std::sync::Arc;

use foldhash::fast::FixedState;
use ids::TenantId;

use super::condition::{Condition, Unsound};
use super::conditions::Conditions;
use super::event::{Event, Field};
use super::rule::Rule;

/// A layer's rules, compiled once and read by many.
#[derive(Debug, Default)]
pub struct Rules {
    active: Table,
    shadow: Table,
}

/// What the rules say of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    /// None holds.
    Nothing,
    /// The first that holds.
    Rule(&'a Rule),
    /// One before any that holds could not be told; the word says why. The layer then decides nothing.
    Failed(&'a Rule, &'static str),
}

/// One rule that was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decision<'a> {
    /// The rule.
    pub rule: &'a Rule,
    /// Whether it holds, or why nobody can tell.
    pub holds: Result<bool, &'static str>,
    /// It holds too, in one rank with the one that decided and behind it, and names another lead.
    pub contends: bool,
}

#[derive(Debug, Default)]
struct Table {
    rules: Vec<Rule>,
    /// Of the rules, in their order: a rule is large and most that are tried do not hold, so what is tried stands close together.
    conditions: Vec<Arc<Condition>>,
    /// Of the rules that name an item.
    items: HashMap<Box<str>, Cells, FixedState>,
    /// Of the rules about every item.
    any_item: Cells,
}

/// Positions of rules by place.
#[derive(Debug, Default)]
struct Cells {
    any_place: Vec<u32>,
    /// What their conditions ask about.
    fields: BTreeSet<Field>,
    places: HashMap<TenantId, Positions, FixedState>,
}

/// Ascending, at least one. Where many items have rules for many places, most cells hold one.
#[derive(Debug)]
enum Positions {
    One(u32),
    More(Vec<u32>),
}

/// Of the item and of every item, each everywhere, in the street and in the community.
const CELLS: usize = 6;

impl Rules {
    /// Compiles them in order, or says which ones are unsound.
    pub fn compile(rules: impl IntoIterator<Item = Rule>) -> Result<Self, Vec<(Rule, Unsound)>> {
        let (conditions, mut compiled, mut unsound) = (Conditions::default(), Self::default(), Vec::new());
        for rule in rules {
            match conditions.compiled(&rule.when) {
                Ok(condition) => compiled.add(rule, condition),
                Err(problem) => unsound.push((rule, problem)),
            }
        }
        if unsound.is_empty() { Ok(compiled) } else { Err(unsound) }
    }

    /// Compiles them in order; one that is unsound can never be told, so that its layer decides nothing where it comes first.
    /// Rules are checked before they are published: this is for a reader older or newer than who checked them.
    pub fn tolerant(rules: impl IntoIterator<Item = Rule>, conditions: &Conditions) -> Self {
        let mut compiled = Self::default();
        for rule in rules {
            let condition = conditions.compiled(&rule.when);
            compiled.add(rule, condition.unwrap_or_else(|_| Arc::new(Condition::unsound())));
        }
        compiled
    }

    fn add(&mut self, rule: Rule, condition: Arc<Condition>) {
        let table = if rule.shadow { &mut self.shadow } else { &mut self.active };
        table.add(rule, condition);
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.active.rules.is_empty() && self.shadow.rules.is_empty()
    }

    /// Whether any could be about an item.
    pub fn concern(&self, item: &str) -> bool {
        self.active.concerns(item) || self.shadow.concerns(item)
    }

    /// Whether the condition of any rule that could be about an item asks about a field.
    pub fn ask(&self, item: &str, field: Field) -> bool {
        self.active.asks(item, field) || self.shadow.asks(item, field)
    }

    /// What they say of an event; shadow rules have no say.
    pub fn find(&self, event: &Event<'_>) -> Found<'_> {
        let (table, mut found) = (&self.active, Found::Nothing);
        let _ = table.walk(event, |position| match table.conditions[position].holds(event) {
            Ok(false) => ControlFlow::Continue(()),
            Ok(true) => {
                found = Found::Rule(&table.rules[position]);
                ControlFlow::Break(())
            }
            Err(word) => {
                found = Found::Failed(&table.rules[position], word);
                ControlFlow::Break(())
            }
        });
        found
    }

    /// Every rule that was tried for an event: in order up to the one that decided, then those of its rank that contend for the
    /// lead, then the shadow rules.
    pub fn tried(&self, event: &Event<'_>) -> Vec<Decision<'_>> {
        let mut tried = Vec::new();
        let mut decided: Option<&Rule> = None;
        let _ = self.active.walk(event, |position| {
            let (rule, condition) = self.active.at(position);
            if let Some(first) = decided {
                return contend(first, (rule, condition), event, &mut tried);
            }
            let holds = condition.holds(event);
            tried.push(Decision { rule, holds, contends: false });
            decided = Some(rule).filter(|rule| holds == Ok(true) && rule.then.lead.is_some());
            if holds == Ok(false) || decided.is_some() {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        });
        let _ = self.shadow.walk(event, |position| {
            let (rule, condition) = self.shadow.at(position);
            tried.push(Decision { rule, holds: condition.holds(event), contends: false });
            ControlFlow::Continue(())
        });
        tried
    }

    /// The rules that count, in order, with their conditions.
    pub(super) fn active(&self) -> impl Iterator<Item = (&Rule, &Condition)> {
        (0..self.active.rules.len()).map(|position| self.active.at(position))
    }

    /// Positions of the rules that share an item and a place with one, itself among them; ascending.
    pub(super) fn neighbours(&self, rule: &Rule) -> BTreeSet<usize> {
        let table = &self.active;
        if rule.items.is_empty() || rule.places.is_empty() {
            // Its cells are all there are of its items, or of its places.
            let meets = |other: &Rule| {
                meet(&rule.items, &other.items, |one, other| one == other)
                    && meet(&rule.places, &other.places, |one, other| lie_together(*one, *other))
            };
            return (0..table.rules.len()).filter(|position| meets(&table.rules[*position])).collect();
        }
        let cells =
            rule.items.iter().filter_map(|item| table.items.get(item.as_str())).chain([&table.any_item]);
        let near = |place: TenantId| rule.places.iter().any(|own| lie_together(*own, place));
        let positions = cells.flat_map(|cells| {
            let placed = cells.places.iter().filter(move |(place, _)| near(**place));
            cells.any_place.iter().chain(placed.flat_map(|(_, positions)| positions.as_slice()))
        });
        positions.map(|position| *position as usize).collect()
    }
}

/// Notes a rule behind the one that decided, as long as there are some of its rank. One that cannot be told takes nothing away:
/// who leads is decided.
fn contend<'a>(
    first: &Rule,
    (rule, condition): (&'a Rule, &Condition),
    event: &Event<'_>,
    tried: &mut Vec<Decision<'a>>,
) -> ControlFlow<()> {
    if rule.order != first.order {
        return ControlFlow::Break(());
    }
    let other = rule.then.lead.is_some() && rule.then.lead != first.then.lead;
    if other && condition.holds(event) == Ok(true) {
        tried.push(Decision { rule, holds: Ok(true), contends: true });
    }
    ControlFlow::Continue(())
}

fn meet<T>(left: &[T], right: &[T], together: impl Fn(&T, &T) -> bool) -> bool {
    left.is_empty()
        || right.is_empty()
        || left.iter().any(|one| right.iter().any(|other| together(one, other)))
}

/// Whether an event may lie in both: in the same, or in a community and its street.
fn lie_together(one: TenantId, other: TenantId) -> bool {
    one == other || street_of(one) == Some(other) || street_of(other) == Some(one)
}

/// The street that a community lies in; a street's own code.
pub(super) fn street_of(place: TenantId) -> Option<TenantId> {
    TenantId::from_i64(place.as_i64() / 1_000 * 1_000).ok()
}

impl Table {
    fn add(&mut self, rule: Rule, condition: Arc<Condition>) {
        let position = self.rules.len() as u32;
        if rule.items.is_empty() {
            self.any_item.add(&rule.places, position, condition.fields());
        }
        for item in rule.items.iter().collect::<BTreeSet<_>>() {
            self.items.entry(item.as_str().into()).or_default().add(
                &rule.places,
                position,
                condition.fields(),
            );
        }
        self.rules.push(rule);
        self.conditions.push(condition);
    }

    fn at(&self, position: usize) -> (&Rule, &Condition) {
        (&self.rules[position], &self.conditions[position])
    }

    fn concerns(&self, item: &str) -> bool {
        self.items.contains_key(item) || !self.any_item.is_empty()
    }

    fn asks(&self, item: &str, field: Field) -> bool {
        let of = [Some(&self.any_item), self.items.get(item)];
        of.into_iter().flatten().any(|cells| cells.fields.contains(&field))
    }

    /// Visits the positions of the rules of the event's cells, in the order they are written.
    fn walk(&self, event: &Event<'_>, mut visit: impl FnMut(usize) -> ControlFlow<()>) -> ControlFlow<()> {
        if self.rules.is_empty() {
            return ControlFlow::Continue(());
        }
        let mut rest = self.cells_of(event);
        loop {
            let heads = rest.iter().enumerate().filter_map(|(cell, rest)| Some((*rest.first()?, cell)));
            let Some((position, cell)) = heads.min() else { return ControlFlow::Continue(()) };
            rest[cell] = &rest[cell][1..];
            // A rule that names both the street and its community stands in two cells.
            for other in &mut rest {
                if other.first() == Some(&position) {
                    *other = &other[1..];
                }
            }
            visit(position as usize)?;
        }
    }

    fn cells_of(&self, event: &Event<'_>) -> [&[u32]; CELLS] {
        let mut cells: [&[u32]; CELLS] = [&[]; CELLS];
        for (half, of) in [Some(&self.any_item), self.items.get(event.item)].into_iter().enumerate() {
            let Some(of) = of else { continue };
            cells[half * 3] = &of.any_place;
            cells[half * 3 + 1] = of.at(event.street);
            cells[half * 3 + 2] = event.community.map_or(&[], |community| of.at(community));
        }
        cells
    }
}

impl Cells {
    fn add(&mut self, places: &[TenantId], position: u32, fields: &BTreeSet<Field>) {
        self.fields.extend(fields);
        if places.is_empty() {
            self.any_place.push(position);
        }
        for place in places.iter().collect::<BTreeSet<_>>() {
            let known = self.places.entry(*place);
            known.and_modify(|positions| positions.push(position)).or_insert(Positions::One(position));
        }
    }

    fn at(&self, place: TenantId) -> &[u32] {
        // Most items have rules for every place only: nothing is hashed for those.
        if self.places.is_empty() {
            return &[];
        }
        self.places.get(&place).map_or(&[], Positions::as_slice)
    }

    fn is_empty(&self) -> bool {
        self.any_place.is_empty() && self.places.is_empty()
    }
}

impl Positions {
    fn push(&mut self, position: u32) {
        match self {
            Self::One(first) => *self = Self::More(vec![*first, position]),
            Self::More(positions) => positions.push(position),
        }
    }

    fn as_slice(&self) -> &[u32] {
        match self {
            Self::One(position) => std::slice::from_ref(position),
            Self::More(positions) => positions,
        }
    }
}
