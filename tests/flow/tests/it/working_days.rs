//! The shipped calendar before two outside judges: what the PyPI packages `chinesecalendar` and `holidays` hold for worked.
//!
//! Both were made by others from the State Council's notices, so a slip of ours in the list of days, or in what the list
//! means, shows on the very date. A year they do not know yet is not ours to publish either.

use std::path::Path;
use std::process::Command;

use contract::document::CalendarSpec;
use sla::Calendar;

const YEARS: [&str; 2] = ["2024", "2026"];

#[test]
fn two_outside_judges_hold_the_same_days_for_worked() {
    let calendar = calendar();
    let judged = judged();
    assert_eq!(judged.len(), 366 + 365 + 365);
    let differing = |(date, judges): &(String, [bool; 2])| {
        let ours = calendar.is_workday(date.parse().unwrap()).unwrap();
        let [chinesecalendar, holidays] = *judges;
        let told = format!("{date}: ours {ours}, chinesecalendar {chinesecalendar}, holidays {holidays}");
        (ours != chinesecalendar || ours != holidays).then_some(told)
    };
    let differing: Vec<String> = judged.iter().filter_map(differing).collect();
    assert!(differing.is_empty(), "{}", differing.join("\n"));
}

/// From the pack's file to the machine, the way it takes through the documents.
fn calendar() -> Calendar {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../packs/default/calendar.yaml");
    let spec: CalendarSpec = serde_saphyr::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    serde_json::from_value(serde_json::to_value(spec).unwrap()).unwrap()
}

/// Each date with what the two say.
fn judged() -> Vec<(String, [bool; 2])> {
    let modules = std::env::var("STREETWISE_WORKING_DAYS_MODULES")
        .expect("STREETWISE_WORKING_DAYS_MODULES is not set: run it by ./dev test -p flow");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("working-days/judges.py");
    let output = Command::new("python3").env("PYTHONPATH", modules).arg(script).args(YEARS).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let line = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        let [date, first, second] = words[..] else { panic!("three words, not {line:?}") };
        (date.to_owned(), [first == "1", second == "1"])
    };
    String::from_utf8(output.stdout).unwrap().lines().map(line).collect()
}
