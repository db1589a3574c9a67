//! Which drills a street gets, and what its documents say must come of each. Pure.

use std::collections::{BTreeMap, BTreeSet};

use contract::document::territory::{COMMUNITY, GRID};
use contract::document::{EffectivePack, Milestone, Priority, merge};
use ids::{BodyRef, TenantId};
use serde::Serialize;
use territory::Point;

use super::Documents;
use super::inside::{Drawn, drawn};

/// Where a street that has drawn nothing is drilled: what is declared there is placed nowhere.
const ANYWHERE: (f64, f64) = (104.0, 30.0);

/// One report to be filed, and what must come of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Drill {
    /// Code of the item.
    pub item: String,
    /// Its name, for the text.
    pub item_zh: String,
    /// The item's category, the letters before its number.
    pub class: String,
    /// Degrees of WGS-84.
    pub lon: f64,
    /// Degrees of WGS-84.
    pub lat: f64,
    /// The features that hold the point: layer and code.
    pub features: Vec<(String, String)>,
    /// What must come of it.
    pub expected: Expected,
}

/// What must come of a drill.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Expected {
    /// The grid its place lies in, or the community; nothing where none is drawn.
    pub lies_in: Option<String>,
    /// Who leads.
    pub lead: String,
    /// Who assists.
    pub assists: BTreeSet<String>,
    /// Who is informed.
    pub informs: BTreeSet<String>,
    /// The stages of working orders that have a limit.
    pub stages: BTreeSet<String>,
    /// By body, the verdicts of its notice: `delivered`, `suppressed-drill` or `no-endpoint`, sorted.
    pub notices: BTreeMap<String, Vec<String>>,
}

impl Expected {
    /// Every body with its role.
    pub fn roles(&self) -> BTreeMap<&str, &'static str> {
        let lead = std::iter::once((self.lead.as_str(), "lead"));
        let assists = self.assists.iter().map(|body| (body.as_str(), "assist"));
        lead.chain(assists).chain(self.informs.iter().map(|body| (body.as_str(), "inform"))).collect()
    }
}

/// One drill for each item and for each drawn feature, whichever are more; `seed` turns the items against the places.
pub fn drills(documents: &Documents, seed: u64) -> Vec<Drill> {
    let drawn = drawn(&documents.territory.on(documents.day));
    let places = places(&drawn);
    let pack = merge(&documents.district, &documents.street).on(documents.day);
    let items: Vec<&String> =
        documents.district.items.keys().filter(|item| pack.item(item).is_some()).collect();
    if items.is_empty() {
        return Vec::new();
    }
    let shift = usize::try_from(seed % items.len() as u64).unwrap_or(0);
    let drill = |n: usize| {
        let item = items[(n + shift) % items.len()];
        one(&pack, item, &drawn, places.get(n % places.len().max(1)).copied())
    };
    (0..items.len().max(places.len())).map(drill).collect()
}

/// Points that together lie in every feature: finer layers first, so that most of the others are met on the way.
fn places(drawn: &[Drawn]) -> Vec<Point> {
    let rank = |feature: &&Drawn| match feature.layer.as_str() {
        GRID => 0,
        COMMUNITY => 1,
        _ => 2,
    };
    let mut features: Vec<&Drawn> = drawn.iter().collect();
    features.sort_by_key(rank);
    let mut places: Vec<Point> = Vec::new();
    for feature in features {
        if !places.iter().any(|place| feature.holds(*place)) {
            places.extend(feature.inside);
        }
    }
    places
}

fn one(pack: &EffectivePack<'_>, item: &str, drawn: &[Drawn], place: Option<Point>) -> Drill {
    let (lon, lat) = place.map_or(ANYWHERE, Point::degrees);
    let held = drawn.iter().filter(|feature| place.is_some_and(|place| feature.holds(place)));
    let features: Vec<(String, String)> =
        held.map(|feature| (feature.layer.clone(), feature.code.clone())).collect();
    let of = |layer: &str| features.iter().find(|(key, _)| key == layer).map(|(_, code)| code.clone());
    let community: Option<TenantId> = of(COMMUNITY).and_then(|code| code.parse().ok());
    let expected =
        Expected { lies_in: of(GRID).or_else(|| of(COMMUNITY)), ..expected(pack, item, community) };
    let name = pack.district.items.get(item).map(|item| item.name.zh.clone());
    Drill {
        item: item.to_owned(),
        item_zh: name.unwrap_or_default(),
        class: item.split('-').next().unwrap_or_default().to_owned(),
        lon,
        lat,
        features,
        expected,
    }
}

/// The responsibility list's line, without bodies that would be named twice.
fn expected(pack: &EffectivePack<'_>, item: &str, community: Option<TenantId>) -> Expected {
    let Some(line) = pack.resolve(item, community) else { return Expected::default() };
    let assists: Vec<&BodyRef> = line.assists.iter().filter(|body| **body != line.lead).collect();
    let mut informs = pack.informs();
    if line.priority == Priority::P1 {
        informs.extend(pack.emergency_informs(community));
    }
    let informs = informs.iter().filter(|body| **body != line.lead && !assists.contains(body));
    let names = |bodies: &mut dyn Iterator<Item = &BodyRef>| bodies.map(ToString::to_string).collect();
    let working = line.policy.limits.keys().filter(|stage| !stage.of_case());
    let at_once = line.policy.pairs.iter().filter(|(_, pair)| pair.from == Milestone::Dispatched);
    let stages = working.map(|stage| stage.as_str()).chain(at_once.map(|(name, _)| name.as_str()));
    let mut expected = Expected {
        lies_in: None,
        lead: line.lead.to_string(),
        assists: names(&mut assists.iter().copied()),
        informs: names(&mut informs.into_iter()),
        stages: stages.map(str::to_owned).collect(),
        notices: BTreeMap::new(),
    };
    expected.notices =
        expected.roles().keys().map(|body| ((*body).to_owned(), notices(pack, body))).collect();
    expected
}

fn notices(pack: &EffectivePack<'_>, body: &str) -> Vec<String> {
    let of_body = pack.endpoints().filter(|(_, _, endpoint)| endpoint.body.to_string() == body);
    let verdict = |drills| if drills { "delivered" } else { "suppressed-drill" }.to_owned();
    let mut verdicts: Vec<String> = of_body.map(|(_, _, endpoint)| verdict(endpoint.drills)).collect();
    if verdicts.is_empty() {
        verdicts.push("no-endpoint".to_owned());
    }
    verdicts.sort();
    verdicts
}
