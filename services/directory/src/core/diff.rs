//! What differs between two JSON trees, entry by entry. Pure, and complete: the differences of two trees turn one
//! into the other.
//!
//! A list is read as its entries, not as its indices: an entry that came or went is one difference, and nothing is
//! said of those that only moved up or down because of it. Where that does not tell all (entries that stand twice,
//! or changed places), the list differs as a whole.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

/// What happened at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Added,
    Removed,
    Changed,
}

/// One step from the root towards a difference.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step<'a> {
    /// The field, or the index in a list: that of `before` for what was removed, else that of `after`.
    pub token: String,
    /// Whether the step leads into a list.
    pub in_list: bool,
    /// What stands there: after the change, where there is something.
    pub value: &'a Value,
}

/// One difference. At least one side is there.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Difference<'a> {
    pub steps: Vec<Step<'a>>,
    pub before: Option<&'a Value>,
    pub after: Option<&'a Value>,
}

impl Difference<'_> {
    pub(super) fn change(&self) -> Change {
        match (self.before, self.after) {
            (None, _) => Change::Added,
            (_, None) => Change::Removed,
            _ => Change::Changed,
        }
    }

    /// As RFC 6901 has it.
    pub(super) fn pointer(&self) -> String {
        let escaped = |step: &Step<'_>| format!("/{}", step.token.replace('~', "~0").replace('/', "~1"));
        self.steps.iter().map(escaped).collect()
    }
}

/// Every difference, in the order of fields and entries.
pub(super) fn differences<'a>(before: &'a Value, after: &'a Value) -> Vec<Difference<'a>> {
    let mut walk = Walk { steps: Vec::new(), found: Vec::new() };
    walk.compare(Some(before), Some(after));
    walk.found
}

struct Walk<'a> {
    steps: Vec<Step<'a>>,
    found: Vec<Difference<'a>>,
}

impl<'a> Walk<'a> {
    fn compare(&mut self, before: Option<&'a Value>, after: Option<&'a Value>) {
        match (before, after) {
            _ if before == after => {}
            (Some(Value::Object(before)), Some(Value::Object(after))) => self.objects(before, after),
            (Some(Value::Array(before)), Some(Value::Array(after))) if told_by_entry(before, after) => {
                self.lists(before, after);
            }
            _ => self.found.push(Difference { steps: self.steps.clone(), before, after }),
        }
    }

    fn objects(&mut self, before: &'a Map<String, Value>, after: &'a Map<String, Value>) {
        let fields: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        for field in fields {
            self.step(field.clone(), false, before.get(field), after.get(field));
        }
    }

    fn lists(&mut self, before: &'a [Value], after: &'a [Value]) {
        let (old, new) = (by_identity(before), by_identity(after));
        for (index, entry) in before.iter().enumerate() {
            if !new.contains_key(&identity(entry)) {
                self.step(index.to_string(), true, Some(entry), None);
            }
        }
        for (index, entry) in after.iter().enumerate() {
            self.step(index.to_string(), true, old.get(&identity(entry)).copied(), Some(entry));
        }
    }

    fn step(&mut self, token: String, in_list: bool, before: Option<&'a Value>, after: Option<&'a Value>) {
        let Some(value) = after.or(before) else { return };
        self.steps.push(Step { token, in_list, value });
        if in_list && before != after {
            self.found.push(Difference { steps: self.steps.clone(), before, after });
        } else {
            self.compare(before, after);
        }
        self.steps.pop();
    }
}

/// What an entry of a list is known by: its code or its day, else all of it.
pub(super) fn identity(entry: &Value) -> String {
    let named = ["code", "date", "from"].into_iter().find_map(|field| entry.get(field)?.as_str());
    named.map_or_else(|| entry.to_string(), str::to_owned)
}

fn by_identity(entries: &[Value]) -> BTreeMap<String, &Value> {
    entries.iter().map(|entry| (identity(entry), entry)).collect()
}

/// Whether each entry stands once and those in both lists stand in the same order.
fn told_by_entry(before: &[Value], after: &[Value]) -> bool {
    let (old, new) = (by_identity(before), by_identity(after));
    let unique = old.len() == before.len() && new.len() == after.len();
    let kept = |entries: &[Value], others: &BTreeMap<String, &Value>| -> Vec<String> {
        entries.iter().map(identity).filter(|entry| others.contains_key(entry)).collect()
    };
    unique && kept(before, &new) == kept(after, &old)
}

#[cfg(test)]
mod tests;
