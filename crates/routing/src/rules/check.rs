//! What is wrong with a set of rules before it decides anything: dead and shadowed rules, overlaps, gaps, leads without night duty.
//!
//! What holds, or is left out, is shown by a made-up event. Events are made from the constants of the conditions: on either side of
//! each, every condition that only compares has all the answers it can have ([`samples`]), so what is said of such rules is so.
//! Where texts are searched or numbers computed, or there are more combinations than [`samples::COMBINATIONS_MAX`], a found example
//! is still true, but nothing is concluded from finding none.

mod samples;

use std::collections::{BTreeMap, BTreeSet};

use ids::{BodyKey, TenantId};
use serde::Serialize;

use super::condition::Condition;
use super::event::{Event, Field, Moment};
use super::rule::{Layer, Rule, Then};
use super::table::Rules;

use self::samples::Samples;

/// Earlier rules of the same item and place that one rule is held against, the nearest first.
const NEIGHBOURS_MAX: usize = 64;

/// Comparisons made for one check at most: some seconds of work. Rules that are left then are not looked at, and that is said.
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
    /// There are too many rules for one look: this one and those after it were not looked at.
    Unfinished,
}

/// A made-up event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Example {
    /// Its item.
    pub item: String,
    /// Its street.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub street: Option<TenantId>,
    /// Its community.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub community: Option<TenantId>,
    /// When.
    pub moment: Moment,
    /// Who reported it.
    pub reporter: String,
    /// The lane.
    pub lane: &'static str,
    /// Households it touches.
    pub households: u32,
    /// What a sensor read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reading_milli: Option<i64>,
    /// Earlier cases of the item at the place.
    #[serde(skip_serializing_if = "zero")]
    pub repeats: u32,
    /// Reports in them and in the one that opens.
    #[serde(skip_serializing_if = "one")]
    pub voices: u32,
    /// The words.
    pub text: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn zero(count: &u32) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
const fn one(count: &u32) -> bool {
    *count == 1
}

/// Everything to look at in a layer's rules. `progress` hears after each rule how many are done.
pub fn check(rules: &Rules, layer: Layer, world: &World, mut progress: impl FnMut(usize)) -> Vec<Finding> {
    let all: Vec<(&Rule, &Condition)> = rules.active().collect();
    let mut checked = Checked { layer, world, all: &all, findings: Vec::new(), comparisons: 0 };
    for (position, (rule, _)) in all.iter().copied().enumerate() {
        if checked.done() {
            let zh = format!("规则过多，自{}起未作检查", rule.key);
            let en = format!("there are too many rules to look at: {} and those after it were not", rule.key);
            checked.find(Kind::Unfinished, &[rule], None, zh, en);
            break;
        }
        let neighbours = rules.neighbours(rule);
        checked.rule(position, &neighbours);
        progress(position + 1);
    }
    checked.gaps();
    checked.nights();
    checked.findings
}

struct Checked<'a> {
    layer: Layer,
    world: &'a World,
    all: &'a [(&'a Rule, &'a Condition)],
    findings: Vec<Finding>,
    /// Made so far.
    comparisons: usize,
}

impl Checked<'_> {
    fn done(&self) -> bool {
        self.comparisons > COMPARISONS_MAX || self.findings.len() >= FINDINGS_MAX
    }

    fn rule(&mut self, position: usize, neighbours: &BTreeSet<usize>) {
        let (rule, _) = self.all[position];
        let unknown = rule.items.iter().find(|item| !self.world.items.contains_key(*item));
        if let Some(item) = unknown.filter(|_| !self.world.items.is_empty()) {
            let zh = format!("规则{}所指事项{item}不在责任清单中", rule.key);
            let en = format!("rule {} names item {item}, which the list does not have", rule.key);
            self.find(Kind::UnknownItem, &[rule], None, zh, en);
        }
        let mut earlier: Vec<usize> =
            neighbours.range(..position).rev().take(NEIGHBOURS_MAX).copied().collect();
        earlier.reverse();
        if !self.lives(position, &earlier) {
            return;
        }
        for other in earlier {
            if conflict(&self.all[other].0.then, &rule.then) {
                self.overlap(other, position);
            }
        }
    }

    /// Whether a rule ever decides; the finding says why not.
    fn lives(&mut self, position: usize, earlier: &[usize]) -> bool {
        !self.dead(position) && !self.shadowed(position, earlier)
    }

    fn dead(&mut self, position: usize) -> bool {
        let (rule, condition) = self.all[position];
        let samples = Samples::of(rule, &[rule], &[condition], self.world);
        let cost = condition.cost();
        if !condition.plain() || !samples.exhaustive() {
            return false;
        }
        let (mut held, mut events) = (false, 0);
        samples.each(|event| {
            events += 1;
            held = condition.holds(event) == Ok(true);
            !held
        });
        self.comparisons += events * cost;
        if !held {
            let zh = format!("规则{}的条件永不成立：{}", rule.key, rule.when);
            let en = format!("the condition of rule {} never holds: {}", rule.key, rule.when);
            self.find(Kind::Dead, &[rule], None, zh, en);
        }
        !held
    }

    fn shadowed(&mut self, position: usize, earlier: &[usize]) -> bool {
        let (rule, condition) = self.all[position];
        let others = earlier.iter().map(|other| self.all[*other].1);
        let together: Vec<&Condition> = others.chain([condition]).collect();
        let rules: Vec<&Rule> = earlier.iter().map(|other| self.all[*other].0).chain([rule]).collect();
        let samples = Samples::of(rule, &rules, &together, self.world);
        let cost = together.len();
        if !samples.exhaustive() || !together.iter().all(|condition| condition.plain()) {
            return false;
        }
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
        self.comparisons += events * cost;
        if decides {
            return false;
        }
        let catchers: Vec<&Rule> = caught_by.iter().map(|other| self.all[*other].0).collect();
        let keys = catchers.iter().map(|rule| rule.key.as_str()).collect::<Vec<_>>();
        let zh = format!("规则{}成立时总有更前的规则成立：{}", rule.key, keys.join("、"));
        let en = format!("whenever rule {} holds, an earlier one does: {}", rule.key, keys.join(", "));
        let told: Vec<&Rule> = std::iter::once(rule).chain(catchers).collect();
        self.find(Kind::Shadowed, &told, example, zh, en);
        true
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
        self.comparisons += events * cost;
        if both.is_none() || !only_one || !only_other {
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

    /// Items that several conditional rules divide among them, with something left out that no wider rule takes.
    fn gaps(&mut self) {
        let mut by_item: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (position, (rule, _)) in self.all.iter().enumerate() {
            rule.items.iter().for_each(|item| by_item.entry(item).or_default().push(position));
        }
        let wide: Vec<usize> =
            (0..self.all.len()).filter(|position| self.all[*position].0.items.is_empty()).collect();
        for (item, positions) in by_item {
            if self.done() {
                return;
            }
            self.gap(item, &positions, &wide);
        }
    }

    fn gap(&mut self, item: &str, positions: &[usize], wide: &[usize]) {
        let whole = |position: &&usize| self.all[**position].0.places.is_empty();
        let dividing: Vec<usize> = positions.iter().filter(whole).copied().collect();
        if !self.divide(&dividing) || dividing.len() + wide.len() > NEIGHBOURS_MAX {
            return;
        }
        let rules: Vec<&Rule> = dividing.iter().map(|position| self.all[*position].0).collect();
        let conditions: Vec<&Condition> =
            dividing.iter().chain(wide).map(|position| self.all[*position].1).collect();
        let about = Rule { items: vec![item.to_owned()], ..rules[0].clone() };
        let (mut left_out, mut events) = (None, 0);
        Samples::of(&about, &[&about], &conditions, self.world).each(|event| {
            events += 1;
            if conditions.iter().all(|condition| condition.holds(event) == Ok(false)) {
                left_out = Some(Example::of(event, self.world));
            }
            left_out.is_none()
        });
        self.comparisons += events * conditions.iter().map(|condition| condition.cost()).sum::<usize>();
        let Some(example) = left_out else { return };
        let keys = rules.iter().map(|rule| rule.key.as_str()).collect::<Vec<_>>();
        let zh = format!("事项{item}由规则{}分担，尚有情形无规则适用，按责任清单办理", keys.join("、"));
        let en = format!("rules {} divide item {item} and leave something to the list", keys.join(", "));
        self.find(Kind::Gap, &rules, Some(example), zh, en);
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

    /// Items that count day and night and are led by who sleeps, by the list or by a rule.
    fn nights(&mut self) {
        if self.world.awake.is_empty() {
            return;
        }
        for (rule, _) in self.all {
            let Some(lead) = rule.then.lead.as_ref().filter(|lead| !self.world.awake.contains(*lead)) else {
                continue;
            };
            let always = |code: &&String| self.world.items.get(*code).is_some_and(|item| item.day_and_night);
            let Some(item) = rule.items.iter().find(always) else { continue };
            let zh = format!("规则{}将全天计时的事项{item}交{lead}主办，该单位夜间无人值守", rule.key);
            let en = format!(
                "rule {} gives item {item}, which counts day and night, to {lead}, who has no night duty",
                rule.key
            );
            self.find(Kind::NightHolder, &[rule], None, zh, en);
        }
    }

    fn find(&mut self, kind: Kind, rules: &[&Rule], example: Option<Example>, zh: String, en: String) {
        let rules = rules.iter().map(|rule| rule.key.clone()).collect();
        self.findings.push(Finding { kind, layer: self.layer, rules, example, zh, en });
    }
}

/// Items of the list that count day and night, led by a body without night duty (D34), each with that body.
pub fn sleeping_leads(world: &World) -> Vec<(&str, &BodyKey)> {
    let sleeps = |item: &ListedItem| item.day_and_night && !world.awake.contains(&item.lead);
    world
        .items
        .iter()
        .filter(|(_, item)| sleeps(item))
        .map(|(code, item)| (code.as_str(), &item.lead))
        .collect()
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
}

impl Example {
    fn of(event: &Event<'_>, world: &World) -> Self {
        Self {
            item: event.item.to_owned(),
            street: world.street.or(Some(event.street)),
            community: event.community,
            moment: event.moment,
            reporter: event.reporter.to_owned(),
            lane: event.lane.as_str(),
            households: event.households,
            reading_milli: event.reading_milli,
            repeats: event.repeats,
            voices: event.voices,
            text: event.text.to_owned(),
        }
    }
}
