//! What rules make of plans: guards, faults, shadows; and that the table is reading from top to bottom.

use super::super::{Circumstances, Event, Found, Layer, Repetition, Rule, Rules, Then, Tried, Verdict};
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
        assigned: None,
        ladder: Vec::new(),
        circumstances: Some(Circumstances {
            category: event.category.to_owned(),
            grid: event.grid.to_owned(),
            layers: Some(event.layers.to_vec()),
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

/// What may be mortal danger stays in haste whatever a street writes; its district, whose list it is, may say otherwise.
#[test]
fn an_emergency_is_not_lowered_by_a_street() {
    let lower =
        || Rule { then: Then { priority: Some(Priority::P4), ..Then::default() }, ..rule("later", &[], "") };
    let of = |listed: Priority, layer: Layer| {
        let entry = Entry { priority: listed, ..entry() };
        let (plan, explanation) = plan(&facts(), Some(&entry), &settings(), &tried(vec![lower()], layer));
        assert_eq!(recompute(&explanation), explanation);
        (plan.priority, explanation.steps.iter().any(|step| step.rule == "rule.emergency"))
    };
    assert_eq!(of(Priority::P1, Layer::Street), (Priority::P1, true));
    assert_eq!(of(Priority::P2, Layer::Street), (Priority::P4, false));
    assert_eq!(of(Priority::P1, Layer::District), (Priority::P4, false));
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

#[test]
fn what_came_three_times_before_is_asked_for_and_told() {
    let often = rule("often", &["TRA-01"], "repeats >= 3 && voices > 5");
    let rules = Rules::compile([often]).unwrap();
    let planned = |cases: u32, voices: u32| {
        let mut facts = facts();
        let repetition = Some(Repetition { cases, voices, days: 30 });
        facts.circumstances.as_mut().unwrap().repetition = repetition;
        let kept = Tried::of(&rules, Layer::Street, &facts.event().unwrap(), &seat_of);
        plan(&facts, Some(&entry()), &settings(), &kept)
    };
    let (again, explanation) = planned(3, 7);
    assert_eq!(again.policy, "often");
    let step = explanation.steps.iter().find(|step| step.rule == "place.repeated").unwrap();
    assert_eq!(step.zh, "同一事项30日内在此处已立案3件，连同本件共7次上报");
    let text = serde_json::to_string(&explanation).unwrap();
    assert!(text.contains(r#""repetition":{"cases":3,"voices":7,"days":30}"#), "{text}");
    assert_eq!(recompute(&explanation), explanation);
    assert_eq!((planned(3, 5).0.policy, planned(2, 9).0.policy), ("item".to_owned(), "item".to_owned()));
    assert!(planned(0, 1).1.steps.iter().all(|step| step.rule != "place.repeated"));
}

/// What was kept before a field was there is read, and is what it was.
#[test]
fn circumstances_of_another_build_are_read_and_written_as_they_were() {
    let known = facts().circumstances.unwrap();
    let text = serde_json::to_string(&known).unwrap();
    assert!(!text.contains("repetition"), "{text}");
    let facts = Facts { circumstances: Some(serde_json::from_str(&text).unwrap()), ..facts() };
    let event = facts.event().unwrap();
    assert_eq!((event.repeats, event.voices), (0, 1));
}

fn leads(name: &str, order: u32, when: &str, lead: &str) -> Rule {
    let then = Then { lead: Some(key(lead)), ..Then::default() };
    Rule { order, then, ..rule(name, &["TRA-01"], when) }
}

fn names(bodies: &[BodyRef]) -> Vec<String> {
    bodies.iter().map(ToString::to_string).collect()
}

#[test]
fn of_several_leads_of_one_order_the_first_leads_and_the_others_assist() {
    let rules = vec![
        leads("a", 0, "households < 3", "nobody-asks"),
        leads("b", 0, "", "water"),
        leads("c", 0, "workday", "roads"),
        leads("d", 0, "hour == 3", "asleep"),
        leads("f", 0, "", "water"),
        leads("g", 1, "", "later"),
    ];
    let kept = tried(rules, Layer::District);
    let (plan, explanation) = plan(&facts(), Some(&entry()), &settings(), &kept);
    assert_eq!(plan.lead.to_string(), "water");
    assert_eq!(names(&plan.assists), ["bus-company", "roads"]);
    let told: Vec<&str> = explanation.steps.iter().map(|step| step.rule.as_str()).collect();
    let step = explanation.steps.iter().find(|step| step.rule == "lead.contended").unwrap();
    assert_eq!(told.iter().filter(|rule| **rule == "lead.contended").count(), 1, "{told:?}");
    assert!(step.zh.ends_with("依规则次序由单位water主办，单位roads协办"), "{}", step.zh);
    assert!(step.en.contains("rule c"), "{}", step.en);
    let bytes = serde_json::to_vec(&explanation).unwrap();
    let read: crate::Explanation = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(serde_json::to_vec(&recompute(&read)).unwrap(), bytes);
}

#[test]
fn a_contender_that_cannot_be_told_takes_nothing_away() {
    let faulty = leads("b", 0, "1 / (households - 7) > 0", "roads");
    let rules = Rules::compile([leads("a", 0, "", "water"), faulty]).unwrap();
    let kept = Tried::of(&rules, Layer::District, &Event { households: 7, ..event() }, &seat_of);
    assert_eq!(kept.iter().map(|tried| tried.key.as_str()).collect::<Vec<_>>(), ["a"]);
}

#[test]
fn a_contender_brings_its_lead_and_nothing_else_of_what_it_says() {
    let first = leads("a", 5, "", "water");
    let then = Then {
        lead: Some(key("roads")),
        policy: Some("fast".to_owned()),
        also_inform: vec![key("paper")],
        ..Then::default()
    };
    let second = Rule { then, ..leads("b", 5, "", "roads") };
    let gone = leads("c", 5, "", "nobody");
    let kept = tried(vec![first, second, gone], Layer::Street);
    let (plan, explanation) = plan(&facts(), Some(&entry()), &settings(), &kept);
    assert_eq!((plan.policy.as_str(), plan.informs.len()), ("item", 0));
    assert_eq!(names(&plan.assists), ["bus-company", "roads"]);
    assert!(explanation.steps.iter().any(|step| step.rule == "rule.unplaced" && step.en.contains("nobody")));
    // One that names no lead has nobody to give way to.
    let quiet = rule("a", &["TRA-01"], "");
    let kept = tried(vec![quiet, leads("b", 0, "", "roads")], Layer::Street);
    assert_eq!(kept.len(), 1);
}

#[test]
fn each_thing_a_rule_says_is_done() {
    let with = |then: Then<BodyKey>| {
        let kept = tried(vec![Rule { then, ..rule("r", &[], "") }], Layer::District);
        plan(&facts(), Some(&Entry { level: Level::Community, ..entry() }), &settings(), &kept).0
    };
    let said = Then::<BodyKey>::default;
    let plain = with(said());
    assert_eq!((plain.lead.to_string().as_str(), plain.level), ("transport", Level::District));
    assert_eq!(with(Then { lead: Some(key("water")), ..said() }).lead.to_string(), "water");
    assert_eq!(names(&with(Then { assists: Some(vec![key("a")]), ..said() }).assists), ["a"]);
    assert_eq!(names(&with(Then { assists: Some(vec![]), ..said() }).assists), Vec::<String>::new());
    assert_eq!(names(&with(Then { also_assist: vec![key("a")], ..said() }).assists), ["bus-company", "a"]);
    assert_eq!(names(&with(Then { also_inform: vec![key("a")], ..said() }).informs), ["a"]);
    assert_eq!(with(Then { policy: Some("slow".to_owned()), ..said() }).policy, "slow");
    assert_eq!(with(Then { priority: Some(Priority::P4), ..said() }).priority, Priority::P4);
    let own = Entry {
        level: Level::Community,
        lead: Some(seat("street-office@990102001000", Level::Street)),
        assists: vec![],
        ..entry()
    };
    let level = |level: Option<Level>| {
        let then = Then { level, priority: Some(Priority::P2), ..said() };
        let kept = tried(vec![Rule { then, ..rule("r", &[], "") }], Layer::District);
        plan(&facts(), Some(&own), &settings(), &kept).0.level
    };
    assert_eq!((level(None), level(Some(Level::District))), (Level::Street, Level::District));
    assert_eq!(level(Some(Level::Community)), Level::Street, "never lower than who leads");
}

#[test]
fn of_many_shadow_rules_twenty_are_kept() {
    let shadow = |number: usize| Rule { shadow: true, ..rule(&format!("s{number:02}"), &[], "workday") };
    let passed = |number: usize| Rule { shadow: true, ..rule(&format!("p{number:02}"), &[], "hour == 3") };
    let rules: Vec<Rule> = (0..30).map(shadow).chain((0..60).map(passed)).collect();
    let kept = tried(rules, Layer::District);
    let held: Vec<&str> =
        kept.iter().filter(|tried| tried.verdict == Verdict::Held).map(|tried| tried.key.as_str()).collect();
    assert_eq!((held.len(), held.first(), held.last()), (20, Some(&"s00"), Some(&"s19")));
    // Once the bound is reached no shadow rule is kept; the rules that count are, whatever comes beside.
    assert_eq!(kept.len(), 20);
    let active = rule("active", &[], "");
    let many: Vec<Rule> = (0..30).map(shadow).chain([active]).collect();
    assert!(tried(many, Layer::District).iter().any(|tried| tried.key == "active"));
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

    /// Whatever rules of one order contend, one leads: who leads without the others.
    #[test]
    fn contenders_take_the_lead_from_nobody(
        rules in few_rules(),
        leads in prop::collection::vec(prop::sample::select(vec!["a", "b", "c", "nobody", "street-office"]), 12),
        orders in prop::collection::vec(0_u32..2, 12),
    ) {
        let mut rules: Vec<Rule> = rules
            .into_iter()
            .zip(leads.iter().zip(&orders))
            .map(|(rule, (lead, order))| Rule {
                order: *order,
                then: Then { lead: Some(key(lead)), ..Then::default() },
                ..rule
            })
            .collect();
        rules.sort_by_key(|rule| rule.order);
        let kept = tried(rules, Layer::District);
        let first: Vec<Tried> = kept.iter().filter(|tried| !tried.contends).cloned().collect();
        let (plan_of_all, explanation) = plan(&facts(), Some(&entry()), &settings(), &kept);
        let (alone, _) = plan(&facts(), Some(&entry()), &settings(), &first);
        prop_assert_eq!(&plan_of_all.lead, &alone.lead);
        prop_assert_eq!(&plan_of_all.assists[..alone.assists.len()], &alone.assists[..]);
        let named: Vec<&BodyRef> = std::iter::once(&plan_of_all.lead).chain(&plan_of_all.assists).collect();
        for seat in kept.iter().filter(|tried| tried.contends).filter_map(|tried| tried.then.lead.as_ref()) {
            prop_assert!(named.contains(&&seat.body));
        }
        prop_assert_eq!(recompute(&explanation), explanation);
    }

    #[test]
    fn only_what_held_or_failed_is_kept_whole(rules in few_rules()) {
        for tried in tried(rules, Layer::Street) {
            prop_assert!(tried.verdict == Verdict::Held || tried.then.is_empty());
        }
    }
}
