//! Rules as documents hold them: one JSON form, written by the directory and read here strictly where it counts.

use std::collections::BTreeMap;

use ids::{BodyKey, TenantId};
use jiff::civil::Date;
use serde::Deserialize;

use super::rule::{Rule, Then};

/// One rule of a document; its meaning is that of crate `contract`.
#[derive(Debug, Clone, Deserialize)]
pub struct Written {
    name: Name,
    #[serde(default)]
    order: u32,
    #[serde(default)]
    items: Vec<String>,
    #[serde(default)]
    places: Vec<TenantId>,
    #[serde(default)]
    when: String,
    #[serde(default)]
    shadow: bool,
    then: Then<BodyKey>,
    #[serde(default)]
    valid_from: Option<Date>,
    #[serde(default)]
    valid_until: Option<Date>,
}

#[derive(Debug, Clone, Deserialize)]
struct Name {
    zh: String,
    en: String,
}

impl Written {
    /// Its condition.
    pub fn when(&self) -> &str {
        &self.when
    }

    /// The days on which it begins to count, and on which it does no more.
    pub fn changes(&self) -> impl Iterator<Item = Date> {
        self.valid_from.into_iter().chain(self.valid_until.and_then(|last| last.tomorrow().ok()))
    }

    fn counts(&self, day: Date) -> bool {
        self.valid_from.is_none_or(|first| first <= day) && self.valid_until.is_none_or(|last| day <= last)
    }
}

/// The rules that count on a day, in the order in which they decide: by `order`, of equal ones the first by key.
pub fn rules_on(rules: &BTreeMap<String, Written>, day: Date) -> Vec<Rule> {
    let mut counting: Vec<(&String, &Written)> = rules.iter().filter(|(_, rule)| rule.counts(day)).collect();
    // Stable.
    counting.sort_by_key(|(_, rule)| rule.order);
    let rule = |(key, rule): (&String, &Written)| Rule {
        key: key.clone(),
        zh: rule.name.zh.clone(),
        en: rule.name.en.clone(),
        order: rule.order,
        items: rule.items.clone(),
        places: rule.places.clone(),
        when: rule.when.clone(),
        shadow: rule.shadow,
        then: rule.then.clone(),
    };
    counting.into_iter().map(rule).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_decide_by_order_then_key_and_on_their_days() {
        let text = r#"{
            "b": { "name": { "zh": "乙", "en": "B" }, "then": { "priority": "P1" } },
            "a": { "name": { "zh": "甲", "en": "A" }, "then": { "level": "street" }, "valid_until": "2026-12-31" },
            "c": { "name": { "zh": "丙", "en": "C" }, "order": 0, "places": ["990102001000"], "then": { "lead": "x" },
                   "valid_from": "2027-01-01", "later_field": 1 },
            "z": { "name": { "zh": "丁", "en": "Z" }, "order": 1, "then": {} }
        }"#;
        let rules: BTreeMap<String, Written> = serde_json::from_str(text).unwrap();
        let on = |day: &str| {
            rules_on(&rules, day.parse().unwrap()).into_iter().map(|rule| rule.key).collect::<String>()
        };
        assert_eq!((on("2026-12-31").as_str(), on("2027-01-01").as_str()), ("abz", "bcz"));
        let changes: Vec<String> =
            rules.values().flat_map(Written::changes).map(|day| day.to_string()).collect();
        assert_eq!(changes, ["2027-01-01", "2027-01-01"]);
    }
}
