//! What rules make of plans: guards, faults, shadows; and that the table is reading from top to bottom.

use super::super::{Circumstances, Event, Found, Layer, Rule, Rules, Then, Tried, Verdict};
use super::{Matter, conditions, event, few_items, few_places, matters, rule, tenant};
use crate::{Entry, Facts, Level, Priority, RoutingMode, Seat, Settings, plan, recompute};
use ids::{BodyKey, BodyRef, Lane};
use proptest::prelude::*;

fn seat(body: &str, level: Level) -> Seat {
    let body: BodyRef = body.parse().unwrap();
    Seat { zh: format!("单位{body}"), en: format!("body {body}"), body, level }
}

fn seat_of(key: &BodyKey) -> Option<Seat> {
    match key.as_str() {
        "nobody" => None,
        "street-office" => Some(seat("street-office@990102001000", Level::Street)),
        other => Some(seat(other, Level::District)),
    }
}

fn key(text: &str) -> BodyKey {
    text.parse().unwrap()
}

fn facts() -> Facts {
    let event = event();
    Facts {
        street: event.street,
        community: event.community,
        item: event.item.to_owned(),
        lane: event.lane,
        circumstances: Some(Circumstances {
            category: event.category.to_owned(),
            grid: event.grid.to_owned(),
            reporter: event.reporter.to_owned(),
            drill: event.drill,
            text: event.text.to_owned(),
            moment: event.moment,
            households: event.households,
            reading_milli: event.reading_milli,
            repetition: None,
        }),
    }
}

fn entry() -> Entry {
    Entry {
        item: "TRA-01".to_owned(),
        level: Level::District,
        lead: Some(seat("transport", Level::District)),
        assists: vec![seat("bus-company", Level::District)],
        unplaced: vec![],
        policy: "item".to_owned(),
        priority: Priority::P3,
    }
}

fn settings() -> Settings {
    Settings {
        catch_all: seat("street-centre@990102001000", Level::Street),
        catch_all_policy: "catch-all".to_owned(),
        catch_all_priority: Priority::P3,
        informs: vec![],
        routing_mode: RoutingMode::Auto,
        pack_generation: 1,
        street_generation: 1,
    }
}

fn tried(rules: Vec<Rule>, layer: Layer) -> Vec<Tried> {
    Tried::of(&Rules::compile(rules).unwrap(), layer, &event(), &seat_of)
}

#[test]
fn many_households_raise_a_bus_case_and_bring_the_police_in() {
    let then = Then {
        also_assist: vec![key("traffic-police")],
        priority: Some(Priority::P1),
        policy: Some("crowd".to_owned()),
        ..Then::default()
    };
    let many = Rule { then, ..rule("many-households", &["TRA-01"], "households >= 1000") };
    let (plan, explanation) =
        plan(&facts(), Some(&entry()), &settings(), &tried(vec![many], Layer::District));
    let assists: Vec<String> = plan.assists.iter().map(ToString::to_string).collect();
    assert_eq!(assists, ["bus-company", "traffic-police"]);
    assert_eq!((plan.priority, plan.lane, plan.policy.as_str()), (Priority::P1, Lane::Urgent, "crowd"));
    assert_eq!(explanation.method, "rules");
    let held = explanation.steps.iter().find(|step| step.rule == "rule.held").unwrap();
    assert_eq!(
        held.zh,
        "区规则“规则many-households”（many-households）成立，条件 households >= 1000：增加协办单位traffic-police，时限方案crowd，优先级P1"
    );
    assert_eq!(recompute(&explanation), explanation);
}

#[test]
fn what_the_list_reserves_above_is_not_pushed_down() {
    let down =
        Rule { then: Then { lead: Some(key("street-office")), ..Then::default() }, ..rule("down", &[], "") };
    let (plan, explanation) = plan(&facts(), Some(&entry()), &settings(), &tried(vec![down], Layer::Street));
    assert_eq!((plan.lead.to_string().as_str(), plan.level), ("transport", Level::District));
    assert!(explanation.steps.iter().any(|step| step.rule == "rule.reserved"));
}

#[test]
fn a_rule_that_fails_takes_nothing_away() {
    let faulty = rule("faulty", &[], "1 / (households - 7) > 0");
    let later = rule("later", &[], "true");
    let seven = Event { households: 7, ..event() };
    let rules = Rules::compile([faulty, later]).unwrap();
    let kept = Tried::of(&rules, Layer::District, &seven, &seat_of);
    assert_eq!(kept.len(), 1);
    let mut facts = facts();
    facts.circumstances.as_mut().unwrap().households = 7;
    let (plan, explanation) = plan(&facts, Some(&entry()), &settings(), &kept);
    assert_eq!((plan.lead.to_string().as_str(), plan.policy.as_str()), ("transport", "item"));
    let step = explanation.steps.iter().find(|step| step.rule == "rule.failed").unwrap();
    assert!(step.en.contains("divided-by-zero"), "{}", step.en);
    assert_eq!(explanation.method, "responsibility-list");
    assert_eq!(recompute(&explanation), explanation);
}

#[test]
fn shadow_rules_are_recorded_and_bodies_that_are_not_there_are_told() {
    let shadow = Rule { shadow: true, ..rule("trial", &["TRA-01"], "workday") };
    let then = Then { lead: Some(key("nobody")), level: Some(Level::District), ..Then::default() };
    let gone = Rule { then, ..rule("gone", &["TRA-01"], "") };
    let (plan, explanation) =
        plan(&facts(), Some(&entry()), &settings(), &tried(vec![shadow, gone], Layer::District));
    assert_eq!((plan.lead.to_string().as_str(), plan.policy.as_str()), ("transport", "item"));
    let steps: Vec<&str> = explanation.steps.iter().map(|step| step.rule.as_str()).collect();
    for expected in ["rule.held", "rule.unplaced", "rule.shadow"] {
        assert!(steps.contains(&expected), "{steps:?}");
    }
    assert_eq!(recompute(&explanation), explanation);
}

/// Items, places and a condition out of few.
fn few_rules() -> impl Strategy<Value = Vec<Rule>> {
    prop::collection::vec((few_items(), few_places(), conditions(true)), 0..12).prop_map(|drafts| {
        let rule = |(position, (items, places, when)): (usize, (Vec<&str>, Vec<&str>, String))| Rule {
            places: places.into_iter().map(tenant).collect(),
            ..rule(&format!("r{position}"), &items, &when)
        };
        drafts.into_iter().enumerate().map(rule).collect()
    })
}

/// Reading them from top to bottom.
fn by_hand<'a>(rules: &'a [Rule], matter: &Matter) -> Option<(&'a str, bool)> {
    let event = matter.event();
    rules.iter().find_map(|rule| {
        let item = rule.items.is_empty() || rule.items.iter().any(|item| item == event.item);
        let there = |place: &ids::TenantId| *place == event.street || Some(*place) == event.community;
        let place = rule.places.is_empty() || rule.places.iter().any(there);
        if !item || !place {
            return None;
        }
        match super::super::Condition::interpreted(&rule.when).unwrap().holds(&event) {
            Ok(false) => None,
            Ok(true) => Some((rule.key.as_str(), true)),
            Err(_) => Some((rule.key.as_str(), false)),
        }
    })
}

proptest! {
    #[test]
    fn the_table_finds_what_reading_from_top_to_bottom_finds(rules in few_rules(), matter in matters()) {
        let table = Rules::compile(rules.clone()).unwrap();
        let event = matter.event();
        let found = match table.find(&event) {
            Found::Nothing => None,
            Found::Rule(rule) => Some((rule.key.as_str(), true)),
            Found::Failed(rule, _) => Some((rule.key.as_str(), false)),
        };
        prop_assert_eq!(found, by_hand(&rules, &matter));
        let last = table.tried(&event).last().map(|decision| (decision.rule.key.clone(), decision.holds));
        match found {
            Some((key, held)) => prop_assert_eq!(last.map(|(key, holds)| (key, holds == Ok(true))), Some((key.to_owned(), held))),
            None => prop_assert!(last.is_none_or(|(_, holds)| holds == Ok(false))),
        }
        prop_assert!(found.is_none() || table.concern(event.item));
    }

    #[test]
    fn every_plan_has_one_lead_whatever_rules_say(rules in few_rules(), lead in prop::sample::select(vec!["a", "nobody", "street-office"])) {
        let rules: Vec<Rule> = rules
            .into_iter()
            .map(|rule| Rule { then: Then { lead: Some(key(lead)), also_assist: vec![key("a")], also_inform: vec![key("a")], ..rule.then }, ..rule })
            .collect();
        let kept = tried(rules, Layer::District);
        let (plan, explanation) = plan(&facts(), Some(&entry()), &settings(), &kept);
        let mut bodies: Vec<&BodyRef> = std::iter::once(&plan.lead).chain(&plan.assists).chain(&plan.informs).collect();
        let all = bodies.len();
        bodies.sort();
        bodies.dedup();
        prop_assert_eq!(bodies.len(), all);
        prop_assert!(plan.level >= Level::District);
        let bytes = serde_json::to_vec(&explanation).unwrap();
        let read: crate::Explanation = serde_json::from_slice(&bytes).unwrap();
        prop_assert_eq!(serde_json::to_vec(&recompute(&read)).unwrap(), bytes);
    }

    #[test]
    fn only_what_held_or_failed_is_kept_whole(rules in few_rules()) {
        for tried in tried(rules, Layer::Street) {
            prop_assert!(tried.verdict == Verdict::Held || tried.then.is_empty());
        }
    }
}
