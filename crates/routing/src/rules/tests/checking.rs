//! What is found in sets of rules, and that nothing is called idle that ever decides.

use std::collections::BTreeMap;

use super::super::check::{Finding, Kind, ListedItem, World, check, sleeping_leads};
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
    }
}

fn findings(rules: Vec<Rule>) -> Vec<Finding> {
    check(&Rules::compile(rules).unwrap(), Layer::Street, &world(), |_| {})
}

fn kinds(rules: Vec<Rule>) -> Vec<(Kind, Vec<String>)> {
    findings(rules).into_iter().map(|finding| (finding.kind, finding.rules)).collect()
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
    let sleeping: Vec<&str> = sleeping_leads(&world).into_iter().map(|(item, _)| item).collect();
    assert_eq!(sleeping, ["FAC-03"]);
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
