//! What is found in sets of rules, and that nothing is called idle that ever decides.

use std::collections::BTreeMap;

use super::super::check::{Effort, Finding, Kind, ListedItem, World, check, sleeping_leads};
use super::super::{Found, Layer, Rule, Rules, Then};
use super::{conditions, few_items, few_places, matters, rule, tenant};
use proptest::prelude::*;

fn world() -> World {
    let item = |category: &str, lead: &str, day_and_night| ListedItem {
        category: category.to_owned(),
        lead: lead.parse().unwrap(),
        day_and_night,
    };
    let items = [
        ("FAC-03", item("FAC", "sleeper", true)),
        ("IOT-01", item("IOT", "watcher", true)),
        ("TRA-01", item("TRA", "sleeper", false)),
        ("TRA-02", item("TRA", "watcher", false)),
    ];
    World {
        items: items.into_iter().map(|(code, item)| (code.to_owned(), item)).collect::<BTreeMap<_, _>>(),
        street: Some(tenant("990102001000")),
        communities: vec![tenant("990102001003")],
        awake: [("watcher".parse().unwrap())].into(),
        policies: [("round-the-clock".to_owned(), true), ("by-day".to_owned(), false)].into(),
        features: Some(["police-beat/B-1", "police-beat/B-2"].map(str::to_owned).into()),
    }
}

fn findings(rules: Vec<Rule>) -> Vec<Finding> {
    check(&Rules::compile(rules).unwrap(), Layer::Street, &world(), &mut Effort::thorough(), |_| {})
}

fn kinds(rules: Vec<Rule>) -> Vec<(Kind, Vec<String>)> {
    findings(rules).into_iter().map(|finding| (finding.kind, finding.rules)).collect()
}

/// How many findings of a kind there are.
fn of(kind: Kind, rules: Vec<Rule>) -> usize {
    findings(rules).into_iter().filter(|finding| finding.kind == kind).count()
}

fn keys(keys: &[&str]) -> Vec<String> {
    keys.iter().map(|key| (*key).to_owned()).collect()
}

#[test]
fn a_condition_that_never_holds_is_dead() {
    let dead = rule("never", &["TRA-01"], "hour >= 18 && hour < 8");
    assert_eq!(kinds(vec![dead]), [(Kind::Dead, keys(&["never"]))]);
    let night = rule("night", &["TRA-01"], "hour >= 18 || hour < 8");
    assert_eq!(kinds(vec![night]), []);
}

#[test]
fn a_rule_behind_wider_ones_is_shadowed_with_an_example() {
    let day = rule("day", &["TRA-01"], "hour < 12");
    let evening = rule("evening", &["TRA-01"], "hour >= 12");
    let many = rule("many", &["TRA-01"], "households > 100");
    let found = findings(vec![day, evening, many]);
    assert_eq!((found[0].kind, &found[0].rules), (Kind::Shadowed, &keys(&["many", "day", "evening"])));
    assert_eq!(found[0].example.as_ref().unwrap().households, 101);
    assert_eq!(found.len(), 1);
}

#[test]
fn two_that_hold_at_once_and_differ_overlap_unless_one_is_the_special_case() {
    let many = rule("many", &["TRA-01"], "households > 100");
    let night = rule("night", &["TRA-01"], "hour >= 22");
    let found = findings(vec![many.clone(), night]);
    assert_eq!((found[0].kind, &found[0].rules), (Kind::Overlap, &keys(&["night", "many"])));
    let example = found[0].example.as_ref().unwrap();
    assert!(example.households > 100 && example.moment.minute >= 22 * 60);
    let all = rule("all", &["TRA-01"], "");
    assert_eq!(kinds(vec![many, all]), []);
}

#[test]
fn rules_that_divide_an_item_tell_what_they_leave_out() {
    let day = rule("day", &["TRA-02"], "hour >= 8 && hour < 18");
    let night = rule("night", &["TRA-02"], "hour >= 19 || hour < 8");
    let found = findings(vec![day, night]);
    assert_eq!((found[0].kind, &found[0].rules), (Kind::Gap, &keys(&["day", "night"])));
    assert_eq!(found[0].example.as_ref().unwrap().moment.minute / 60, 18);
}

#[test]
fn leads_without_night_duty_and_unknown_items_are_told() {
    let then = Then { lead: Some("sleeper".parse().unwrap()), ..Then::default() };
    let asleep = Rule { then, ..rule("asleep", &["IOT-01"], "") };
    assert_eq!(kinds(vec![asleep]), [(Kind::NightHolder, keys(&["asleep"]))]);
    assert_eq!(kinds(vec![rule("gone", &["ZZZ-01"], "")]), [(Kind::UnknownItem, keys(&["gone"]))]);
    let world = world();
    let sleeping = sleeping_leads(&world, Layer::District);
    assert_eq!(sleeping.len(), 1);
    assert_eq!(sleeping[0].example.as_ref().map(|example| example.item.as_str()), Some("FAC-03"));
    assert!(sleeping[0].en.contains("the order stays with that body"), "{}", sleeping[0].en);
}

#[test]
fn a_rule_about_every_item_or_another_policy_may_leave_one_to_who_sleeps() {
    let lead = |key: &str| Then { lead: Some(key.parse().unwrap()), ..Then::default() };
    let policy = |key: &str| Then { policy: Some(key.to_owned()), ..Then::default() };
    let told = |items: &[&str], when: &str, then: &Then<ids::BodyKey>| {
        let found = findings(vec![Rule { then: then.clone(), ..rule("r", items, when) }]);
        found.into_iter().find(|finding| finding.kind == Kind::NightHolder).map(|finding| finding.example)
    };
    let wide = told(&[], "category == 'IOT'", &lead("sleeper")).unwrap().unwrap();
    assert_eq!(wide.item, "IOT-01");
    assert!(!(8..20).contains(&(wide.moment.minute / 60)), "{wide:?}");
    assert!(told(&[], "category == 'TRA'", &lead("sleeper")).is_none(), "none of them counts day and night");
    let clock = told(&["TRA-01"], "", &policy("round-the-clock")).unwrap().unwrap();
    assert_eq!(clock.item, "TRA-01");
    assert!(told(&["TRA-02"], "", &policy("round-the-clock")).is_none(), "its lead is awake");
    assert!(told(&["FAC-03"], "", &policy("round-the-clock")).is_none(), "the list says so by itself");
    let by_day = Then { policy: Some("by-day".to_owned()), ..lead("sleeper") };
    assert!(told(&["IOT-01"], "", &by_day).is_none());
    assert_eq!(
        told(&["IOT-01"], "text.matches('^x{3}$')", &lead("sleeper")),
        Some(None),
        "no example is found"
    );
    assert!(told(&["IOT-01"], "hour > 23", &lead("sleeper")).is_none(), "it never holds");
}

#[test]
fn findings_show_an_event_where_there_is_one() {
    let dead = findings(vec![rule("never", &["TRA-01"], "hour > 23")]);
    assert_eq!(dead[0].example.as_ref().unwrap().item, "TRA-01");
    let gone = findings(vec![rule("gone", &["TRA-01", "ZZZ-01"], "households > 9")]);
    let example = gone[0].example.as_ref().unwrap();
    assert_eq!((gone[0].kind, example.item.as_str(), example.households), (Kind::UnknownItem, "ZZZ-01", 10));
}

#[test]
fn one_rule_that_takes_all_shadows_what_searches_texts() {
    let all = rule("all", &["TRA-01"], "");
    let bus = rule("bus", &["TRA-01"], "text.contains('306')");
    let found = findings(vec![all.clone(), bus.clone()]);
    assert_eq!((found[0].kind, &found[0].rules), (Kind::Shadowed, &keys(&["bus", "all"])));
    assert_eq!(found[0].example.as_ref().unwrap().text, "306");
    let both = rule("both", &["TRA-01", "TRA-02"], "text.contains('306')");
    assert_eq!(of(Kind::Shadowed, vec![all.clone(), both]), 0, "of the other item it decides");
    let here = Rule { places: vec![tenant("990102001000")], ..all.clone() };
    assert_eq!(of(Kind::Shadowed, vec![here.clone(), bus.clone()]), 0, "elsewhere it decides");
    let within = Rule { places: vec![tenant("990102001003")], ..bus.clone() };
    assert_eq!(kinds(vec![here, within])[0], (Kind::Shadowed, keys(&["bus", "all"])));
    // One that searches texts hides nothing of what others take.
    let day = rule("day", &["TRA-01"], "hour < 12");
    let noon = rule("noon", &["TRA-01"], "hour >= 12");
    let many = rule("many", &["TRA-01"], "households > 100");
    let found = kinds(vec![bus, day, noon, many]);
    assert!(found.contains(&(Kind::Shadowed, keys(&["many", "day", "noon"]))), "{found:?}");
}

#[test]
fn what_a_street_has_not_drawn_is_told() {
    let misspelt = rule("misspelt", &["TRA-01"], "'police-beat/B1' in layers");
    assert_eq!(kinds(vec![misspelt]), [(Kind::UnknownFeature, keys(&["misspelt"]))]);
}

#[test]
fn what_is_left_open_is_said() {
    let mut rules: Vec<Rule> = (0..70)
        .map(|n| rule(&format!("r{n:02}"), &["TRA-01"], &format!("households == {}", n * 3)))
        .collect();
    assert_eq!(kinds(rules[..20].to_vec()).iter().filter(|(kind, _)| *kind == Kind::Unfinished).count(), 0);
    let found = kinds(rules.clone());
    let open = found.iter().find(|(kind, _)| *kind == Kind::Unfinished).unwrap();
    assert!(open.1.contains(&"r69".to_owned()), "{open:?}");
    rules.truncate(1);
    let wide = "month in [2, 4, 6, 8] && weekday in [2, 4] && hour in [3, 9, 15, 21] && households in [5, 20, 80] \
                && voices == 4 && voices == 6";
    rules.push(rule("wide", &["TRA-02"], wide));
    assert_eq!(kinds(rules), [(Kind::Unfinished, keys(&["wide"]))]);
}

#[test]
fn rules_of_a_place_leave_gaps_there_and_rules_of_another_place_fill_none() {
    let here = |rule: Rule| Rule { places: vec![tenant("990102001003")], ..rule };
    let morning = rule("morning", &["TRA-02"], "hour < 12");
    let afternoon = rule("afternoon", &["TRA-02"], "hour >= 13");
    let found = findings(vec![here(morning.clone()), here(afternoon.clone())]);
    assert_eq!((found[0].kind, &found[0].rules), (Kind::Gap, &keys(&["morning", "afternoon"])));
    let example = found[0].example.as_ref().unwrap();
    assert_eq!((example.community, example.moment.minute / 60), (Some(tenant("990102001003")), 12));
    let elsewhere = Rule { places: vec![tenant("990102002000")], ..rule("elsewhere", &[], "") };
    assert_eq!(of(Kind::Gap, vec![morning.clone(), afternoon.clone(), elsewhere]), 1);
    let noon = rule("noon", &[], "hour == 12");
    assert_eq!(of(Kind::Gap, vec![here(morning), here(afternoon), noon]), 0);
}

#[test]
fn layers_divide_an_item_and_are_shown() {
    let one = rule("one", &["TRA-02"], "'police-beat/B-1' in layers");
    let two = rule("two", &["TRA-02"], "!('police-beat/B-1' in layers) && 'police-beat/B-2' in layers");
    let found = findings(vec![one.clone(), two]);
    assert_eq!((found[0].kind, &found[0].rules), (Kind::Gap, &keys(&["one", "two"])));
    assert_eq!(found[0].example.as_ref().unwrap().layers.len(), 0);
    let never = rule("never", &["TRA-01"], "'police-beat/B-1' in layers && !('police-beat/B-1' in layers)");
    assert_eq!(kinds(vec![never]), [(Kind::Dead, keys(&["never"]))]);
    let again = rule("again", &["TRA-02"], "'police-beat/B-1' in layers && hour < 5");
    let found = findings(vec![one, again]);
    assert_eq!(found[0].kind, Kind::Shadowed);
    assert_eq!(found[0].example.as_ref().unwrap().layers, ["police-beat/B-1"]);
}

#[test]
fn every_item_category_and_text_has_another_one() {
    for live in
        ["category != 'FAC'", "category == 'TRA' && item != 'TRA-01'", "text != ''", "item != 'TRA-01'"]
    {
        assert_eq!(kinds(vec![rule("live", &[], live)]), [], "{live}");
    }
    let narrow = rule("narrow", &["FAC-03"], "");
    let wide = rule("wide", &[], "households >= 1000");
    let dead_or_shadowed = |rules| kinds(rules).into_iter().any(|(kind, _)| kind != Kind::Overlap);
    assert!(!dead_or_shadowed(vec![narrow, wide.clone()]));
    let near = Rule { places: vec![tenant("990102001003")], ..rule("near", &["FAC-03"], "") };
    assert!(!dead_or_shadowed(vec![near, wide]));
}

#[test]
fn what_a_wider_rule_takes_is_no_gap() {
    let day = rule("day", &["TRA-02"], "hour < 8");
    let night = rule("night", &["TRA-02"], "hour >= 18");
    let rest = rule("rest", &[], "");
    assert_eq!(kinds(vec![day, night, rest]), []);
}

#[test]
fn what_a_place_repeats_divides_an_item_and_is_bounded() {
    let often = rule("often", &["TRA-02"], "repeats >= 3");
    let seldom = rule("seldom", &["TRA-02"], "repeats < 2");
    let found = findings(vec![often.clone(), seldom]);
    assert_eq!((found[0].kind, &found[0].rules), (Kind::Gap, &keys(&["often", "seldom"])));
    assert_eq!(found[0].example.as_ref().unwrap().repeats, 2);
    assert_eq!(found[0].example.as_ref().unwrap().voices, 3, "each had a reporter, and so has this one");
    let beyond = rule("beyond", &["TRA-02"], "repeats > 100");
    assert_eq!(kinds(vec![beyond]), [(Kind::Dead, keys(&["beyond"]))]);
    let lonely = rule("lonely", &["TRA-02"], "repeats >= 5 && voices <= 5");
    assert_eq!(kinds(vec![lonely]), [(Kind::Dead, keys(&["lonely"]))]);
    let loud = rule("loud", &["TRA-02"], "voices >= 10");
    let both = kinds(vec![often, loud]);
    assert_eq!(both, [(Kind::Overlap, keys(&["loud", "often"]))]);
}

#[test]
fn an_overlap_of_one_order_with_two_leads_says_who_assists() {
    let lead = |key: &str, order, when: &str| {
        let then = Then { lead: Some("watcher".parse().unwrap()), ..Then::default() };
        let then = if key == "night" { Then { lead: Some("other".parse().unwrap()), ..then } } else { then };
        Rule { order, then, ..rule(key, &["TRA-01"], when) }
    };
    let overlap = |order| {
        let found = findings(vec![lead("many", 0, "households > 100"), lead("night", order, "hour >= 22")]);
        found.into_iter().find(|finding| finding.kind == Kind::Overlap).unwrap().zh
    };
    assert!(overlap(0).ends_with("后者所指单位协办"), "{}", overlap(0));
    assert!(overlap(1).ends_with("以前者为准"), "{}", overlap(1));
}

#[test]
fn nothing_is_concluded_from_texts_that_are_searched() {
    assert_eq!(kinds(vec![rule("odd", &["TRA-01"], "text.matches('[0-9]{3}路')")]), []);
}

proptest! {
    /// What is called dead or shadowed never decides, whatever comes.
    #[test]
    fn what_is_called_dead_or_shadowed_never_decides(
        drafts in prop::collection::vec((conditions(false), few_items(), few_places()), 1..5),
        events in prop::collection::vec(matters(), 40),
    ) {
        let rule = |(position, (when, items, places)): (usize, &(String, Vec<&str>, Vec<&str>))| Rule {
            places: places.iter().map(|place| tenant(place)).collect(),
            ..rule(&format!("r{position}"), items, when)
        };
        let rules: Vec<Rule> = drafts.iter().enumerate().map(rule).collect();
        let table = Rules::compile(rules.clone()).unwrap();
        let idle: Vec<String> = findings(rules)
            .into_iter()
            .filter(|finding| matches!(finding.kind, Kind::Dead | Kind::Shadowed))
            .map(|finding| finding.rules[0].clone())
            .collect();
        for matter in &events {
            if let Found::Rule(rule) = table.find(&matter.event()) {
                prop_assert!(!idle.contains(&rule.key), "{} decides {:?}", rule.key, matter);
            }
        }
    }
}
