//! Hearing routed cases: once, whatever comes twice or late; poison parks alone.

use contract::EventType;
use contract::proto::triage;
use ids::{EventId, Lane};
use rstest::rstest;

use crate::world::{FAST_STREET, Routed, STREET, World};

const ORDERS: &str = "SELECT count(*) FROM dispatch.orders";
const PARKED: &str = "SELECT count(*) FROM dispatch.parked";

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_opened_once() {
    let world = World::start().await;
    let routed = world.routed(STREET, "TRA-01");
    // The same message twice in a batch, then again as a redelivery, then the case in another message, then one
    // of an earlier version that comes late.
    world.publish(&routed).await;
    world.publish(&routed).await;
    world.rig.drain().await;
    world.publish(&routed).await;
    for version in [3, 1] {
        let mut other = Routed { envelope: routed.envelope.clone(), payload: routed.payload.clone() };
        other.envelope.id = EventId(world.next_id());
        other.envelope.version = version;
        world.publish(&other).await;
    }
    world.rig.drain().await;
    assert_eq!(world.scalar::<i64>("SELECT count(*) FROM dispatch.cases").await, 1);
    assert_eq!(world.scalar::<i64>(ORDERS).await, 5);
    assert_eq!(world.count_said(EventType::OrderDispatched).await, 5);
    assert_eq!(world.scalar::<i64>(PARKED).await, 0);
}

/// From acceptance to dispatch, once a case; what a person decided in between and what is rehearsed is not counted.
#[tokio::test(flavor = "multi_thread")]
async fn how_long_a_report_took_to_become_orders_is_measured() {
    let world = World::start().await;
    let whole = world.routed(STREET, "TRA-01");
    let mut by_hand = world.routed(STREET, "TRA-01");
    by_hand.payload.accepted_at = None;
    let mut drill = world.routed(STREET, "TRA-01");
    drill.envelope.drill = true;
    for routed in [&whole, &by_hand, &drill, &whole] {
        world.publish(routed).await;
        world.rig.drain().await;
    }
    let within = |le: &str| {
        let name = format!("dispatch_report_to_order_duration_seconds_bucket{{le=\"{le}\"}}");
        world.rig.house.metrics.value(&name).unwrap()
    };
    assert_eq!((within("2.5"), within("5"), within("+Inf")), (0.0, 1.0, 1.0), "four seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_messages_about_one_case_in_two_lanes_open_it_once() {
    let world = World::start().await;
    let routed = world.routed(STREET, "TRA-01");
    let mut urgent = Routed { envelope: routed.envelope.clone(), payload: routed.payload.clone() };
    urgent.envelope.id = EventId(world.next_id());
    urgent.envelope.lane = Lane::Urgent;
    world.publish(&routed).await;
    world.publish(&urgent).await;
    tokio::join!(world.rig.drain(), world.rig.drain());
    assert_eq!(world.scalar::<i64>(ORDERS).await, 5);
    assert_eq!(world.scalar::<i64>("SELECT count(DISTINCT lane) FROM dispatch.journal").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lane_and_the_drill_stay_with_the_case() {
    let world = World::start().await;
    let mut routed = world.routed(STREET, "TRA-01");
    routed.envelope.lane = Lane::Urgent;
    routed.envelope.drill = true;
    let case_id = world.opened(&routed).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    world.act("transport", &lead, "see").await;
    let said = world.rig.said().await;
    assert_eq!(said.len(), 7, "the case, five orders, one act");
    assert!(said.iter().all(|(envelope, _)| envelope.lane == Lane::Urgent && envelope.drill));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_over_two_streets_is_one() {
    let world = World::start().await;
    for _ in 0..20 {
        world.publish(&world.routed(STREET, "TRA-01")).await;
        world.publish(&world.routed(FAST_STREET, "TRA-03")).await;
    }
    world.rig.drain().await;
    assert_eq!(world.scalar::<i64>("SELECT count(*) FROM dispatch.cases").await, 40);
    let misplaced = "SELECT count(*) FROM dispatch.orders o JOIN dispatch.cases c ON c.id = o.case_id
        WHERE c.tenant_id <> o.tenant_id";
    assert_eq!(world.scalar::<i64>(misplaced).await, 0);
}

#[rstest]
#[case::of_another_tenant(|r: &mut Routed| r.payload.case.as_mut().unwrap().street = FAST_STREET.to_owned())]
#[case::without_lead(|r: &mut Routed| r.plan().orders.retain(|order| order.role() != triage::Role::Lead))]
#[case::with_two_leads(|r: &mut Routed| r.plan().orders[1].set_role(triage::Role::Lead))]
#[case::a_body_twice(|r: &mut Routed| { let again = r.plan().orders[1].clone(); r.plan().orders.push(again) })]
#[case::unknown_role(|r: &mut Routed| r.plan().orders[0].role = 9)]
#[case::unknown_stage(|r: &mut Routed| r.plan().policy.as_mut().unwrap().stages[0].stage = "nap".to_owned())]
#[case::stage_twice(|r: &mut Routed| {
    let policy = r.plan().policy.as_mut().unwrap();
    policy.stages.push(policy.stages[0].clone());
})]
#[case::no_time(|r: &mut Routed| r.plan().policy.as_mut().unwrap().stages[0].amount = 0)]
#[case::too_early_warning(|r: &mut Routed| r.plan().policy.as_mut().unwrap().stages[0].warn_per_mille = vec![1001])]
#[case::bad_body(|r: &mut Routed| r.plan().orders[0].body = "Transport!".to_owned())]
#[case::unknown_calendar(|r: &mut Routed| r.plan().policy.as_mut().unwrap().calendar = "moon".to_owned())]
#[case::without_plan(|r: &mut Routed| r.payload.plan = None)]
#[case::a_number_that_is_taken(|r: &mut Routed| {
    r.payload.case.as_mut().unwrap().case_no = "990102001-261123-9999".to_owned();
})]
#[tokio::test(flavor = "multi_thread")]
async fn poison_parks_alone(#[case] spoil: fn(&mut Routed)) {
    let world = World::start().await;
    let mut first = world.routed(STREET, "TRA-01");
    first.payload.case.as_mut().unwrap().case_no = "990102001-261123-9999".to_owned();
    world.opened(&first).await;
    let mut poison = world.routed(STREET, "TRA-01");
    spoil(&mut poison);
    world.publish(&world.routed(STREET, "TRA-01")).await;
    world.publish(&poison).await;
    world.publish(&world.routed(STREET, "TRA-01")).await;
    world.rig.drain().await;
    assert_eq!(world.scalar::<i64>(PARKED).await, 1);
    assert_eq!(world.scalar::<i64>(ORDERS).await, 15, "its neighbours went through");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_before_its_streets_documents_waits() {
    let world = World::without_documents().await;
    world.publish(&world.routed(STREET, "TRA-01")).await;
    world.rig.drain().await;
    assert_eq!(world.scalar::<i64>(ORDERS).await, 0);
    assert_eq!(world.scalar::<i64>(PARKED).await, 0);
    world.keep_documents().await;
    let within = std::time::Duration::from_secs(20);
    testkit::wait::eventually(within, "the case to be opened", async || {
        world.rig.drain().await;
        (world.scalar::<i64>(ORDERS).await == 5).then_some(())
    })
    .await;
}
