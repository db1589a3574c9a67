//! The chain of a case's own stages: a verification or a ruling that does not come, step by step, through the doors and with what is told.

use std::time::Duration;

use axum::http::StatusCode;
use contract::EventType;
use contract::proto::{dispatch as said, triage};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::life::ok;
use crate::world::{Routed, STREET, World, seconds};

const CENTRE: &str = "street-centre@990102001000";
const DISTRICT: &str = "governance-centre";
const ARMED: &str = "SELECT count(*) FROM dispatch.wakeups WHERE kind = 'case'";

fn step(after_s: u32, action: &str, body: &str) -> triage::ChainStep {
    triage::ChainStep { after_s, notify_body: body.to_owned(), action: action.to_owned() }
}

/// A lead without assistants, ten seconds to verify and twenty to rule.
fn routed(world: &World, chain: Vec<triage::ChainStep>) -> Routed {
    let mut routed = world.routed(STREET, "TRA-01");
    let plan = routed.plan();
    plan.orders.retain(|order| order.role() != triage::Role::Assist);
    plan.verify = Some(seconds("verify", 10));
    plan.adjudicate = Some(seconds("adjudicate", 20));
    let policy = plan.policy.as_mut().unwrap();
    policy.stages = vec![seconds("resolve", 3_600)];
    policy.chain = chain;
    routed
}

fn chain() -> Vec<triage::ChainStep> {
    vec![step(0, "notify", DISTRICT), step(4, "notify_holder", "transport"), step(8, "raise", DISTRICT)]
}

fn not_ours(to: &str) -> Value {
    json!({ "ground": "not_our_duty", "to": to, "note": "不属本单位" })
}

impl World {
    async fn handed_in(&self, chain: Vec<triage::ChainStep>) -> Uuid {
        let case_id = self.opened(&routed(self, chain)).await;
        let lead = self.order(case_id, 1, "transport", "lead").await;
        assert_eq!(self.act("transport", &lead, "acknowledge").await.1, "acknowledged");
        assert_eq!(self.act("transport", &lead, "submit").await.1, "submitted");
        case_id
    }

    async fn escalated(&self) -> said::CaseEvent {
        self.case_event(EventType::CaseEscalated).await
    }

    async fn steps(&self) -> usize {
        self.count_said(EventType::CaseEscalated).await
    }
}

fn told(event: &said::CaseEvent) -> (&str, &str, &str, Vec<&str>) {
    let bodies = event.told_bodies.iter().map(String::as_str).collect();
    (&event.stage, &event.measure, &event.escalated_to, bodies)
}

const fn in_seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verification_that_does_not_come_goes_up_step_by_step() {
    let mut world = World::start().await;
    let case_id = world.handed_in(chain()).await;
    world.pass(in_seconds(8)).await;
    assert_eq!(world.count_said(EventType::CaseWarned).await, 1);
    assert_eq!(world.steps().await, 0);
    world.pass(in_seconds(2)).await;
    assert_eq!((world.count_said(EventType::CaseBreached).await, world.steps().await), (1, 1));
    assert_eq!(told(&world.escalated().await), ("verify", "notify", DISTRICT, vec![DISTRICT]));
    world.pass(in_seconds(2)).await;
    assert_eq!(world.steps().await, 1, "the second has not come");
    world.pass(in_seconds(2)).await;
    // Who is late is the street's, and not the body that has done its part.
    assert_eq!(told(&world.escalated().await), ("verify", "notify", "", vec![CENTRE]));
    assert_eq!(world.case(case_id).await["supervised_at"], Value::Null);

    // What is to come stands in the database.
    world.rig.restart().await;
    assert_eq!((world.steps().await, world.scalar::<i64>(ARMED).await), (2, 1));
    world.pass(in_seconds(4)).await;
    let raised = world.escalated().await;
    assert_eq!(told(&raised), ("verify", "raise", DISTRICT, vec![DISTRICT, CENTRE]));
    assert!(raised.case.unwrap().supervised_at.is_some());
    assert_eq!(world.case(case_id).await["supervised_at"], "2026-11-23T02:00:18Z");
    assert_eq!(world.scalar::<i64>(ARMED).await, 0);
    world.pass(in_seconds(20)).await;
    assert_eq!((world.steps().await, world.count_said(EventType::OrderEscalated).await), (3, 0));
    let by_time = "SELECT count(*) FROM dispatch.journal WHERE event_type = 'dispatch.case.escalated' AND actor = 'clock'";
    assert_eq!(world.scalar::<i64>(by_time).await, 3);
    assert_eq!(world.verify("verifier", case_id, "pass").await.0, StatusCode::OK);
    assert_eq!(world.case(case_id).await["phase"], "closed");
}

/// Late, but no more: steps that were still to come do not.
#[tokio::test(flavor = "multi_thread")]
async fn no_step_comes_once_the_verifier_has_decided() {
    let world = World::start().await;
    let case_id = world.handed_in(chain()).await;
    world.pass(in_seconds(12)).await;
    assert_eq!(world.steps().await, 1);
    assert_eq!(world.verify("verifier", case_id, "claim").await.0, StatusCode::OK);
    world.pass(in_seconds(2)).await;
    assert_eq!(world.steps().await, 2, "who has taken it has not decided");
    assert_eq!(world.verify("verifier", case_id, "pass").await.0, StatusCode::OK);
    assert_eq!(world.scalar::<i64>(ARMED).await, 0);
    world.pass(in_seconds(20)).await;
    assert_eq!(world.steps().await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ruling_has_the_policys_limit_and_goes_up_to_who_has_to_rule() {
    let world = World::start().await;
    let chain = vec![step(0, "notify_holder", "transport"), step(4, "supervise", CENTRE)];
    let case_id = world.opened(&routed(&world, chain)).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    assert_eq!(world.deed("transport", &lead, "return", not_ours("traffic-police")).await, ok("dispatched"));
    assert_eq!(world.case(case_id).await["adjudication"]["due_at"], "2026-11-23T02:00:20Z");
    world.pass(in_seconds(18)).await;
    assert_eq!(world.count_said(EventType::CaseBreached).await, 0);
    world.pass(in_seconds(2)).await;
    assert_eq!(world.case_event(EventType::CaseBreached).await.stage, "adjudicate");
    assert_eq!(told(&world.escalated().await), ("adjudicate", "notify", "", vec![CENTRE]));
    world.pass(in_seconds(4)).await;
    assert_eq!(told(&world.escalated().await), ("adjudicate", "supervise", CENTRE, vec![CENTRE]));
    assert_eq!(world.case(case_id).await["supervised_at"], "2026-11-23T02:00:24Z");
    let to_police = json!({ "to": "traffic-police" });
    assert_eq!(world.deed("street-centre", &lead, "adjudicate", to_police).await, ok("returned"));
    assert_eq!(world.scalar::<i64>(ARMED).await, 0);

    // The second return is the district's to rule on: who is late is another.
    let theirs = world.order(case_id, 1, "traffic-police", "lead").await;
    assert_eq!(
        world.deed("traffic-police", &theirs, "return", not_ours("transport")).await,
        ok("dispatched")
    );
    world.pass(in_seconds(20)).await;
    assert_eq!(world.steps().await, 3);
    assert_eq!(told(&world.escalated().await), ("adjudicate", "notify", "", vec![DISTRICT]));
    assert_eq!(
        world.deed("governance-centre", &theirs, "adjudicate", json!({ "to": "transport" })).await,
        ok("returned")
    );
    world.pass(in_seconds(20)).await;
    assert_eq!(world.steps().await, 3);
}

/// What builds before stored names no chain, and is late as it was with them: told once.
#[tokio::test(flavor = "multi_thread")]
async fn a_case_that_was_stored_without_a_chain_is_told_once() {
    let world = World::start().await;
    let case_id = world.handed_in(chain()).await;
    let before = "UPDATE dispatch.cases SET state = state - 'chain' - 'adjudicate_plan'";
    assert_eq!(sqlx::query(before).execute(world.rig.admin()).await.unwrap().rows_affected(), 1);
    world.pass(in_seconds(30)).await;
    assert_eq!((world.count_said(EventType::CaseBreached).await, world.steps().await), (1, 0));
    assert_eq!(world.scalar::<i64>(ARMED).await, 0);
    assert_eq!(world.verify("verifier", case_id, "pass").await.0, StatusCode::OK);
}

/// A plan that names no limit of rulings, and no chain, leaves both as they were.
#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_names_nothing_leaves_a_working_day_to_rule() {
    let world = World::start().await;
    let mut routed = routed(&world, Vec::new());
    routed.plan().adjudicate = None;
    let case_id = world.opened(&routed).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    assert_eq!(world.deed("transport", &lead, "return", not_ours("traffic-police")).await, ok("dispatched"));
    assert_eq!(world.case(case_id).await["adjudication"]["due_at"], "2026-11-24T10:00:00Z");
    world.rig.clock.set("2026-11-24T10:00:00Z".parse().unwrap());
    world.rig.drain().await;
    world.pass(in_seconds(2)).await;
    assert_eq!((world.count_said(EventType::CaseBreached).await, world.steps().await), (1, 0));
}
