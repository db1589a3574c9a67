//! What is wrong with a set of rules before it decides anything: dead and shadowed rules, overlaps, gaps, leads without night duty.
//!
//! What holds, or is left out, is shown by a made-up event. Events are made from the constants of the conditions: on either side of
//! each, every condition that only compares has all the answers it can have ([`samples`]), so what is said of such rules is so.
//! Where texts are searched or numbers computed, or there are more combinations than [`samples::COMBINATIONS_MAX`], a found example
//! is still true, but nothing is concluded from finding none; where that is for want of time, it is said.

mod example;
mod gaps;
mod nights;
mod samples;
mod unfinished;

use std::collections::{BTreeMap, BTreeSet};

use ids::{BodyKey, TenantId};
use serde::Serialize;

use super::condition::{Condition, Constant, ConstantValue};
use super::event::{Event, Field};
use super::rule::{Layer, Rule, Then};
use super::table::{Rules, street_of};

pub use self::example::Example;
pub use self::nights::sleeping_leads;
use self::samples::Samples;

/// Earlier rules of the same item and place that one rule is held against, the nearest first.
const NEIGHBOURS_MAX: usize = 64;

/// Comparisons made for one thorough check at most: some seconds of work. Rules that are left then are not looked at, and that is
/// said.
const COMPARISONS_MAX: usize = 30_000_000;
/// Findings of one check at most.
const FINDINGS_MAX: usize = 200;

/// What rules are held against.
#[derive(Debug, Clone, Default)]
pub struct World {
    /// The items of the list by code.
    pub items: BTreeMap<String, ListedItem>,
    /// A street to make events for, and its communities.
    pub street: Option<TenantId>,
    /// Communities of it.
    pub communities: Vec<TenantId>,
    /// Bodies with night duty.
    pub awake: BTreeSet<BodyKey>,
    /// Policies that a rule may name, by key, and whether their limits count day and night.
    pub policies: BTreeMap<String, bool>,
    /// Features of the street's further layers, as conditions call them; nothing where it is not known what is drawn.
    pub features: Option<BTreeSet<String>>,
}

/// What matters of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedItem {
    /// Its category.
    pub category: String,
    /// Who leads.
    pub lead: BodyKey,
    /// Its limits count day and night.
    pub day_and_night: bool,
}

/// Something to look at. None of it keeps rules from being published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is.
    pub kind: Kind,
    /// Whose rules.
    pub layer: Layer,
    /// Keys of the rules, the first one is the one to look at.
    pub rules: Vec<String>,
    /// An event that shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub example: Option<Example>,
    /// In Chinese.
    pub zh: String,
    /// In English.
    pub en: String,
}

/// What a finding is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Its condition never holds.
    Dead,
    /// Whenever it holds, an earlier one does.
    Shadowed,
    /// Two hold at once and say different things, and neither is the special case of the other.
    Overlap,
    /// Rules divide an item among them and leave something out.
    Gap,
    /// An item that counts day and night is led by a body without night duty (D34).
    NightHolder,
    /// It names an item the list does not have.
    UnknownItem,
    /// It asks for a feature of a layer that the street has not drawn.
    UnknownFeature,
    /// Not everything was looked at: there are too many rules, or these meet too many others, or have too many combinations.
    Unfinished,
}

impl Kind {
    /// As written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Dead => "dead",
            Kind::Shadowed => "shadowed",
            Kind::Overlap => "overlap",
            Kind::Gap => "gap",
            Kind::NightHolder => "night-holder",
            Kind::UnknownItem => "unknown-item",
            Kind::UnknownFeature => "unknown-feature",
            Kind::Unfinished => "unfinished",
        }
    }
}

/// How much work one look may be: nobody waits for ever, and what was not looked at is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Effort {
    /// Comparisons that are left.
    left: usize,
}

impl Effort {
    /// For whoever asks what is to be found: some seconds of one core.
    pub const fn thorough() -> Self {
        Self { left: COMPARISONS_MAX }
    }

    /// For whoever publishes, and gets the answer with it: at most a second or so.
    pub const fn brief() -> Self {
        Self { left: COMPARISONS_MAX / 10 }
    }

    const fn spend(&mut self, comparisons: usize) {
        self.left = self.left.saturating_sub(comparisons);
    }
}

/// Everything to look at in a layer's rules. `effort` goes down as it is looked for; `progress` hears after each rule how many are
/// done.
pub fn check(
    rules: &Rules,
    layer: Layer,
    world: &World,
    effort: &mut Effort,
    mut progress: impl FnMut(usize),
) -> Vec<Finding> {
    let all: Vec<(&Rule, &Condition)> = rules.active().collect();
    let mut checked = Checked {
        layer,
        world,
        all: &all,
        findings: Vec::new(),
        effort,
        crowded: BTreeSet::new(),
        wide: BTreeSet::new(),
    };
    for (position, (rule, _)) in all.iter().copied().enumerate() {
        if checked.done() {
            checked.stopped_at(rule);
            break;
        }
        let neighbours = rules.neighbours(rule);
        checked.rule(position, &neighbours);
        progress(position + 1);
    }
    checked.gaps();
    checked.nights();
    checked.undecided();
    checked.findings
}

struct Checked<'a> {
    layer: Layer,
    world: &'a World,
    all: &'a [(&'a Rule, &'a Condition)],
    findings: Vec<Finding>,
    effort: &'a mut Effort,
    /// Keys of rules that meet more earlier ones than they were held against.
    crowded: BTreeSet<String>,
    /// Keys of rules with more combinations than were tried, of which nothing is known therefore.
    wide: BTreeSet<String>,
}

impl Checked<'_> {
    fn done(&self) -> bool {
        self.effort.left == 0 || self.findings.len() >= FINDINGS_MAX
    }

    fn rule(&mut self, position: usize, neighbours: &BTreeSet<usize>) {
        let (rule, condition) = self.all[position];
        let unknown = rule.items.iter().find(|item| !self.world.items.contains_key(*item));
        if let Some(item) = unknown.filter(|_| !self.world.items.is_empty()) {
            let zh = format!("规则{}所指事项{item}不在责任清单中", rule.key);
            let en = format!("rule {} names item {item}, which the list does not have", rule.key);
            let about = Rule { items: vec![item.clone()], ..rule.clone() };
            let example = self.example(&about, condition, |_| true);
            self.find(Kind::UnknownItem, &[rule], example, zh, en);
        }
        self.undrawn(rule, condition);
        if self.dead(position) || self.covered(position, neighbours) {
            return;
        }
        let mut earlier: Vec<usize> =
            neighbours.range(..position).rev().take(NEIGHBOURS_MAX).copied().collect();
        earlier.reverse();
        if self.shadowed(position, &earlier) {
            return;
        }
        if neighbours.range(..position).count() > NEIGHBOURS_MAX {
            self.crowded.insert(rule.key.clone());
        }
        for other in earlier {
            if conflict(&self.all[other].0.then, &rule.then) {
                self.overlap(other, position);
            }
        }
    }

    /// What its condition asks for and nobody has drawn; a misspelt one would never hold, and nobody would be told.
    fn undrawn(&mut self, rule: &Rule, condition: &Condition) {
        let Some(drawn) = &self.world.features else { return };
        let unknown = |constant: &&Constant| match &constant.value {
            ConstantValue::Text(text) => constant.field == Field::Layers && !drawn.contains(text),
            ConstantValue::Number(_) => false,
        };
        let Some(Constant { value: ConstantValue::Text(feature), .. }) =
            condition.constants().iter().find(unknown)
        else {
            return;
        };
        let zh = format!("规则{}所指{feature}未在该街道的图层中绘出", rule.key);
        let en = format!("rule {} asks for {feature}, which the street has not drawn", rule.key);
        self.find(Kind::UnknownFeature, &[rule], None, zh, en);
    }

    /// An event that a rule is about, for which its condition holds and which is as wanted.
    fn example(
        &mut self,
        rule: &Rule,
        condition: &Condition,
        wanted: impl Fn(&Event<'_>) -> bool,
    ) -> Option<Example> {
        let (mut example, mut events) = (None, 0);
        Samples::of(rule, &[rule], &[condition], self.world).each(|event| {
            events += 1;
            if condition.holds(event) == Ok(true) && wanted(event) {
                example = Some(Example::of(event, self.world));
            }
            example.is_none()
        });
        self.effort.spend(events * condition.cost());
        example
    }

    /// Whether its condition never holds.
    fn dead(&mut self, position: usize) -> bool {
        let (rule, condition) = self.all[position];
        if !condition.plain() {
            return false;
        }
        let samples = Samples::of(rule, &[rule], &[condition], self.world);
        let (mut held, mut events, mut example) = (false, 0, None);
        samples.each(|event| {
            events += 1;
            example.get_or_insert_with(|| Example::of(event, self.world));
            held = condition.holds(event) == Ok(true);
            !held
        });
        self.effort.spend(events * condition.cost());
        if held {
            return false;
        }
        if !samples.exhaustive() {
            self.too_wide(rule);
            return false;
        }
        let zh = format!("规则{}的条件永不成立：{}", rule.key, rule.when);
        let en = format!("the condition of rule {} never holds: {}", rule.key, rule.when);
        self.find(Kind::Dead, &[rule], example, zh, en);
        true
    }

    /// Whether one earlier rule without a condition takes all that it is about, whatever its own condition asks.
    fn covered(&mut self, position: usize, neighbours: &BTreeSet<usize>) -> bool {
        let (rule, condition) = self.all[position];
        let takes_all = |other: &usize| self.all[*other].1.always() && self.all[*other].0.takes_in(rule);
        let Some(other) = neighbours.range(..position).copied().find(takes_all) else { return false };
        let example = self.example(rule, condition, |_| true);
        self.tell_shadowed(rule, &[self.all[other].0], example);
        true
    }

    /// Whether earlier ones together take all for which it holds. Those that search texts or compute count as ones that never hold:
    /// what the others take without them, they take.
    fn shadowed(&mut self, position: usize, earlier: &[usize]) -> bool {
        let (rule, condition) = self.all[position];
        let earlier: Vec<usize> =
            earlier.iter().copied().filter(|other| self.all[*other].1.plain()).collect();
        if !condition.plain() || earlier.is_empty() {
            return false;
        }
        let together: Vec<&Condition> =
            earlier.iter().map(|other| self.all[*other].1).chain([condition]).collect();
        let rules: Vec<&Rule> = earlier.iter().map(|other| self.all[*other].0).chain([rule]).collect();
        let samples = Samples::of(rule, &rules, &together, self.world);
        let catches = |other: usize, event: &Event<'_>| {
            self.all[other].0.covers(event) && self.all[other].1.holds(event) != Ok(false)
        };
        let (mut example, mut caught_by) = (None, BTreeSet::new());
        let (mut decides, mut events) = (false, 0);
        samples.each(|event| {
            events += 1;
            if condition.holds(event) == Ok(true) {
                let catcher = earlier.iter().copied().find(|other| catches(*other, event));
                example.get_or_insert_with(|| Example::of(event, self.world));
                decides = catcher.is_none();
                caught_by.extend(catcher);
            }
            !decides
        });
        self.effort.spend(events * together.len());
        if decides {
            return false;
        }
        if !samples.exhaustive() {
            self.too_wide(rule);
            return false;
        }
        let catchers: Vec<&Rule> = caught_by.iter().map(|other| self.all[*other].0).collect();
        self.tell_shadowed(rule, &catchers, example);
        true
    }

    fn tell_shadowed(&mut self, rule: &Rule, catchers: &[&Rule], example: Option<Example>) {
        let keys = catchers.iter().map(|rule| rule.key.as_str()).collect::<Vec<_>>();
        let zh = format!("规则{}成立时总有更前的规则成立：{}", rule.key, keys.join("、"));
        let en = format!("whenever rule {} holds, an earlier one does: {}", rule.key, keys.join(", "));
        let told: Vec<&Rule> = std::iter::once(rule).chain(catchers.iter().copied()).collect();
        self.find(Kind::Shadowed, &told, example, zh, en);
    }

    /// Two that hold at once, each of which also holds alone.
    fn overlap(&mut self, first: usize, second: usize) {
        let ((one, its), (other, others)) = (self.all[first], self.all[second]);
        let samples = Samples::of_both(one, other, &[its, others], self.world);
        let cost = its.cost() + others.cost();
        let (mut both, mut only_one, mut only_other, mut events) = (None, false, false, 0);
        samples.each(|event| {
            events += 1;
            let holds =
                |rule: &Rule, condition: &Condition| rule.covers(event) && condition.holds(event) == Ok(true);
            match (holds(one, its), holds(other, others)) {
                (true, true) => {
                    both.get_or_insert_with(|| Example::of(event, self.world));
                }
                (true, false) => only_one = true,
                (false, true) => only_other = true,
                (false, false) => {}
            }
            both.is_none() || !only_one || !only_other
        });
        self.effort.spend(events * cost);
        if both.is_none() || !only_one || !only_other {
            if its.plain() && others.plain() && !samples.exhaustive() {
                self.too_wide(other);
            }
            return;
        }
        let mut zh = format!("规则{}与{}可同时成立而结论不同，以前者为准", one.key, other.key);
        let mut en =
            format!("rules {} and {} can hold at once and differ; the first one decides", one.key, other.key);
        if contend(one, other) {
            zh.push_str("；次序相同而主办不同，后者所指单位协办");
            en.push_str("; they are of one order and name different leads: that of the second assists");
        }
        self.find(Kind::Overlap, &[other, one], both, zh, en);
    }

    fn find(&mut self, kind: Kind, rules: &[&Rule], example: Option<Example>, zh: String, en: String) {
        let rules = rules.iter().map(|rule| rule.key.clone()).collect();
        self.findings.push(Finding { kind, layer: self.layer, rules, example, zh, en });
    }
}

/// Whether two of one rank name different leads.
fn contend(one: &Rule, other: &Rule) -> bool {
    let leads = one.then.lead.as_ref().zip(other.then.lead.as_ref());
    one.order == other.order && leads.is_some_and(|(one, other)| one != other)
}

/// Whether two say different things of the same.
fn conflict(one: &Then<BodyKey>, other: &Then<BodyKey>) -> bool {
    fn differ<T: PartialEq>(one: Option<&T>, other: Option<&T>) -> bool {
        one.zip(other).is_some_and(|(one, other)| one != other)
    }
    differ(one.lead.as_ref(), other.lead.as_ref())
        || differ(one.assists.as_ref(), other.assists.as_ref())
        || differ(one.policy.as_ref(), other.policy.as_ref())
        || differ(one.priority.as_ref(), other.priority.as_ref())
        || differ(one.level.as_ref(), other.level.as_ref())
        // What one adds, the other leaves out: only one of them decides.
        || one.also_assist != other.also_assist
        || one.also_inform != other.also_inform
}

impl Rule {
    /// Whether item and place of an event are ones it is about.
    fn covers(&self, event: &Event<'_>) -> bool {
        let item = self.items.is_empty() || self.items.iter().any(|item| item == event.item);
        let here = |place: &TenantId| *place == event.street || Some(*place) == event.community;
        item && (self.places.is_empty() || self.places.iter().any(here))
    }

    /// Whether all items and places that another one is about are ones it is about.
    fn takes_in(&self, other: &Rule) -> bool {
        let item = |item: &String| self.items.contains(item);
        let place = |place: &TenantId| {
            self.places.contains(place)
                || street_of(*place).is_some_and(|street| self.places.contains(&street))
        };
        let within = |own: bool, others: bool, all: bool| own || (!others && all);
        within(self.items.is_empty(), other.items.is_empty(), other.items.iter().all(item))
            && within(self.places.is_empty(), other.places.is_empty(), other.places.iter().all(place))
    }
}
