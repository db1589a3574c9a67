//! The policy in force, adopted by the centre, and steps of a chain that supervise: through the doors, with what is told.

use std::time::Duration;

use axum::http::StatusCode;
use contract::EventType;
use contract::document::{ChainAction, ChainStep, Document, DutyChange, Limit, Stage};
use contract::proto::triage;
use serde_json::{Value, json};

use crate::world::{FAST_STREET, STREET, World, at, seconds, stage};

impl World {
    /// The second street's policy `demo-fast` says so many seconds, and nothing follows a breach any more.
    async fn slower(&self, amount: u32) {
        let mut core = self.street(FAST_STREET);
        let policy = core.policies.get_mut("demo-fast").unwrap();
        let before = policy.limits[&Stage::Acknowledge];
        policy.limits.insert(Stage::Acknowledge, Limit { amount, ..before });
        policy.chain = None;
        self.rig.documents(&[Document::street(2, core)]).await;
    }

    async fn lead(&self) -> Value {
        let list = format!("/dispatch/v1/streets/{FAST_STREET}/orders");
        let (_, page) = self.get("governance-centre", &list).await;
        let orders = page["orders"].as_array().unwrap();
        orders.iter().find(|order| order["role"] == "lead").unwrap().clone()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_order_keeps_its_policy_until_the_centre_adopts_the_one_in_force() {
    let world = World::start().await;
    world.opened(&world.routed(FAST_STREET, "TRA-03")).await;
    world.slower(60).await;
    world.pass(Duration::from_secs(2)).await;
    let order = world.lead().await;
    let due = stage(&order, "acknowledge")["due_at"].clone();

    let (status, word) = world.act("transport", &order, "adopt").await;
    assert_eq!(
        (status, word.as_str()),
        (StatusCode::FORBIDDEN, "forbidden"),
        "nobody relaxes their own limit"
    );
    let (status, _) = world.act("governance-centre", &order, "adopt").await;
    assert_eq!(status, StatusCode::OK);
    let adopted = world.order_event(EventType::OrderPolicyAdopted).await;
    assert_eq!(adopted.policy_adopted, "demo-fast");
    assert_eq!(adopted.actor.unwrap().subject, "governance-centre");
    let now = world.lead().await;
    assert_ne!(stage(&now, "acknowledge")["due_at"], due);

    // Five seconds after the start was the old limit.
    world.pass(Duration::from_secs(20)).await;
    assert_eq!(world.count_said(EventType::OrderBreached).await, 0);
    world.pass(Duration::from_secs(40)).await;
    assert_eq!(world.count_said(EventType::OrderBreached).await, 1);
    assert_eq!(world.count_said(EventType::OrderEscalated).await, 0, "the chain was switched off");

    // Nothing to adopt any more: the same answer, and nothing is said.
    let said = world.said().await.len();
    assert_eq!(world.act("governance-centre", &now, "adopt").await.0, StatusCode::OK);
    assert_eq!(world.said().await.len(), said);
}

/// Two hours on the 24-hour clock and two working hours end at one time. The row names the calendar all the same: by that a clock is
/// found when its calendar is published anew.
#[tokio::test(flavor = "multi_thread")]
async fn an_adoption_across_clocks_that_moves_nothing_names_the_calendar() {
    let world = World::start().await;
    let mut routed = world.routed(STREET, "TRA-01");
    routed.plan().policy.as_mut().unwrap().stages = vec![seconds("acknowledge", 7_200)];
    let case_id = world.opened(&routed).await;
    let order = world.order(case_id, 1, "transport", "lead").await;
    let due = stage(&order, "acknowledge")["due_at"].clone();
    let named = "SELECT count(*) FROM dispatch.stages WHERE stage = 'acknowledge' AND calendar IS NOT NULL";
    assert_eq!(world.scalar::<i64>(named).await, 0);
    assert_eq!(world.act("governance-centre", &order, "adopt").await.0, StatusCode::OK);
    let order = world.order(case_id, 1, "transport", "lead").await;
    assert_eq!(stage(&order, "acknowledge")["due_at"], due);
    assert_eq!(world.scalar::<i64>(named).await, 1);
}

/// Where a policy asks for nothing but to be there, who assists adopts it as who leads does. Who was summoned looks the same, and keeps
/// the summons' own limit.
#[tokio::test(flavor = "multi_thread")]
async fn who_assists_adopts_a_limit_to_be_there_and_who_was_summoned_does_not() {
    let world = World::start().await;
    let mut routed = world.routed(STREET, "TRA-01");
    routed.plan().policy.as_mut().unwrap().stages = vec![seconds("on_site", 600)];
    let case_id = world.opened(&routed).await;
    let whistle = format!("/dispatch/v1/streets/{STREET}/cases/{case_id}:whistle");
    let summons = json!({ "bodies": ["water-supply"], "within_minutes": 30 });
    let (status, _, told) = world.post("street-centre", &whistle, &[], summons).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    for (body, role, due) in [
        ("transport", "lead", "2026-11-24T02:00:00Z"),
        ("bus-company", "assist", "2026-11-24T02:00:00Z"),
        ("water-supply", "assist", "2026-11-23T02:30:00Z"),
    ] {
        let order = world.order(case_id, 1, body, role).await;
        assert_eq!(world.act("governance-centre", &order, "adopt").await.0, StatusCode::OK, "{body}");
        let order = world.order(case_id, 1, body, role).await;
        assert_eq!(stage(&order, "on_site")["due_at"], due, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_that_is_used_up_is_not_adopted() {
    let world = World::start().await;
    let mut routed = world.routed(FAST_STREET, "TRA-03");
    routed.plan().policy.as_mut().unwrap().stages = vec![seconds("acknowledge", 600)];
    world.opened(&routed).await;
    world.pass(Duration::from_secs(30)).await;
    let order = world.lead().await;
    let (status, code) = world.act("governance-centre", &order, "adopt").await;
    assert_eq!((status, code.as_str()), (StatusCode::CONFLICT, "limit-used-up"));
    assert_eq!(world.lead().await, order, "nothing changed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_the_list_has_no_more_is_not_adopted() {
    let world = World::start().await;
    let mut routed = world.routed(FAST_STREET, "TRA-03");
    routed.plan().policy.as_mut().unwrap().key = "gone".to_owned();
    routed.payload.case.as_mut().unwrap().item = "TRA-98".to_owned();
    world.opened(&routed).await;
    let (status, code) = world.act("governance-centre", &world.lead().await, "adopt").await;
    assert_eq!((status, code.as_str()), (StatusCode::CONFLICT, "no-policy"));
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_remind_supervise_and_raise() {
    let world = World::start().await;
    let mut routed = world.routed(FAST_STREET, "TRA-03");
    let step = |after_s, action: &str, body: &str| triage::ChainStep {
        after_s,
        notify_body: body.to_owned(),
        action: action.to_owned(),
    };
    let lead = routed.plan().orders[0].body.clone();
    routed.plan().policy.as_mut().unwrap().chain = vec![
        step(0, "notify_holder", &lead),
        step(2, "supervise", "street-centre@990102002000"),
        step(4, "raise", "governance-centre"),
    ];
    world.opened(&routed).await;
    world.pass(Duration::from_secs(5)).await;
    let told = world.order_event(EventType::OrderEscalated).await;
    assert_eq!((told.escalated_to, told.measure), (lead, "notify".to_owned()));
    world.pass(Duration::from_secs(2)).await;
    let told = world.order_event(EventType::OrderEscalated).await;
    assert_eq!(
        (told.escalated_to.as_str(), told.measure.as_str()),
        ("street-centre@990102002000", "supervise")
    );
    assert_eq!(world.count_said(EventType::OrderSupervised).await, 1);
    assert_ne!(world.lead().await["supervised_at"], Value::Null);
    world.pass(Duration::from_secs(2)).await;
    let told = world.order_event(EventType::OrderEscalated).await;
    assert_eq!((told.escalated_to.as_str(), told.measure.as_str()), ("governance-centre", "raise"));
    assert_eq!(world.count_said(EventType::OrderSupervised).await, 1, "it was under supervision already");
    // What a street's document says of steps is what a plan says.
    let mut core = world.street(FAST_STREET);
    let steps = vec![
        ChainStep { after_s: 0, action: ChainAction::NotifyHolder, body: None },
        ChainStep {
            after_s: 2,
            action: ChainAction::Raise,
            body: Some("governance-centre".parse().unwrap()),
        },
    ];
    core.chains.insert("ours".to_owned(), contract::document::Chain { steps });
    core.policies.get_mut("demo-fast").unwrap().chain = Some("ours".to_owned());
    world.rig.documents(&[Document::street(2, core)]).await;
    assert_eq!(world.act("governance-centre", &world.lead().await, "adopt").await.0, StatusCode::OK);
    world.rig.drain().await;
    assert_eq!(
        world.count_said(EventType::OrderEscalated).await,
        3,
        "steps whose time has passed are not taken"
    );
}

/// The list says something else of the item from a day on: until then it is not in force, and from then on it is.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_the_list_is_adopted_from_its_day_on() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let mut core = world.district.clone();
    let (from, policy) = ("2026-11-24".parse().unwrap(), Some("catch-all".to_owned()));
    let change = DutyChange { from, lead: None, assists: None, policy };
    core.items.get_mut("TRA-01").unwrap().changes = vec![change];
    world.rig.documents(&[Document::district(2, core)]).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    for (now, adopted) in [("2026-11-23T15:59:59Z", 0), ("2026-11-23T16:00:00Z", 1)] {
        world.rig.clock.set(at(now));
        world.rig.drain().await;
        assert_eq!(world.act("governance-centre", &lead, "adopt").await.0, StatusCode::OK, "{now}");
        assert_eq!(
            world.count_said(EventType::OrderPolicyAdopted).await,
            adopted,
            "midnight in Shanghai: {now}"
        );
    }
    assert_eq!(world.order_event(EventType::OrderPolicyAdopted).await.policy_adopted, "catch-all");
}
