//! Named pairs (自定环节): stages that a policy defines itself, from one milestone of an order to another.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::check::{Faults, Problem};
use super::core::Name;
use super::limits::check_limit;
use super::policy::{Limit, SlaPolicy};

/// The most pairs of a policy.
const PAIRS_MAX: usize = 8;
/// The most characters of a pair's name.
const NAME_CHARACTERS_MAX: usize = 32;
/// The fixed stages, the case's among them, as a pair's name would be written.
const FIXED: [&str; 6] = ["see", "acknowledge", "on-site", "resolve", "verify", "adjudicate"];

/// What an order records once: where a pair begins and ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Milestone {
    /// The order went out.
    Dispatched,
    /// A person has seen it; acknowledging implies that.
    Seen,
    /// The body has taken it.
    Acknowledged,
    /// Somebody is there.
    Arrived,
    /// Something was reported for the first time; submitting ends a pair that waits for it.
    Progressed,
    /// The body says it is done.
    Submitted,
}

impl Milestone {
    /// Every milestone.
    pub const ALL: [Milestone; 6] = [
        Milestone::Dispatched,
        Milestone::Seen,
        Milestone::Acknowledged,
        Milestone::Arrived,
        Milestone::Progressed,
        Milestone::Submitted,
    ];

    /// The word in manifests, documents and messages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Milestone::Dispatched => "dispatched",
            Milestone::Seen => "seen",
            Milestone::Acknowledged => "acknowledged",
            Milestone::Arrived => "arrived",
            Milestone::Progressed => "progressed",
            Milestone::Submitted => "submitted",
        }
    }

    /// Whether it may come after another one, as crate `orders` has it: arriving and reporting come in either order.
    pub const fn may_follow(self, earlier: Milestone) -> bool {
        match (earlier, self) {
            (Milestone::Progressed, Milestone::Arrived) => true,
            _ => (earlier as u8) < (self as u8),
        }
    }
}

/// A pair of a policy. Warnings and chain are the policy's, as of every stage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PairLimit {
    /// What people call it.
    pub name: Name,
    /// What it begins with.
    pub from: Milestone,
    /// What it ends with.
    pub to: Milestone,
    /// How long it may take.
    pub limit: Limit,
}

/// The pairs of a document. One that this build does not know is left out, so that the rest of a newer document counts.
pub(super) fn known<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, PairLimit>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Read {
        Known(Box<PairLimit>),
        Unknown {},
    }
    let read = BTreeMap::<String, Read>::deserialize(from)?;
    let known = read.into_iter().filter_map(|(name, pair)| match pair {
        Read::Known(pair) => Some((name, *pair)),
        Read::Unknown {} => None,
    });
    Ok(known.collect())
}

/// Each with a name of its own, from something to what may come after it, within a limit.
pub(super) fn check(faults: &mut Faults, path: &str, policy: &SlaPolicy) {
    let path = format!("{path}.pairs");
    faults.unless(policy.pairs.len() <= PAIRS_MAX, &path, || Problem::TooManyPairs);
    for (name, pair) in &policy.pairs {
        let path = format!("{path}.{name}");
        faults.unless(well_formed(name), &path, || Problem::BadPairName);
        faults.unless(!FIXED.contains(&name.as_str()), &path, || Problem::FixedStage(name.clone()));
        let named = !pair.name.zh.trim().is_empty() && !pair.name.en.trim().is_empty();
        faults.unless(named, format!("{path}.name"), || Problem::EmptyWord);
        let PairLimit { from, to, .. } = pair;
        if from == to {
            faults.add(format!("{path}.to"), Problem::PairOfOne(*to));
        } else if !to.may_follow(*from) {
            faults.add(format!("{path}.to"), Problem::BackwardPair { from: *from, to: *to });
        }
        check_limit(faults, &format!("{path}.limit"), pair.limit, policy.demo);
    }
}

fn well_formed(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.len() <= NAME_CHARACTERS_MAX
        && name.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::check::Fault;
    use super::*;

    fn policy(pairs: serde_json::Value) -> SlaPolicy {
        serde_json::from_value(json!({ "limits": {}, "pairs": pairs })).unwrap()
    }

    fn pair(from: &str, to: &str) -> serde_json::Value {
        let limit = json!({ "amount": 4, "unit": "hour", "clock": "work" });
        json!({ "name": { "zh": "抢修时长", "en": "repair time" }, "from": from, "to": to, "limit": limit })
    }

    fn told(policy: &SlaPolicy) -> Vec<String> {
        let mut faults = Faults::default();
        check(&mut faults, "policies.p", policy);
        faults.0.iter().map(Fault::to_string).collect()
    }

    #[test]
    fn a_document_without_pairs_is_what_it_was_and_one_of_tomorrow_is_read() {
        let before = json!({ "limits": {}, "warn_per_mille": [], "chain": null, "demo": false });
        let policy: SlaPolicy = serde_json::from_value(before.clone()).unwrap();
        assert_eq!(serde_json::to_value(&policy).unwrap(), before, "older readers meet nothing new");
        let tomorrow = json!({
            "repair-time": pair("arrived", "submitted"),
            "to-the-shop": pair("arrived", "towed"),
        });
        let read = self::policy(tomorrow);
        assert_eq!(
            read.pairs.keys().collect::<Vec<_>>(),
            ["repair-time"],
            "what is not known here is left out"
        );
        let again: SlaPolicy = serde_json::from_value(serde_json::to_value(&read).unwrap()).unwrap();
        assert_eq!(again, read);
    }

    #[test]
    fn what_makes_no_sense_is_told_by_its_field() {
        assert_eq!(told(&policy(json!({ "repair-time": pair("arrived", "submitted") }))), [""; 0]);
        let faulty = policy(json!({
            "on-site": pair("seen", "arrived"),
            "Repair": pair("arrived", "submitted"),
            "round": pair("seen", "seen"),
            "back": pair("submitted", "seen"),
        }));
        assert_eq!(
            told(&faulty),
            [
                "policies.p.pairs.Repair: the name of a pair is 1 to 32 of a-z, 0-9 and -, beginning with a letter",
                "policies.p.pairs.back.to: seen never comes after submitted",
                "policies.p.pairs.on-site: on-site is a fixed stage: give the pair a name of its own, or write a limit under `limits`",
                "policies.p.pairs.round.to: the pair begins and ends with seen: name two milestones",
            ]
        );
        let many = (0..9).map(|n| (format!("p{n}"), pair("seen", "arrived"))).collect();
        let many = policy(serde_json::Value::Object(many));
        assert_eq!(told(&many), ["policies.p.pairs: a policy has at most eight pairs"]);
    }
}
