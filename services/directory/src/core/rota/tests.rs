//! Turns, hours and calendars of rotas, without a directory.

use std::collections::BTreeMap;

use contract::document::Name;
use serde_json::{Value, json};

use super::super::fault::Fault;
use super::*;

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

fn post() -> Post {
    let people: Vec<Value> = ["a", "b", "c", "d"].map(|subject| json!({ "subject": subject })).to_vec();
    let post = json!({ "name": { "zh": "值班室", "en": "Desk" }, "body": "street-centre@990102001000", "people": people });
    serde_json::from_value(post).unwrap()
}

/// Three crews, a week each, handed over on Mondays at nine; and what differs from that.
fn rota(differs: Value) -> Rota {
    let mut rota = json!({
        "name": { "zh": "街道值班", "en": "Street duty" }, "post": "desk", "starts": "2026-01-05", "handover": "09:00",
        "period_days": 7, "shifts": { "all": { "start": "09:00", "end": "09:00", "crews": [["a"], ["b"], ["c"]] } },
    });
    for (field, value) in differs.as_object().unwrap() {
        rota[field] = value.clone();
    }
    serde_json::from_value(rota).unwrap()
}

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

/// Who is there at each instant.
fn crews(rota: &Rota, at: &[&str]) -> Vec<String> {
    let post = post();
    let roster = Roster::read(rota, &post, zone("Asia/Shanghai")).unwrap();
    let crew = |at: &&str| {
        let turns = roster.on_duty(at.parse().unwrap());
        turns.iter().map(|turn| turn.crew.join("+")).collect::<Vec<_>>().join("|")
    };
    at.iter().map(crew).collect()
}

fn faults(rota: Rota, post: Post, zone: &TimeZone) -> Vec<String> {
    let (posts, rotas) = ([("desk".to_owned(), post)].into(), [("duty".to_owned(), rota)].into());
    let told = |fault: Fault| format!("{} {}: {}", fault.pointer, fault.code, fault.detail);
    check(&posts, &rotas, Some(zone)).into_iter().map(told).collect()
}

fn check_one(differs: Value) -> Vec<String> {
    faults(rota(differs), post(), &zone("Asia/Shanghai"))
}

/// Before the first handover nobody; then each crew to the last second of its week.
#[test]
fn a_weekly_rotation_has_no_gap_at_its_seam() {
    let seams = [
        "2026-01-05T08:59:59+08:00",
        "2026-01-05T09:00:00+08:00",
        "2026-01-12T08:59:59.999999999+08:00",
        "2026-01-12T09:00:00+08:00",
        "2026-01-19T09:00:00+08:00",
        "2026-01-26T08:59:59+08:00",
        "2026-01-26T09:00:00+08:00",
    ];
    assert_eq!(crews(&rota(json!({})), &seams), ["", "a", "a", "b", "c", "c", "a"]);
    assert_eq!(check_one(json!({})), [""; 0]);
}

#[test]
fn several_shifts_a_day_rotate_by_duty_days() {
    let shifts = json!({
        "day": { "start": "08:00", "end": "20:00", "crews": [["a", "b"], ["c"]] },
        "night": { "start": "20:00", "end": "02:00", "crews": [["d"], ["a"]] },
        "small-hours": { "start": "02:00", "end": "08:00", "crews": [["b"]] },
    });
    let rota = rota(json!({ "shifts": shifts, "period_days": 1, "handover": "08:00" }));
    let at = [
        "2026-01-05T12:00+08:00",
        "2026-01-05T20:00+08:00",
        "2026-01-06T01:59+08:00",
        "2026-01-06T02:00+08:00",
        "2026-01-06T08:00+08:00",
        "2026-01-06T23:00+08:00",
    ];
    assert_eq!(crews(&rota, &at), ["a+b", "d", "d", "b", "c", "a"]);
    assert_eq!(faults(rota, post(), &zone("Asia/Shanghai")), [""; 0]);
}

/// An override goes before a swap, and both before the turn.
#[test]
fn overrides_and_swaps_stand_for_their_days_only() {
    let differs = json!({
        "period_days": 1,
        "swaps": [{ "shift": "all", "day": "2026-01-05", "with": "2026-01-06" }],
        "overrides": [{ "shift": "all", "from": "2026-01-06", "until": "2026-01-07", "crew": ["d"] }],
    });
    let at = [
        "2026-01-05T10:00+08:00",
        "2026-01-06T10:00+08:00",
        "2026-01-08T08:59+08:00",
        "2026-01-08T09:00+08:00",
    ];
    assert_eq!(crews(&rota(differs.clone()), &at), ["b", "d", "d", "a"]);
    assert_eq!(check_one(differs), [""; 0]);
}

#[test]
fn gaps_and_overlaps_are_told_with_their_hours() {
    let shifts = |start: &str, end: &str| {
        json!({ "shifts": {
            "day": { "start": "09:00", "end": "18:00", "crews": [["a"]] },
            "night": { "start": start, "end": end, "crews": [["b"]] },
        }, "period_days": 1, "ends": "2026-01-05" })
    };
    assert_eq!(
        check_one(shifts("18:30", "09:00")),
        [
            "/spec/rotas/duty rota-gap: 2026-01-05T18:00+08:00 至 2026-01-05T18:30+08:00 无人值守 / nobody is on duty from 2026-01-05T18:00+08:00 to 2026-01-05T18:30+08:00"
        ]
    );
    assert_eq!(
        check_one(shifts("17:30", "09:00")),
        [
            "/spec/rotas/duty rota-overlap: 2026-01-05T17:30+08:00 至 2026-01-05T18:00+08:00 班次重叠 / shifts overlap from 2026-01-05T17:30+08:00 to 2026-01-05T18:00+08:00"
        ]
    );
    let mut office_hours = shifts("18:30", "09:00");
    office_hours["covers"] = json!([{ "start": "09:00", "end": "17:00" }]);
    assert_eq!(check_one(office_hours), [""; 0]);
}

/// A crew whose only person has left is nobody, for the whole of its next turn.
#[test]
fn who_has_left_the_post_leaves_a_gap() {
    let mut post = post();
    post.people[1].validity.valid_until = Some(day("2026-01-14"));
    let told = faults(rota(json!({ "ends": "2026-02-08" })), post, &zone("Asia/Shanghai"));
    let gap = |from: &str, until: &str| {
        format!(
            "/spec/rotas/duty rota-gap: {from} 至 {until} 无人值守 / nobody is on duty from {from} to {until}"
        )
    };
    assert_eq!(
        told,
        [
            gap("2026-01-15T09:00+08:00", "2026-01-19T09:00+08:00"),
            gap("2026-02-02T09:00+08:00", "2026-02-09T09:00+08:00"),
        ]
    );
    let instead = json!({ "overrides": [{ "shift": "all", "from": "2026-01-10", "until": "2026-01-10", "crew": [] }], "ends": "2026-01-31" });
    assert_eq!(check_one(instead), [gap("2026-01-10T09:00+08:00", "2026-01-11T09:00+08:00")]);
}

#[test]
fn faults_of_words_are_all_told_and_hours_then_not_counted() {
    let told = check_one(json!({
        "post": "desk", "handover": "9:00", "ends": "2026-01-04", "period_days": 0,
        "shifts": { "all": { "start": "25:00", "end": "09:00", "crews": [["nobody"], []] } },
        "overrides": [{ "shift": "none", "from": "2027-01-02", "until": "2027-01-01", "crew": ["x"] }],
        "swaps": [{ "shift": "all", "day": "2026-01-05", "with": "2026-01-05" }],
    }));
    let codes: Vec<&str> = told.iter().map(|fault| fault.split(':').next().unwrap()).collect();
    assert_eq!(
        codes,
        [
            "/spec/rotas/duty/handover bad-time",
            "/spec/rotas/duty/period_days out-of-range",
            "/spec/rotas/duty/ends empty-validity",
            "/spec/rotas/duty/shifts/all/start bad-time",
            "/spec/rotas/duty/shifts/all/crews empty-rota",
            "/spec/rotas/duty/shifts/all/crews/0/0 unknown-person",
            "/spec/rotas/duty/overrides/0/shift unknown-shift",
            "/spec/rotas/duty/overrides/0/until empty-validity",
            "/spec/rotas/duty/overrides/0 rota-day",
            "/spec/rotas/duty/overrides/0/crew/0 unknown-person",
            "/spec/rotas/duty/swaps/0 rota-day",
            "/spec/rotas/duty/swaps/0 rota-swap",
        ]
    );
}

/// The clocks of Berlin skip an hour on 29 March and repeat one on 25 October: the night of the one is an hour short,
/// that of the other an hour long, and nobody is missing in either.
#[test]
fn a_change_of_the_clocks_leaves_no_gap() {
    let berlin = zone("Europe/Berlin");
    let differs = json!({
        "starts": "2026-03-02", "handover": "02:30", "period_days": 1,
        "shifts": { "all": { "start": "02:30", "end": "02:30", "crews": [["a"], ["b"]] } },
    });
    assert_eq!(faults(rota(differs.clone()), post(), &berlin), [""; 0]);
    let (rota, post) = (rota(differs), post());
    let roster = Roster::read(&rota, &post, berlin).unwrap();
    let turns = roster.turns(day("2026-03-02"), day("2026-10-31"));
    assert!(turns.windows(2).all(|pair| pair[0].ends_at == pair[1].starts_at));
    let hours = |date: &str| {
        let turn = turns.iter().find(|turn| turn.day == day(date)).unwrap();
        (turn.ends_at.timestamp() - turn.starts_at.timestamp()).get_seconds() / 3_600
    };
    assert_eq!(
        [hours("2026-03-27"), hours("2026-03-28"), hours("2026-10-24"), hours("2026-10-25")],
        [24, 24, 24, 25]
    );
    assert_eq!(turns.iter().find(|turn| turn.day == day("2026-03-29")).unwrap().starts_at.hour(), 3);
}

#[test]
fn a_rota_is_found_out_again_after_a_swap_of_nothing_but_its_start() {
    let (rota, post) = (rota(json!({ "starts": "2030-01-07" })), post());
    let roster = Roster::read(&rota, &post, zone("Asia/Shanghai")).unwrap();
    let at: Timestamp = "2026-11-23T02:00:00Z".parse().unwrap();
    assert!(roster.on_duty(at).is_empty());
    assert_eq!(roster.next(at).unwrap().day, day("2030-01-07"));
}

fn unfolded(text: &str) -> String {
    text.replace("\r\n ", "")
}

#[test]
fn a_calendar_keeps_its_uids_and_folds_its_lines() {
    let crew: Vec<String> = (0..20).map(|n| format!("网格员{n};,\\")).collect();
    let mut post = post();
    post.people
        .extend(crew.iter().map(|subject| serde_json::from_value(json!({ "subject": subject })).unwrap()));
    let rota = rota(json!({ "shifts": { "all": { "start": "09:00", "end": "09:00", "crews": [crew] } } }));
    let roster = Roster::read(&rota, &post, zone("Asia/Shanghai")).unwrap();
    let name = Name { zh: "街道值班".into(), en: "Street duty".into() };
    let of = |generation| Calendar {
        tenant: "990102001000".parse().unwrap(),
        key: "duty",
        name: &name,
        generation,
        applied_at: "2026-01-01T00:00:00Z".parse().unwrap(),
    };
    let turns = roster.turns(day("2026-01-05"), day("2026-01-06"));
    let text = calendar(of(3), &turns);
    assert!(text.ends_with("END:VCALENDAR\r\n") && text.split("\r\n").all(|line| line.len() <= 75), "{text}");
    let lines = unfolded(&text);
    for line in [
        "UID:2026-01-05.all.duty.990102001000@streetwise",
        "SEQUENCE:3",
        "DTSTAMP:20260101T000000Z",
        "DTSTART:20260105T010000Z",
        "DTEND:20260106T010000Z",
    ] {
        assert!(lines.contains(&format!("\r\n{line}\r\n")), "{line} in {lines}");
    }
    assert!(lines.contains(r"网格员19\;\,\\"), "{lines}");
    let uids = |text: &str| {
        text.lines().filter(|line| line.starts_with("UID")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(uids(&text), uids(&calendar(of(4), &turns)));
}

#[test]
fn nothing_is_wrong_with_no_rota() {
    assert!(check(&BTreeMap::new(), &BTreeMap::new(), None).is_empty());
}
