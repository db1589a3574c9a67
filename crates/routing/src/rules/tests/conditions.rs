//! What a condition may say, what is refused, and that closures and the interpreter agree.

use super::super::{Condition, Event, Moment, Unsound};
use super::{conditions, event, matters};
use proptest::prelude::*;

fn holds(when: &str) -> Result<bool, &'static str> {
    Condition::compile(when).unwrap_or_else(|unsound| panic!("{when}: {unsound}")).holds(&event())
}

#[test]
fn the_bus_line_asks_for_households_and_working_hours() {
    assert_eq!(holds("households >= 1000 && workday && hour in [9, 10, 11]"), Ok(true));
    assert_eq!(holds("households > 3000 || lane == 'urgent'"), Ok(false));
    assert_eq!(holds("text.contains('306') && community == '990102001003'"), Ok(true));
    assert_eq!(holds("households / 1000 == 3 ? workday : false"), Ok(true));
    assert_eq!(holds(""), Ok(true));
}

#[test]
fn what_is_unsound_is_refused_with_what_to_write() {
    let unsound = |when: &str| Condition::compile(when).map(|_| ()).unwrap_err();
    assert_eq!(unsound("housholds > 3"), Unsound::UnknownField("housholds".to_owned()));
    assert_eq!(unsound("text.lowerAscii() == 'x'"), Unsound::UnknownFunction("lowerAscii".to_owned()));
    assert!(matches!(unsound("hour == 'ten'"), Unsound::Unlike { field: "hour", is: "a whole number", .. }));
    assert!(matches!(unsound("item == 3"), Unsound::Unlike { field: "item", .. }));
    assert!(
        matches!(unsound("hour && drill"), Unsound::Unlike { field: "hour", with, .. } if with == "true or false")
    );
    assert!(matches!(unsound("hour in [1, 'x']"), Unsound::Unlike { .. }));
    assert!(matches!(unsound("text.matches('(')"), Unsound::Pattern(_)));
    assert!(matches!(unsound("hour >"), Unsound::Syntax(_)));
    assert!(matches!(unsound("hour + 1"), Unsound::NotBoolean(_)));
    assert_eq!(unsound(&"(".repeat(40)), Unsound::TooDeep);
    assert_eq!(unsound(&format!("0{} == 0", "+0".repeat(900))), Unsound::TooDeep);
    assert!(Condition::compile(&format!("item in [{}]", vec!["'TRA-01'"; 150].join(", "))).is_ok());
    for unusual in ["text == r'\\'", "hour > 3 // x", "text == '''x'''", "text == b'x'"] {
        assert_eq!(unsound(unusual), Unsound::Unusual, "{unusual}");
    }
    let looped = "[0, 1].all(hour, [0, 1].all(minute, true))";
    assert!(matches!(unsound(looped), Unsound::Form(_) | Unsound::UnknownFunction(_)), "{looped}");
    assert!(matches!(unsound("[text].map(text, text + text).size() == 1"), Unsound::Form(_)));
    assert!(matches!(unsound("{'a': 1}.a == hour"), Unsound::Form(_)));
    assert!(matches!(unsound("text.matches('a') == true"), Unsound::Form(_)));
    assert_eq!(unsound("1000 / households > 3"), Unsound::NotBoolean("divided-by-zero".to_owned()));
    assert_eq!(unsound(&"x".repeat(3_000)), Unsound::TooLong);
}

#[test]
fn a_further_layer_is_asked_for_by_layer_and_code() {
    let layers = ["fire-zone/7".to_owned(), "police-beat/B-3".to_owned()];
    let event = Event { layers: &layers, ..event() };
    for (when, expected) in [
        ("'police-beat/B-3' in layers", true),
        ("'police-beat/B-30' in layers", false),
        ("!('fire-zone/7' in layers) || grid == ''", false),
        ("size(layers) == 2", true),
    ] {
        let condition = Condition::compile(when).unwrap();
        assert_eq!(condition.holds(&event), Ok(expected), "{when}");
        assert_eq!(condition.is_closure(), !when.contains("size"), "{when}");
    }
    let unsound = |when: &str| Condition::compile(when).map(|_| ()).unwrap_err();
    for named in ["B-3", "police-beat", "grid/990102001003001", "community/990102001003", "beat/", "Beat/x"] {
        assert_eq!(unsound(&format!("'{named}' in layers")), Unsound::NoFeature(named.to_owned()));
    }
    assert!(matches!(unsound("layers == 'police-beat/B-3'"), Unsound::Unlike { field: "layers", .. }));
    assert!(matches!(unsound("layers.contains('B-3')"), Unsound::Unlike { field: "layers", .. }));
    assert!(matches!(unsound("3 in layers"), Unsound::Unlike { field: "layers", .. }));
}

#[test]
fn what_nobody_knows_is_nothing_unless_the_rest_decides() {
    let unpublished = Event { moment: Moment { workday: None, ..event().moment }, ..event() };
    for (when, expected) in [
        ("workday", Err("unknown-fact")),
        ("!workday", Err("unknown-fact")),
        ("workday && hour == 10", Err("unknown-fact")),
        ("workday && hour == 11", Ok(false)),
        ("workday || hour == 10", Ok(true)),
        ("hour == 10 || workday", Ok(true)),
    ] {
        assert_eq!(Condition::compile(when).unwrap().holds(&unpublished), expected, "{when}");
        assert_eq!(Condition::interpreted(when).unwrap().holds(&unpublished), expected, "interpreted {when}");
    }
}

#[test]
fn a_fault_at_run_time_is_a_word_without_the_report() {
    let condition = Condition::compile("1000 / (households - 7) > 3").unwrap();
    let seven = Event { households: 7, ..event() };
    assert_eq!(condition.holds(&seven), Err("divided-by-zero"));
    assert_eq!(condition.holds(&Event { households: 100, ..event() }), Ok(true));
}

proptest! {
    #[test]
    fn both_ways_of_evaluating_agree(when in conditions(false), matter in matters()) {
        let condition = Condition::compile(&when).unwrap();
        prop_assert!(condition.is_closure(), "{}", when);
        prop_assert_eq!(condition.holds(&matter.event()), Condition::interpreted(&when).unwrap().holds(&matter.event()), "{}", when);
    }

    #[test]
    fn any_text_is_answered_without_panic(when in "\\PC{0,60}") {
        let _ = Condition::compile(&when);
    }

    #[test]
    fn any_tokens_are_answered_without_panic(
        tokens in prop::collection::vec(prop::sample::select(vec![
            "hour", "text", "workday", "(", ")", "[", "]", "&&", "||", "!", "==", "in", "1", "'x'", ".", "contains", ",",
            "?", ":", "-", "has", "{", "}", "exists", "9223372036854775808", "1.5", "null",
        ]), 0..24)
    ) {
        let _ = Condition::compile(&tokens.join(" "));
    }
}
