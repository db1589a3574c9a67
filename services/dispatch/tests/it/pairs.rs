//! A stage that a policy defines itself: from its first milestone to its second, told and explained like every other.

use std::time::Duration;

use axum::http::StatusCode;
use contract::EventType;
use contract::document::{Clock, Document, Limit, Milestone, Name, PairLimit, SlaPolicy, Unit};
use contract::proto::triage;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::life::ok;
use crate::world::{STREET, World, at, path_of, stage};

const MICROSECOND: Duration = Duration::from_micros(1);
pub const REPAIR: &str = "repair-time";

/// Two working hours from arrival to submission, warned at 0.8; the governance centre is told of a breach.
pub fn repair() -> triage::PairLimit {
    let limit = triage::StageLimit {
        stage: REPAIR.to_owned(),
        clock: triage::Clock::Work.into(),
        amount: 120,
        unit: triage::LimitUnit::Minute.into(),
        warn_per_mille: vec![800],
    };
    let (from, to) = ("arrived".to_owned(), "submitted".to_owned());
    triage::PairLimit {
        limit: Some(limit),
        from,
        to,
        zh: "抢修时长".to_owned(),
        en: "repair time".to_owned(),
    }
}

/// One lead under a policy of nothing but the pair, acknowledged on Monday at ten in the morning.
async fn acknowledged(world: &World) -> Uuid {
    let mut routed = world.routed(STREET, "TRA-01");
    routed.plan().orders.retain(|order| order.role() == triage::Role::Lead);
    let policy = routed.plan().policy.as_mut().unwrap();
    policy.stages.clear();
    policy.pairs = vec![repair()];
    policy.chain = vec![triage::ChainStep {
        after_s: 0,
        notify_body: "governance-centre".to_owned(),
        action: "notify".to_owned(),
    }];
    let case_id = world.opened(&routed).await;
    let lead = lead(world, case_id).await;
    assert_eq!(world.deed("transport", &lead, "acknowledge", json!({})).await, ok("acknowledged"));
    case_id
}

async fn lead(world: &World, case_id: Uuid) -> Value {
    world.order(case_id, 1, "transport", "lead").await
}

async fn goes_to(world: &World, now: Timestamp) {
    world.rig.clock.set(now);
    world.rig.drain().await;
}

async fn clocks(world: &World, order: &Value, moment: &str) -> Vec<Value> {
    let (status, list) = world.get("transport", &format!("{}/clocks{moment}", path_of(order))).await;
    assert_eq!(status, StatusCode::OK, "{list:#}");
    list["clocks"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pair_counts_from_milestone_to_milestone_on_working_time_and_not_while_held() {
    let world = World::start().await;
    let case_id = acknowledged(&world).await;
    // An hour and a half pass that are nobody's: nothing is armed, nothing is shown.
    goes_to(&world, at("2026-11-23T03:30:00Z")).await;
    assert_eq!(lead(&world, case_id).await["stages"], json!([]));
    assert_eq!(world.scalar::<i64>("SELECT count(*) FROM dispatch.wakeups WHERE kind = 'order'").await, 0);

    // There at half past eleven; half an hour later nothing is charged until half past two, over the noon break.
    assert_eq!(
        world.deed("transport", &lead(&world, case_id).await, "arrive", json!({})).await,
        ok("on_site")
    );
    let arrived = lead(&world, case_id).await;
    let begun = stage(&arrived, REPAIR);
    assert_eq!(
        (&begun["started_at"], &begun["due_at"]),
        (&json!("2026-11-23T03:30:00Z"), &json!("2026-11-23T07:00:00Z"))
    );
    assert_eq!((&begun["stage_zh"], &begun["stage_en"]), (&json!("抢修时长"), &json!("repair time")));
    let said = world.order_event(EventType::OrderArrived).await.order.unwrap();
    assert_eq!((said.stages[0].stage.as_str(), said.stages[0].zh.as_str()), (REPAIR, "抢修时长"));
    goes_to(&world, at("2026-11-23T04:00:00Z")).await;
    let held = json!({ "until": "2026-11-23T06:30:00Z", "reason": "materials" });
    assert_eq!(world.deed("transport", &arrived, "suspend", held).await, ok("on_site"));
    assert_eq!(world.deed("street-centre", &arrived, "grant", json!({})).await, ok("on_site"));
    goes_to(&world, at("2026-11-23T06:30:00Z")).await;
    assert_eq!(stage(&lead(&world, case_id).await, REPAIR)["due_at"], "2026-11-23T08:00:00Z");

    // 30 of 120 minutes were used: warned after 66 more, breached after 90, at those instants.
    let (warns_at, due_at) = (at("2026-11-23T07:36:00Z"), at("2026-11-23T08:00:00Z"));
    goes_to(&world, warns_at - MICROSECOND).await;
    assert_eq!(world.count_said(EventType::OrderWarned).await, 0, "not one microsecond early");
    goes_to(&world, warns_at).await;
    let warned = world.order_event(EventType::OrderWarned).await;
    assert_eq!((warned.stage.as_str(), warned.per_mille), (REPAIR, 800));
    goes_to(&world, due_at - MICROSECOND).await;
    assert_eq!(world.count_said(EventType::OrderBreached).await, 0, "not one microsecond early");
    goes_to(&world, due_at).await;
    assert_eq!(world.order_event(EventType::OrderBreached).await.stage, REPAIR);
    assert_eq!(world.order_event(EventType::OrderEscalated).await.escalated_to, "governance-centre");
    let breached = world.rig.house.metrics.value("dispatch_stages_breached_total{stage=\"pair\"}");
    assert_eq!(breached, Some(1.0), "by one word for all pairs");

    // Done late: the verdict stays, and the clock is unfolded as of then. Of the time before it began nothing is told.
    let late = due_at + jiff::SignedDuration::from_mins(1);
    goes_to(&world, late).await;
    assert_eq!(world.deed("transport", &arrived, "submit", json!({})).await, ok("submitted"));
    let done = lead(&world, case_id).await;
    assert_eq!(
        (&stage(&done, REPAIR)["verdict"], &stage(&done, REPAIR)["met_at"]),
        (&json!("breached"), &json!(late))
    );
    let [told] = &clocks(&world, &done, "").await[..] else { panic!("one clock") };
    assert_eq!((&told["used_s"], &told["stage_zh"]), (&json!(7_260), &json!("抢修时长")));
    let stretches = told["stretches"].as_array().unwrap();
    assert_eq!(stretches.iter().map(|of| of["counted_s"].as_i64().unwrap()).sum::<i64>(), 7_200);
    assert_eq!(clocks(&world, &done, "?at=2026-11-23T03:29:59Z").await, [Value::Null; 0]);
    assert_eq!(clocks(&world, &done, "?at=2026-11-23T03:45:00Z").await[0]["used_s"], 900);

    // The next round starts anew, and nothing of the pair is there before its milestone.
    assert_eq!(world.verify("verifier", case_id, "fail").await.0, StatusCode::OK);
    let again = world.order(case_id, 2, "transport", "lead").await;
    assert_eq!(again["stages"], json!([]));
    world.deed("transport", &again, "acknowledge", json!({})).await;
    world.deed("transport", &again, "arrive", json!({})).await;
    let again = world.order(case_id, 2, "transport", "lead").await;
    assert_eq!(stage(&again, REPAIR)["due_at"], "2026-11-24T01:01:00Z");
    // A look in which the auditor finds a difference fails.
    world.rig.drain().await;
    assert_eq!(world.rig.drain().await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_in_force_is_adopted_with_its_pairs_and_what_was_used_counts() {
    let world = World::start().await;
    let mut core = world.street(STREET);
    let policy = |minutes| SlaPolicy {
        limits: Default::default(),
        pairs: [(
            REPAIR.to_owned(),
            PairLimit {
                name: Name { zh: "抢修时长".to_owned(), en: "repair time".to_owned() },
                from: Milestone::Arrived,
                to: Milestone::Submitted,
                limit: Limit { amount: minutes, unit: Unit::Minute, clock: Clock::Work },
            },
        )]
        .into(),
        warn_per_mille: vec![800],
        chain: None,
        demo: false,
    };
    let mut routed = world.routed(STREET, "TRA-01");
    routed.plan().policy.as_mut().unwrap().key = "burst".to_owned();
    routed.plan().policy.as_mut().unwrap().stages.clear();
    routed.plan().policy.as_mut().unwrap().pairs = vec![repair()];
    routed.plan().orders.retain(|order| order.role() == triage::Role::Lead);
    let case_id = world.opened(&routed).await;
    let order = lead(&world, case_id).await;
    world.deed("transport", &order, "acknowledge", json!({})).await;
    world.deed("transport", &order, "arrive", json!({})).await;
    goes_to(&world, at("2026-11-23T03:00:00Z")).await;

    core.policies.insert("burst".to_owned(), policy(30));
    world.rig.documents(&[Document::street(2, core.clone())]).await;
    let order = lead(&world, case_id).await;
    assert_eq!(world.deed("governance-centre", &order, "adopt", json!({})).await.1, "limit-used-up");
    core.policies.insert("burst".to_owned(), policy(90));
    world.rig.documents(&[Document::street(3, core)]).await;
    assert_eq!(world.deed("governance-centre", &order, "adopt", json!({})).await, ok("on_site"));
    // An hour of ninety minutes is used: half an hour is left.
    assert_eq!(stage(&lead(&world, case_id).await, REPAIR)["due_at"], "2026-11-23T03:30:00Z");
    goes_to(&world, at("2026-11-23T03:30:00Z")).await;
    assert_eq!(world.order_event(EventType::OrderBreached).await.stage, REPAIR);
}

/// What docs/operations/upgrade.md has an administrator ask before a way back.
const WITH_PAIRS: &str = "SELECT c.tenant_id, c.case_no, o.id, o.phase FROM dispatch.cases c JOIN dispatch.orders o \
    ON o.tenant_id = c.tenant_id AND o.case_id = c.id \
    WHERE c.phase NOT IN ('closed', 'cancelled') AND o.state ? 'pairs'";

/// Begun or not, and carried on to whom the duty goes: an older build reads none of it until the case is over.
#[tokio::test(flavor = "multi_thread")]
async fn cases_with_pairs_are_found_before_a_way_back() {
    assert!(include_str!("../../../../docs/operations/upgrade.md").contains(WITH_PAIRS), "another query");
    let world = World::start().await;
    world.opened(&world.routed(STREET, "TRA-01")).await;
    let case_id = acknowledged(&world).await;
    let found = async || {
        let rows: Vec<(i64, String, Uuid, String)> =
            sqlx::query_as(WITH_PAIRS).fetch_all(world.rig.admin()).await.unwrap();
        let mut phases: Vec<String> = rows.into_iter().map(|(_, _, _, phase)| phase).collect();
        phases.sort();
        phases
    };
    assert_eq!(lead(&world, case_id).await["stages"], json!([]), "the list does not show it");
    assert_eq!(found().await, ["acknowledged"]);
    let to_police = json!({ "to": "traffic-police", "note": "属交警" });
    let (status, _) =
        world.deed("governance-centre", &lead(&world, case_id).await, "transfer", to_police).await;
    assert_eq!((status, found().await), (200, vec!["dispatched".to_owned(), "transferred".to_owned()]));
    world.cancel("street-centre", case_id).await;
    assert_eq!(found().await, [""; 0]);
}
