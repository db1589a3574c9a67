//! What came before at a place, as rules ask for it.

use contract::EventType;
use contract::document::{DocumentBody, Features, Priority, Rule, RuleThen};
use jiff::Timestamp;
use routing::rules::Repetition;
use serde_json::json;

use crate::desk::{Desk, STREET, Sent, report};
use crate::rules::{DISTRICT, core, desk, district, newest, rule, steps};

fn often(when: &str) -> Rule {
    rule(when, RuleThen { priority: Some(Priority::P2), ..RuleThen::default() })
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

impl Desk {
    /// The newest case closes; `version` is a number of its own.
    async fn newest_closes(&self, event_type: EventType, version: u64) {
        let case = self.opened().await.pop().unwrap().case.unwrap();
        self.dispatch_says(event_type, &case.case_id, version).await;
    }

    /// What the newest plan was made from.
    async fn counted(&self) -> Option<Repetition> {
        newest(self).await.2.inputs.facts.circumstances?.repetition
    }
}

fn known(cases: u32, voices: u32) -> Option<Repetition> {
    Some(Repetition { cases, voices, days: 30 })
}

#[tokio::test]
async fn the_third_time_at_a_place_is_another_matter() {
    let desk = desk(district(often("repeats >= 2 && voices >= 4"))).await;
    desk.hear(&[report(1, "TRA-01", ""), report(2, "TRA-01", "")]).await;
    assert_eq!(desk.counted().await, known(0, 1));
    desk.newest_closes(EventType::CaseClosed, 4).await;
    desk.rig.clock.set(at("2026-11-24T02:00:00Z"));
    desk.hear(&[Sent { lat: 29.5640, ..report(3, "TRA-01", "") }]).await;
    assert_eq!(desk.counted().await, known(1, 3), "the first case has two voices");
    assert_eq!(steps(&newest(&desk).await.2).len(), 0);
    desk.newest_closes(EventType::CaseClosed, 5).await;
    desk.rig.clock.set(at("2026-11-25T02:00:00Z"));
    desk.hear(&[report(4, "TRA-01", "")]).await;
    let (routed, _, explanation) = newest(&desk).await;
    assert_eq!(desk.counted().await, known(2, 4));
    assert_eq!((routed.plan.unwrap().priority.as_str(), steps(&explanation)), ("P2", vec!["rule.held"]));
    let told = explanation.steps.iter().find(|step| step.rule == "place.repeated").unwrap();
    assert_eq!(told.zh, "同一事项30日内在此处已立案2件，连同本件共4次上报");
}

#[tokio::test]
async fn only_what_is_the_same_near_and_not_long_ago_counts() {
    let desk = desk(district(often("repeats >= 1"))).await;
    desk.hear(&[report(1, "TRA-01", "")]).await;
    desk.newest_closes(EventType::CaseClosed, 4).await;
    let elsewhere = [
        ("2026-11-24T02:00:00Z", Sent { lat: 29.7, ..report(2, "TRA-01", "") }),
        ("2026-11-24T03:00:00Z", Sent { drill: true, ..report(3, "TRA-01", "") }),
        ("2026-12-23T02:00:01Z", report(4, "TRA-01", "")),
    ];
    for (time, report) in elsewhere {
        desk.rig.clock.set(at(time));
        desk.hear(&[report]).await;
        assert_eq!(desk.counted().await, known(0, 1), "{time}");
    }
    desk.rig.clock.set(at("2026-12-23T03:00:00Z"));
    desk.newest_closes(EventType::CaseCancelled, 5).await;
    desk.hear(&[report(5, "TRA-01", "")]).await;
    assert_eq!(desk.counted().await, known(0, 1), "what was called off was no matter");
    desk.hear(&[Sent { lat: 29.8, ..report(6, "TRA-03", "") }]).await;
    assert_eq!(desk.opened().await.len(), 6);
}

/// Cases of one batch count for those after them; a street says how far back it looks.
#[tokio::test]
async fn cases_of_one_batch_count_each_other_and_a_street_looks_back_as_it_likes() {
    let desk = desk(|body| match body {
        DocumentBody::Street(core) if core.code.to_string() == STREET => {
            core.features = Features { join_reports: false, ..Features::default() };
            core.repeat_days = 2;
        }
        other => district(often("repeats >= 1"))(other),
    })
    .await;
    let reports: Vec<_> = (1..4).map(|n| report(n, "TRA-01", "").submission()).collect();
    let scope = pg::TenantScope::of_subjects([STREET.parse().unwrap()]);
    let mut tx = desk.rig.house.pool.begin(scope).await.unwrap();
    triage::handle::settle(&desk.replica(), &mut tx, desk.rig.clock.now(), &reports).await.unwrap();
    tx.commit().await.unwrap();
    let counted = |plan: contract::proto::triage::CaseRouted| {
        let explanation: routing::Explanation =
            serde_json::from_str(&plan.plan.unwrap().explanation_json).unwrap();
        let Repetition { cases, voices, days } =
            explanation.inputs.facts.circumstances.unwrap().repetition.unwrap();
        (cases, voices, days)
    };
    let mut all: Vec<_> = desk.routed().await.into_iter().map(|(_, routed)| counted(routed)).collect();
    all.sort_unstable();
    assert_eq!(all, [(0, 1, 2), (1, 2, 2), (2, 3, 2)]);
    desk.rig.clock.set(at("2026-11-25T02:00:01Z"));
    desk.hear(&[report(4, "TRA-01", "")]).await;
    assert_eq!(desk.counted().await, Some(Repetition { cases: 0, voices: 1, days: 2 }));
}

#[tokio::test]
async fn nothing_is_counted_where_no_rule_asks_and_backtests_count_themselves() {
    let desk = desk(district(often("households > 1"))).await;
    for (n, time) in [(1, "2026-11-23T02:00:00Z"), (2, "2026-11-24T02:00:00Z"), (3, "2026-11-25T02:00:00Z")] {
        desk.rig.clock.set(at(time));
        desk.hear(&[report(n, "TRA-01", "")]).await;
        assert_eq!(desk.counted().await, None);
        desk.newest_closes(EventType::CaseClosed, 10 + n as u64).await;
    }
    let proposed = core(2, DISTRICT, district(often("repeats == 2 && voices == 3")));
    let asked = json!({ "core_document": proposed, "since": "2026-11-01T00:00:00Z" });
    let (status, answer) = desk.backtest("street-centre", STREET, asked).await;
    assert_eq!((status, &answer["looked_at"]), (200, &json!(3)), "{answer}");
    let differing = answer["cases"].as_array().unwrap();
    assert_eq!(differing.len(), 1, "{answer}");
    assert_eq!(
        (&differing[0]["opened_at"], &differing[0]["after"]["priority"]),
        (&json!("2026-11-25T02:00:00Z"), &json!("P2"))
    );
}

/// What was counted when a case opened is what its backtest goes by, whatever has become of the cases before it.
#[tokio::test]
async fn a_backtest_goes_by_what_was_counted_then() {
    let desk = desk(district(often("repeats >= 5"))).await;
    desk.hear(&[report(1, "TRA-01", "")]).await;
    desk.newest_closes(EventType::CaseClosed, 4).await;
    desk.rig.clock.set(at("2026-11-24T02:00:00Z"));
    desk.hear(&[report(2, "TRA-01", "")]).await;
    assert_eq!(desk.counted().await, known(1, 2));
    sqlx::query("UPDATE triage.cases SET called_off = true WHERE closed_at IS NOT NULL")
        .execute(desk.rig.admin())
        .await
        .unwrap();
    let proposed = core(3, DISTRICT, district(often("repeats >= 1")));
    let asked = json!({ "core_document": proposed, "since": "2026-11-01T00:00:00Z" });
    let (_, answer) = desk.backtest("street-centre", STREET, asked).await;
    assert_eq!(answer["cases"].as_array().unwrap().len(), 1, "{answer}");
}
