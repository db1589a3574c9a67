//! Bus line 306: the report opens a case with its plan, the second reporter's sentence joins it (D51).

use contract::document::{DocumentBody, Limit};
use contract::proto::triage::{Clock, LimitUnit, Role, StageLimit};
use contract::proto::{from_wire, triage as wire};
use ids::Lane;

use crate::desk::{Desk, OTHER_STREET, SECOND_VOICE, STREET, Said, TRACE, report};

fn limit(stage: &str, amount: u32, unit: LimitUnit) -> StageLimit {
    let (clock, unit) = (Clock::Work.into(), unit.into());
    StageLimit { stage: stage.into(), clock, amount, unit, warn_per_mille: vec![800] }
}

fn orders(plan: &wire::CasePlan) -> Vec<(&str, Role)> {
    plan.orders.iter().map(|order| (order.body.as_str(), order.role())).collect()
}

const BODIES: [&str; 5] =
    ["transport", "traffic-police", "bus-company", "street-centre@990102001000", "governance-centre"];

#[tokio::test]
async fn a_report_opens_a_case_and_sends_its_plan() {
    let desk = Desk::open().await;
    let text = "306路环线改了走向\u{f91d}𠮷，老人买菜看病都要多走两站路";
    desk.hear(&[report(1, "TRA-01", text)]).await;
    let said = desk.said().await;
    let [(first, Said::Opened(opened)), (second, Said::Routed(routed))] = &said[..] else {
        panic!("{said:?}")
    };

    assert_eq!(first.subject(), format!("triage.case.opened.normal.{STREET}"));
    assert_eq!(second.subject(), format!("triage.case.routed.normal.{STREET}"));
    assert_eq!((first.version, second.version), (1, 2));
    assert_eq!((first.aggregate_id, &first.traceparent[..]), (second.aggregate_id, TRACE));
    let case = opened.case.as_ref().unwrap();
    assert_eq!(Some(case), routed.case.as_ref());
    assert!(routed.accepted_at.is_some(), "nobody decided in between");
    assert_eq!(case.case_id, first.aggregate_id.to_string());
    assert_eq!(case.case_no, "990102001-261123-0001");
    assert_eq!((case.item.as_str(), case.item_zh.as_str()), ("TRA-01", "公交线路调整影响出行"));
    assert_eq!((case.text.as_str(), case.voices), (text, 1));
    assert_eq!(case.place, report(1, "", "").payload().place);
    assert_eq!(from_wire(case.opened_at.as_ref().unwrap()), Some(desk.rig.clock.now()));
    assert_eq!(
        (opened.report_id.clone(), &opened.tracking_sha256[..]),
        (report(1, "", "").report_id().to_string(), &[1; 32][..])
    );

    let plan = routed.plan.as_ref().unwrap();
    let roles = [Role::Lead, Role::Assist, Role::Assist, Role::Inform, Role::Inform];
    assert_eq!(orders(plan), BODIES.into_iter().zip(roles).collect::<Vec<_>>());
    let policy = plan.policy.as_ref().unwrap();
    assert_eq!((policy.key.as_str(), policy.calendar.is_empty()), ("item", false));
    let stages = [
        limit("acknowledge", 120, LimitUnit::Minute),
        limit("on_site", 450, LimitUnit::Minute),
        limit("resolve", 10, LimitUnit::Workday),
    ];
    assert_eq!(policy.stages, stages, "verification is the case's, not an order's");
    assert_eq!(plan.verify, Some(limit("verify", 2, LimitUnit::Workday)));
    assert_eq!(plan.adjudicate, None, "the pack leaves it to dispatch");
    assert_eq!(
        policy.chain,
        [wire::ChainStep { after_s: 0, notify_body: "governance-centre".into(), action: "notify".into() }]
    );
    assert_eq!(
        (plan.priority.as_str(), plan.level.as_str(), plan.routing_mode.as_str()),
        ("P3", "district", "auto")
    );
    assert_eq!((plan.pack_generation, plan.street_generation), (1, 1));
    let explanation: routing::Explanation = serde_json::from_str(&plan.explanation_json).unwrap();
    let again = serde_json::to_string(&routing::recompute(&explanation)).unwrap();
    assert_eq!(again, plan.explanation_json, "the plan can be recomputed to equal bytes");
}

/// Beside the policy, as that of verification: a dispatch that does not know it passes over it.
#[tokio::test]
async fn the_plan_says_how_long_a_ruling_takes_where_the_policy_does() {
    let desk = crate::rules::desk(|body| {
        if let DocumentBody::District(core) = body {
            core.adjudicate = Some(Limit { amount: 3, ..core.verify });
        }
    })
    .await;
    desk.hear(&[report(1, "TRA-01", "306路")]).await;
    let plan = crate::rules::newest(&desk).await.0.plan.unwrap();
    assert_eq!(plan.adjudicate, Some(limit("adjudicate", 3, LimitUnit::Workday)));
    assert!(plan.policy.unwrap().stages.iter().all(|limit| limit.stage != "adjudicate"));
}

#[tokio::test]
async fn a_second_reporters_sentence_joins() {
    let desk = Desk::open().await;
    desk.hear(&[report(1, "TRA-01", "306路环线改了走向")]).await;
    let second = crate::desk::Sent { lat: 29.5632, ..report(2, "", SECOND_VOICE) };
    desk.hear(&[second]).await;
    assert_eq!(desk.cases(STREET).await, [[1, 2]]);
    let [joined] = &desk.joined().await[..] else { panic!("one more voice") };
    let case = joined.case.as_ref().unwrap();
    assert_eq!((case.voices, case.text.as_str()), (2, "306路环线改了走向"), "the first words stay");
    assert_eq!(joined.told_bodies, BODIES, "told at the second voice");
    let why: serde_json::Value = serde_json::from_str(&joined.join_explanation_json).unwrap();
    assert_eq!((why["distance_mm"].as_u64(), why["radius_mm"].as_u64()), (Some(44_478), Some(500_000)));
    let third = crate::desk::Sent { n: 3, ..report(3, "TRA-01", SECOND_VOICE) };
    desk.hear(&[third]).await;
    let said = desk.said().await;
    let versions: Vec<u64> = said.iter().map(|(envelope, _)| envelope.version).collect();
    assert_eq!(versions, [1, 2, 3, 4]);
    assert!(desk.joined().await[1].told_bodies.is_empty(), "not at the third");
}

#[tokio::test]
async fn a_streets_own_policy_replaces_the_items() {
    let desk = Desk::open().await;
    let sent = crate::desk::Sent {
        street: OTHER_STREET,
        ..report(1, "", "社区门口公交站牌被撞歪了，站牌倒了")
    };
    desk.hear(&[sent]).await;
    let [(envelope, routed)] = &desk.routed().await[..] else { panic!("one case") };
    assert_eq!((envelope.lane, routed.case.as_ref().unwrap().item.as_str()), (Lane::Normal, "TRA-03"));
    let plan = routed.plan.as_ref().unwrap();
    let informs = [("street-centre@990102002000", Role::Inform), ("governance-centre", Role::Inform)];
    assert_eq!(orders(plan)[0], ("bus-company", Role::Lead));
    assert_eq!(orders(plan)[1..], informs);
    let policy = plan.policy.as_ref().unwrap();
    assert_eq!(policy.key, "demo-fast");
    let clock = Clock::Clock.into();
    assert_eq!(policy.stages, [StageLimit { clock, ..limit("acknowledge", 5, LimitUnit::Second) }]);
    assert_eq!(plan.verify, None);
}
