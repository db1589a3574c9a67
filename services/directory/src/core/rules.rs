//! Rules of a manifest: what keeps them from being published, and what is worth a look before.

use std::collections::{BTreeMap, BTreeSet};

use contract::document::{self, Clock, DistrictCore, Document, DocumentBody, StreetCore};
use ids::TenantId;
use jiff::civil::Date;
use routing::rules::check::{Finding, Kind, ListedItem, World, check, sleeping_leads};
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
pub(crate) fn findings(documents: &[Document], district: Option<&Document>) -> Vec<Finding> {
    let district = match district.map(|document| &document.body) {
        Some(DocumentBody::District(core)) => Some(&**core),
        _ => None,
    };
    let found = documents.iter().find_map(|document| match &document.body {
        DocumentBody::District(core) => Some(of_district(core)),
        DocumentBody::Street(core) => Some(of_street(core, district?)),
        _ => None,
    });
    let mut found = found.unwrap_or_default();
    found.truncate(FINDINGS_MAX);
    found
}

fn of_district(core: &DistrictCore) -> Vec<Finding> {
    let world = world(core, None);
    let mut found = checked(&core.rules, Layer::District, &world);
    found.extend(sleeping_leads(&world).into_iter().map(|(item, lead)| Finding {
        kind: Kind::NightHolder,
        layer: Layer::District,
        rules: Vec::new(),
        example: None,
        zh: format!("事项{item}全天计时，主办{lead}夜间无人值守，夜间由街道值班代管"),
        en: format!("item {item} counts day and night and {lead}, who leads it, has no night duty: the street's duty desk holds it"),
    }));
    found
}

fn of_street(core: &StreetCore, district: &DistrictCore) -> Vec<Finding> {
    checked(&core.rules, Layer::Street, &world(district, Some(core)))
}

/// As they stand on each day on which that changes; what is found on several days is told once.
fn checked(rules: &document::Rules, layer: Layer, world: &World) -> Vec<Finding> {
    // The document's form and the crate's are one JSON: what the contract has checked is read.
    let written = serde_json::to_value(rules).and_then(serde_json::from_value::<BTreeMap<String, Written>>);
    let (written, conditions) = (written.unwrap_or_default(), Conditions::default());
    let mut found: Vec<Finding> = Vec::new();
    for day in days(&written) {
        let on_the_day = Rules::tolerant(rules_on(&written, day), &conditions);
        for finding in check(&on_the_day, layer, world, |_| {}) {
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

fn world(district: &DistrictCore, street: Option<&StreetCore>) -> World {
    let items = district.items.iter().map(|(code, item)| {
        let (category, lead) = (item.category.clone(), item.lead.clone());
        (code.clone(), ListedItem { category, lead, day_and_night: item.clock == Clock::Clock })
    });
    let own = street.into_iter().flat_map(|street| &street.bodies);
    let bodies: BTreeMap<_, _> = district.bodies.iter().chain(own).collect();
    World {
        items: items.collect(),
        street: street.map(|street| street.code),
        communities: street.map_or_else(Vec::new, communities),
        awake: bodies.into_iter().filter(|(_, body)| body.duty_24x7).map(|(key, _)| key.clone()).collect(),
    }
}

fn communities(street: &StreetCore) -> Vec<TenantId> {
    street.communities.iter().map(|community| community.code).collect()
}
