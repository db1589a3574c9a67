//! Each way in which clocks may go wrong is told, and nothing else is.

use contract::proto::to_wire;
use rstest::rstest;

use super::*;

fn minute(n: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + n * 60).unwrap()
}

fn stage(due: i64) -> wire::StageState {
    wire::StageState { stage: "resolve".to_owned(), due_at: Some(to_wire(minute(due))), ..Default::default() }
}

/// As all of it is written in one transaction: due after an hour, looked at after forty minutes for a warning.
fn order(stages: Vec<wire::StageState>, suspended_until: Option<i64>) -> Subject {
    let row = |told: &wire::StageState| Row {
        stage: told.stage.clone(),
        due_at: told.due_at.as_ref().and_then(from_wire),
        awaiting_year: told.awaiting_year,
        calendar: (told.awaiting_year > 0).then(|| "cn-official".to_owned()),
        verdict: told.verdict.clone(),
        met_at: told.met_at.as_ref().and_then(from_wire),
    };
    let rows = stages.iter().map(row).collect();
    let suspended_until = suspended_until.map(|until| to_wire(minute(until)));
    let order = wire::OrderState { stages, suspended_until, ..Default::default() };
    let event = wire::OrderEvent { order: Some(order), ..Default::default() };
    Subject {
        tenant: TenantId::from_i64(990_102_001_000).unwrap(),
        kind: Kind::Order,
        id: Uuid::from_u128(7),
        changed_at: minute(0),
        event: Some(event.encode_to_vec()),
        wake_at: Some(minute(40)),
        rows,
    }
}

#[test]
fn clocks_that_go_differ_in_nothing() {
    assert_eq!(order(vec![stage(60)], None).differences(minute(10)), []);
    let armed_at_its_due_time = Subject { wake_at: Some(minute(60)), ..order(vec![stage(60)], None) };
    assert_eq!(armed_at_its_due_time.differences(minute(61)), [], "runners have a minute");
    let nothing_to_wait_for = Subject { wake_at: None, ..order(Vec::new(), None) };
    assert_eq!(nothing_to_wait_for.differences(minute(10)), []);
}

#[rstest]
#[case::met(wire::StageState { verdict: "met".to_owned(), met_at: Some(to_wire(minute(5))), ..stage(60) })]
#[case::breached(wire::StageState { verdict: "breached".to_owned(), ..stage(60) })]
#[case::on_hold(wire::StageState { held: true, ..stage(60) })]
#[case::awaiting_a_year(wire::StageState { due_at: None, awaiting_year: 2027, ..stage(60) })]
fn what_is_decided_or_stands_still_waits_for_nobody(#[case] told: wire::StageState) {
    let unarmed = Subject { wake_at: None, ..order(vec![told], None) };
    assert_eq!(unarmed.differences(minute(500)), []);
}

#[rstest]
#[case::none(None)]
#[case::too_late(Some(61))]
fn a_wake_up_that_is_missing_or_too_late_is_told_before_it_is_missed(#[case] wake_at: Option<i64>) {
    let unarmed = Subject { wake_at: wake_at.map(minute), ..order(vec![stage(60)], None) };
    assert_eq!(unarmed.differences(minute(10)), [Difference::Unarmed]);
    assert_eq!(unarmed.differences(minute(62)), [Difference::Unarmed, Difference::Overdue]);
}

#[test]
fn the_end_of_a_suspension_is_waited_for_too() {
    let held = wire::StageState { held: true, ..stage(60) };
    let armed = order(vec![held], Some(90));
    assert_eq!(armed.differences(minute(10)), []);
    assert_eq!(Subject { wake_at: None, ..armed }.differences(minute(10)), [Difference::Unarmed]);
}

#[test]
fn a_runner_that_stands_still_is_told_after_a_minute() {
    let armed = order(vec![stage(60)], None);
    assert_eq!(armed.differences(minute(61)), []);
    assert_eq!(armed.differences(minute(62)), [Difference::Overdue]);
}

#[test]
fn who_was_overdue_a_walk_ago_and_did_nothing_since_is_told() {
    let late = order(vec![stage(60)], None);
    let mut suspicions = Suspicions::default();
    // A database that was away for long: the first look after it tells nobody.
    assert!(!suspicions.confirmed(&late, minute(90)));
    suspicions.walked();
    let moved = Subject { changed_at: minute(90), ..late.clone() };
    assert!(!suspicions.confirmed(&moved, minute(92)), "a runner came by");
    assert!(suspicions.confirmed(&late, minute(92)));
    suspicions.walked();
    suspicions.walked();
    assert!(!suspicions.confirmed(&late, minute(99)), "a walk did not find it");
}

#[test]
fn a_projection_that_says_something_else_is_told() {
    let right = order(vec![stage(60)], None);
    let row = right.rows[0].clone();
    for wrong in [
        Row { due_at: Some(minute(61)), ..row.clone() },
        Row { awaiting_year: 2027, ..row.clone() },
        Row { verdict: "met".to_owned(), ..row.clone() },
        Row { met_at: Some(minute(5)), ..row.clone() },
        Row { stage: "see".to_owned(), ..row.clone() },
    ] {
        let unlike = Subject { rows: vec![wrong], ..right.clone() };
        assert_eq!(unlike.differences(minute(10)), [Difference::Unlike]);
    }
    let of_an_earlier_round = Row { due_at: Some(minute(1)), ..row.clone() };
    assert_eq!(Subject { rows: vec![of_an_earlier_round, row], ..right }.differences(minute(10)), []);
}

/// Whoever fills it looks for calendar and year: a row that names only one of them waits for ever.
#[test]
fn a_year_that_nobody_would_find_when_it_is_published_is_told() {
    let awaiting = order(vec![wire::StageState { due_at: None, awaiting_year: 2027, ..stage(60) }], None);
    let row = awaiting.rows[0].clone();
    for wrong in [Row { calendar: None, ..row.clone() }, Row { awaiting_year: 2028, ..row.clone() }] {
        let unlike = Subject { rows: vec![wrong], ..awaiting.clone() };
        assert_eq!(unlike.differences(minute(10)), [Difference::Unlike]);
    }
    assert_eq!(awaiting.differences(minute(10)), []);
}

#[test]
fn a_case_is_judged_by_its_verification_and_its_ruling() {
    let ruling = wire::StageState { stage: "adjudicate".to_owned(), ..stage(30) };
    let case = wire::CaseState { stages: vec![stage(60)], adjudication: Some(ruling), ..Default::default() };
    let event = wire::CaseEvent { case: Some(case), ..Default::default() }.encode_to_vec();
    let subject = Subject { kind: Kind::Case, event: Some(event), ..order(vec![stage(60)], None) };
    assert_eq!(
        subject.differences(minute(10)),
        [Difference::Unarmed],
        "the ruling is due before anybody looks"
    );
    assert_eq!(Subject { wake_at: Some(minute(30)), ..subject }.differences(minute(10)), []);
}

#[test]
fn a_subject_the_journal_does_not_know_is_told_while_its_days_are_kept() {
    for event in [None, Some(vec![0xff])] {
        let unknown = Subject { event, ..order(vec![stage(60)], None) };
        assert_eq!(unknown.differences(minute(10)), [Difference::Unjournaled]);
        assert_eq!(unknown.differences(minute(31 * 24 * 60)), [], "its day may be gone");
    }
}
