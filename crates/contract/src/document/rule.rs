//! Rules (规则) beyond the responsibility list: under which circumstances somebody else leads, assists, is told, or is in a hurry.
//!
//! A condition is an expression of the Common Expression Language; what it may ask and how several rules go together is told by
//! crate `routing`, which compiles it. Here stands what is written, and what can be checked without compiling. Pure.

use std::collections::BTreeMap;

use ids::{BodyKey, TenantId};
use serde::{Deserialize, Serialize};

use super::check::{Faults, Problem};
use super::core::{Body, Level, Name};
use super::effective::ITEM_POLICY;
use super::item::{Item, Priority};
use super::validity::Validity;

/// Rules by key.
pub type Rules = BTreeMap<String, Rule>;

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Its name.
    pub name: Name,
    /// Of several that hold the one with the lowest order decides; of equal ones the first by key.
    #[serde(default)]
    pub order: u32,
    /// Codes of the items it is about; empty: every item.
    #[serde(default)]
    pub items: Vec<String>,
    /// Streets or communities it is about; empty: every place.
    #[serde(default)]
    pub places: Vec<TenantId>,
    /// What else must hold, in CEL; empty: nothing.
    #[serde(default)]
    pub when: String,
    /// Tried beside the others and only recorded.
    #[serde(default)]
    pub shadow: bool,
    /// What it says.
    pub then: RuleThen,
    /// The days on which it counts.
    #[serde(flatten)]
    pub validity: Validity,
}

/// What a rule says; absent fields leave what the list says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RuleThen {
    /// Who leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lead: Option<BodyKey>,
    /// Who assists, instead of those of the list; an empty list means nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assists: Option<Vec<BodyKey>>,
    /// Who assists besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_assist: Vec<BodyKey>,
    /// Who is informed besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub also_inform: Vec<BodyKey>,
    /// Key of the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// Priority.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub priority: Option<Priority>,
    /// The lowest level that may handle it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
}

impl RuleThen {
    /// Every body it names, each with the field that names it.
    fn bodies(&self) -> impl Iterator<Item = (&'static str, &BodyKey)> {
        let lead = self.lead.iter().map(|key| ("lead", key));
        let assists = self.assists.iter().flatten().map(|key| ("assists", key));
        let more = self.also_assist.iter().map(|key| ("also_assist", key));
        lead.chain(assists).chain(more).chain(self.also_inform.iter().map(|key| ("also_inform", key)))
    }
}

/// What rules are checked against.
pub(super) struct Books<'a, 'b> {
    pub items: &'a BTreeMap<String, Item>,
    pub body: &'a dyn Fn(&BodyKey) -> Option<&'b Body>,
    pub policy: &'a dyn Fn(&str) -> bool,
    /// Whether a place is the tenant's.
    pub ours: &'a dyn Fn(TenantId) -> bool,
}

/// Everything wrong with rules but their conditions.
pub(super) fn check(faults: &mut Faults, rules: &Rules, books: &Books<'_, '_>) {
    for (key, rule) in rules {
        let path = format!("rules.{key}");
        let faulty = !rule.validity.possible();
        faults.unless(!faulty, format!("{path}.valid_until"), || Problem::EmptyValidity);
        faults.unless(rule.then != RuleThen::default(), format!("{path}.then"), || Problem::RuleSaysNothing);
        for (position, code) in rule.items.iter().enumerate() {
            let known = books.items.contains_key(code);
            faults.unless(known, format!("{path}.items.{position}"), || Problem::UnknownItem(code.clone()));
        }
        for (position, place) in rule.places.iter().enumerate() {
            let ours = (books.ours)(*place);
            faults.unless(ours, format!("{path}.places.{position}"), || Problem::ForeignPlace(*place));
        }
        bodies(faults, &path, rule, books);
        if let Some(policy) = rule.then.policy.as_ref() {
            let known = policy != ITEM_POLICY && (books.policy)(policy);
            faults.unless(known, format!("{path}.then.policy"), || Problem::UnknownPolicy(policy.clone()));
        }
    }
}

fn bodies(faults: &mut Faults, path: &str, rule: &Rule, books: &Books<'_, '_>) {
    for (field, key) in rule.then.bodies() {
        let known = (books.body)(key).is_some();
        faults.unless(known, format!("{path}.then.{field}"), || Problem::UnknownBody(key.clone()));
    }
    let Some(lead) = &rule.then.lead else { return };
    let Some(body) = (books.body)(lead) else { return };
    let path = format!("{path}.then.lead");
    faults.unless(body.can_lead, &path, || Problem::CannotLead(lead.clone()));
    let reserved = rule.items.iter().filter_map(|code| Some((code, books.items.get(code)?.level)));
    for (code, level) in reserved {
        faults.unless(body.level >= level, &path, || Problem::PushedDown(code.clone()));
    }
}
