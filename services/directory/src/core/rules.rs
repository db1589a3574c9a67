//! Rules of a manifest: what keeps them from being published, and what is worth a look before.

use std::collections::{BTreeMap, BTreeSet};

use contract::document::{
    self, Body, Clock, DistrictCore, Document, DocumentBody, Item, Limit, PairLimit, SlaPolicy, Stage,
    StreetCore, Territory, merge,
};
use ids::BodyKey;
use jiff::civil::Date;
use routing::rules::check::{Effort, Finding, Kind, ListedItem, World, check, sleeping_leads};
use routing::rules::{Condition, Conditions, Layer, Rules, Written, rules_on};

use super::fault::Fault;

/// Most findings told.
const FINDINGS_MAX: usize = 200;
/// Most days looked at: on each some rules begin to count, or have ended.
const DAYS_MAX: usize = 12;

/// Conditions that do not compile.
pub(super) fn unsound(rules: &document::Rules) -> impl Iterator<Item = Fault> + '_ {
    rules.iter().filter_map(|(key, rule)| {
        let why = Condition::compile(&rule.when).err()?;
        Some(Fault::unsound_condition(key, &why.to_string()))
    })
}

/// What is worth a look in a tenant's rules and list, none of which keeps it from being applied. `district` is the one a street
/// stands on.
pub(crate) fn findings(
    documents: &[Document],
    district: Option<&Document>,
    mut effort: Effort,
) -> Vec<Finding> {
    let district = match district.map(|document| &document.body) {
        Some(DocumentBody::District(core)) => Some(&**core),
        _ => None,
    };
    let drawn = documents.iter().find_map(|document| match &document.body {
        DocumentBody::Territory(territory) => Some(features(territory)),
        _ => None,
    });
    let found = documents.iter().find_map(|document| match &document.body {
        DocumentBody::District(core) => Some(of_district(core, &mut effort)),
        DocumentBody::Street(core) => Some(of_street(core, district?, drawn.clone(), &mut effort)),
        _ => None,
    });
    let mut found = found.unwrap_or_default();
    found.truncate(FINDINGS_MAX);
    found
}

/// In place of findings, where the look itself broke down.
pub(crate) fn not_looked_at() -> Vec<Finding> {
    vec![Finding {
        kind: Kind::Unfinished,
        layer: Layer::District,
        rules: Vec::new(),
        example: None,
        zh: "清单已提交，但规则检查未能完成，请用 streetwise rules check 再查".to_owned(),
        en: "the manifest is applied, but its rules could not be looked at: use streetwise rules check"
            .to_owned(),
    }]
}

fn of_district(core: &DistrictCore, effort: &mut Effort) -> Vec<Finding> {
    let world = of_list(core);
    let mut found = checked(&core.rules, Layer::District, &world, effort);
    found.extend(sleeping_leads(&world, Layer::District));
    found
}

/// Its rules, and what it changes about bodies, policies and the list so that who leads sleeps; what its district's list does by
/// itself is told of the district.
fn of_street(
    core: &StreetCore,
    district: &DistrictCore,
    drawn: Option<BTreeSet<String>>,
    effort: &mut Effort,
) -> Vec<Finding> {
    let changes = !core.items.is_empty() || !core.bodies.is_empty() || !core.policies.is_empty();
    if core.rules.is_empty() && !changes {
        return Vec::new();
    }
    let world = World { features: drawn, ..of_list_in(district, core) };
    let mut found = checked(&core.rules, Layer::Street, &world, effort);
    if changes {
        let before = sleeping_leads(&of_list(district), Layer::District);
        let known: BTreeSet<&str> = before.iter().filter_map(item_of).collect();
        let asleep = sleeping_leads(&world, Layer::Street);
        found.extend(asleep.into_iter().filter(|one| item_of(one).is_none_or(|item| !known.contains(item))));
    }
    found
}

fn item_of(finding: &Finding) -> Option<&str> {
    finding.example.as_ref().map(|example| example.item.as_str())
}

/// As they stand on each day on which that changes; what is found on several days is told once.
fn checked(rules: &document::Rules, layer: Layer, world: &World, effort: &mut Effort) -> Vec<Finding> {
    if rules.is_empty() {
        return Vec::new();
    }
    // The document's form and the crate's are one JSON: what the contract has checked is read.
    let written = serde_json::to_value(rules).and_then(serde_json::from_value::<BTreeMap<String, Written>>);
    let (written, conditions) = (written.unwrap_or_default(), Conditions::default());
    let mut found: Vec<Finding> = Vec::new();
    for day in days(&written) {
        let on_the_day = Rules::tolerant(rules_on(&written, day), &conditions);
        for finding in check(&on_the_day, layer, world, effort, |_| {}) {
            let known =
                found.iter().any(|known| (known.kind, &known.rules) == (finding.kind, &finding.rules));
            if !known {
                found.push(finding);
            }
        }
    }
    found
}

fn days(rules: &BTreeMap<String, Written>) -> impl Iterator<Item = Date> {
    let changes: BTreeSet<Date> = rules.values().flat_map(Written::changes).collect();
    std::iter::once(Date::MIN).chain(changes).take(DAYS_MAX)
}

/// A district's list as it stands, whatever its streets make of it.
fn of_list(district: &DistrictCore) -> World {
    let policy = |item: &Item| item.policy.as_ref().and_then(|key| district.policies.get(key));
    let items = district.items.iter().map(|(code, item)| {
        let (category, lead) = (item.category.clone(), item.lead.clone());
        let day_and_night = policy(item)
            .map_or(item.clock == Clock::Clock, |policy| counts_day_and_night(&policy.limits, &policy.pairs));
        (code.clone(), ListedItem { category, lead, day_and_night })
    });
    World {
        items: items.collect(),
        awake: awake(district.bodies.iter()),
        policies: policies(&district.policies),
        ..World::default()
    }
}

/// The list as one street sees it.
fn of_list_in(district: &DistrictCore, street: &StreetCore) -> World {
    let pack = merge(district, street);
    let community = street.communities.first().map(|community| community.code);
    let items = district.items.iter().filter_map(|(code, item)| {
        let resolved = pack.resolve(code, community)?;
        let (category, lead) = (item.category.clone(), resolved.lead.key);
        let day_and_night = counts_day_and_night(&resolved.policy.limits, &resolved.policy.pairs);
        Some((code.clone(), ListedItem { category, lead, day_and_night }))
    });
    let mut bodies: BTreeMap<_, _> = district.bodies.iter().collect();
    bodies.extend(&street.bodies);
    let mut all = policies(&district.policies);
    all.extend(policies(&street.policies));
    World {
        items: items.collect(),
        street: Some(street.code),
        communities: street.communities.iter().map(|community| community.code).collect(),
        awake: awake(bodies.into_iter()),
        policies: all,
        features: None,
    }
}

fn awake<'a>(bodies: impl Iterator<Item = (&'a BodyKey, &'a Body)>) -> BTreeSet<BodyKey> {
    bodies.filter(|(_, body)| body.duty_24x7).map(|(key, _)| key.clone()).collect()
}

fn policies(policies: &BTreeMap<String, SlaPolicy>) -> BTreeMap<String, bool> {
    policies
        .iter()
        .map(|(key, policy)| (key.clone(), counts_day_and_night(&policy.limits, &policy.pairs)))
        .collect()
}

/// Whether a body may be late at night: verifying and ruling are the centres'.
fn counts_day_and_night(limits: &BTreeMap<Stage, Limit>, pairs: &BTreeMap<String, PairLimit>) -> bool {
    let stages = limits.iter().filter(|(stage, _)| !stage.of_case()).map(|(_, limit)| limit);
    stages.chain(pairs.values().map(|pair| &pair.limit)).any(|limit| limit.clock == Clock::Clock)
}

/// Features of a street's further layers, as conditions call them.
fn features(territory: &Territory) -> BTreeSet<String> {
    let own = ["street", "community", "grid"];
    let further = territory.layers.iter().filter(|(key, _)| !own.contains(&key.as_str()));
    let named = further
        .flat_map(|(key, layer)| layer.features.iter().map(move |feature| format!("{key}/{}", feature.code)));
    named.collect()
}
