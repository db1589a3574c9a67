//! A plan that was drawn anew (重新派单): followed in a fixed order, once, and only while there is something to follow.

use axum::http::StatusCode;
use contract::proto::{dispatch as said, triage};
use contract::{Envelope, EventType};
use ids::{EventId, Lane};
use prost::Message;
use serde_json::{Value, json};
use std::time::Duration;
use uuid::Uuid;

use crate::story::handle;
use crate::world::{Routed, STREET, World, path_of, stage};

const PARKED: &str = "SELECT count(*) FROM dispatch.parked";
const NOTE: &str = "事项有误，应为站台损坏";

/// A plan drawn anew, to be changed by a test before it is published.
#[derive(Clone)]
struct Rerouted {
    envelope: Envelope,
    payload: triage::CaseRerouted,
}

impl Rerouted {
    fn orders(&mut self) -> &mut Vec<triage::PlannedOrder> {
        &mut self.payload.plan.as_mut().unwrap().orders
    }
}

/// Who is told, with the order that each keeps, sorted.
fn told(event: &said::CaseEvent) -> Vec<(String, String)> {
    let pairs = event.told_bodies.iter().cloned().zip(event.told_orders.iter().cloned());
    let mut told: Vec<(String, String)> = pairs.collect();
    told.sort();
    told
}

fn planned(body: &str, role: triage::Role) -> triage::PlannedOrder {
    triage::PlannedOrder { body: body.to_owned(), role: role.into() }
}

impl World {
    /// What triage says when a case is of this item after all.
    fn rerouted(&self, first: &Routed, item: &str, version: u64) -> Rerouted {
        let (drawn, known) = (self.routed(STREET, item).payload, first.payload.case.clone().unwrap());
        let (case, before) = (drawn.case.unwrap(), known.item.clone());
        let case =
            triage::CaseState { item: case.item, item_zh: case.item_zh, item_en: case.item_en, ..known };
        let payload = triage::CaseRerouted {
            case: Some(case),
            plan: drawn.plan,
            item_before: before,
            by: "centre-zhou".to_owned(),
            desk: "street".to_owned(),
            note: NOTE.to_owned(),
            ..Default::default()
        };
        let envelope = Envelope {
            id: EventId(self.next_id()),
            event_type: EventType::CaseRerouted,
            version,
            ..first.envelope.clone()
        };
        Rerouted { envelope, payload }
    }

    /// Publishes and works off.
    async fn reroutes(&self, rerouted: &Rerouted) {
        self.rig.publish(&rerouted.envelope, rerouted.payload.encode_to_vec().into()).await;
        self.rig.drain().await;
    }

    /// Body, role and phase of every order, sorted.
    async fn duties(&self, case_id: Uuid) -> Vec<String> {
        let case = self.case(case_id).await;
        let orders = case["orders"].as_array().unwrap();
        let word = |order: &Value, field: &str| order[field].as_str().unwrap().to_owned();
        let shown = |order: &Value| ["body", "role", "phase"].map(|field| word(order, field)).join(" ");
        let mut duties: Vec<String> = orders.iter().map(shown).collect();
        duties.sort();
        duties
    }

    /// Body and order, sorted: of those who have such an order that has not ended.
    async fn live(&self, case_id: Uuid, which: impl Fn(&Value) -> bool) -> Vec<(String, String)> {
        let case = self.case(case_id).await;
        let orders = case["orders"].as_array().unwrap();
        let ended = |order: &Value| order["phase"] == "waived" || order["phase"] == "transferred";
        let live = orders.iter().filter(|order| !ended(order));
        let word = |order: &Value, field: &str| order[field].as_str().unwrap().to_owned();
        let mut live: Vec<(String, String)> =
            live.filter(|order| which(order)).map(|o| (word(o, "body"), word(o, "order_id"))).collect();
        live.sort();
        live
    }

    /// What one transaction told, in its order: that with the last event of a type.
    async fn told_with(&self, kind: EventType) -> Vec<String> {
        let told = "SELECT j.event_type FROM dispatch.journal j
            WHERE j.at = (SELECT max(at) FROM dispatch.journal WHERE event_type = $1) ORDER BY j.id";
        sqlx::query_scalar(told).bind(kind.as_str()).fetch_all(self.rig.admin()).await.unwrap()
    }

    async fn of_case(&self, kind: EventType) -> Vec<(Envelope, said::CaseEvent)> {
        let said = self.rig.said().await.into_iter();
        let of_kind = said.filter(|(envelope, _)| envelope.event_type == kind);
        of_kind.map(|(envelope, payload)| (envelope, said::CaseEvent::decode(payload).unwrap())).collect()
    }
}

/// The lead and an assistant change places, one assistant is dropped, another comes: in the fixed order.
#[tokio::test(flavor = "multi_thread")]
async fn another_item_moves_the_duties_in_a_fixed_order() {
    let world = World::start().await;
    let routed = world.routed(STREET, "TRA-01");
    let case_id = world.opened(&routed).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    // Who works for the lead's body and verifies elsewhere.
    assert_eq!(world.act("both", &lead, "acknowledge").await.0, StatusCode::OK);
    world.pass(Duration::from_secs(60)).await;
    world.reroutes(&world.rerouted(&routed, "TRA-03", 3)).await;

    assert_eq!(
        world.told_with(EventType::DispatchCaseRerouted).await,
        [
            "dispatch.case.rerouted",
            // Who is not named any more; then who gets another part, and what it gets; then who is new.
            "dispatch.order.waived",
            "dispatch.order.transferred",
            "dispatch.order.waived",
            "dispatch.order.dispatched",
            "dispatch.order.dispatched",
            "dispatch.order.dispatched",
        ]
    );
    let duties = world.duties(case_id).await;
    for duty in [
        "transport lead transferred",
        "transport assist dispatched",
        "traffic-police assist waived",
        "bus-company assist waived",
        "bus-company lead dispatched",
        "urban-mgmt assist dispatched",
    ] {
        assert!(duties.iter().any(|shown| shown == duty), "{duty}: {duties:?}");
    }
    assert_eq!(duties.len(), 8, "who is informed keeps its order: {duties:?}");

    let case = world.case(case_id).await;
    assert_eq!((&case["item"], &case["holder"]), (&json!("TRA-03"), &json!("bus-company")));
    let new = world.order(case_id, 1, "bus-company", "lead").await;
    assert_eq!((&new["follows"], &new["item"]), (&lead["order_id"], &json!("TRA-03")));
    // Dispatched a minute after ten, two hours of working time.
    assert_eq!(stage(&new, "acknowledge")["due_at"], "2026-11-23T04:01:00Z");
    let [(envelope, event)] = &world.of_case(EventType::DispatchCaseRerouted).await[..] else {
        panic!("one")
    };
    let state = event.case.as_ref().unwrap();
    assert_eq!((state.item.as_str(), state.holder.as_str()), ("TRA-03", "bus-company"));
    assert_eq!((event.note.as_str(), envelope.version), (NOTE, state.version));
    assert_eq!(event.plan_version, 3, "triage's version, which its word is found by");
    assert_eq!(event.actor.as_ref().unwrap().subject, "centre-zhou");
    assert_eq!(told(event), world.live(case_id, |order| order["role"] == "inform").await);
    // The old holder is told by the end of its order, with the ground.
    let ended = world.order_event(EventType::OrderTransferred).await;
    assert_eq!(
        (ended.ground.as_str(), ended.to.as_str(), ended.note.as_str()),
        ("rerouted", "bus-company", NOTE)
    );
    assert_eq!(world.order_event(EventType::OrderWaived).await.ground, "rerouted");
    // The new lead closes it like any other, and whoever handled it before does not verify.
    assert_eq!(world.act("transport", &lead, "progress").await.0, StatusCode::CONFLICT);
    // Nobody of this body has an account; an assistant may be let go.
    let idle = world.order(case_id, 1, "urban-mgmt", "assist").await;
    assert_eq!(world.act("street-centre", &idle, "waive").await, (StatusCode::OK, "waived".to_owned()));
    for (body, role) in [("transport", "assist"), ("bus-company", "lead")] {
        let order = world.order(case_id, 1, body, role).await;
        for verb in ["acknowledge", "arrive", "submit"] {
            let (status, word) = world.act(body, &order, verb).await;
            assert_eq!(status, StatusCode::OK, "{body} {verb}: {word}");
        }
    }
    assert_eq!(world.case(case_id).await["phase"], "submitted");
    let (status, refused) = world.verify("both", case_id, "pass").await;
    assert_eq!((status, &refused["code"]), (StatusCode::CONFLICT, &json!("handler-may-not-verify")));
    let (status, closed) = world.verify("verifier", case_id, "pass").await;
    assert_eq!((status, &closed["phase"]), (StatusCode::OK, &json!("closed")));
    let ended = ["done", "waived", "transferred"];
    let orders = closed["orders"].as_array().unwrap();
    assert!(orders.iter().all(|order| ended.contains(&order["phase"].as_str().unwrap())), "{closed}");
    assert_eq!(world.scalar::<i64>(PARKED).await, 0);
}

/// The place was wrong and the lead stays: it keeps its order, with what was done and the time that was used.
#[tokio::test(flavor = "multi_thread")]
async fn who_keeps_its_part_keeps_its_order() {
    let world = World::start().await;
    let routed = world.routed(STREET, "TRA-01");
    let case_id = world.opened(&routed).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    assert_eq!(world.act("transport", &lead, "acknowledge").await.0, StatusCode::OK);
    let mut before = world.order(case_id, 1, "transport", "lead").await;
    let mut rerouted = world.rerouted(&routed, "TRA-01", 3);
    rerouted.orders().retain(|order| order.body != "traffic-police");
    rerouted.orders().push(planned("urban-mgmt", triage::Role::Assist));
    rerouted.payload.case.as_mut().unwrap().place =
        Some(contract::proto::intake::Place { address: "南坪路2号".to_owned(), ..Default::default() });
    world.reroutes(&rerouted).await;
    before["address"] = json!("南坪路2号");
    assert_eq!(world.order(case_id, 1, "transport", "lead").await, before);
    let duties = world.duties(case_id).await;
    assert!(duties.contains(&"traffic-police assist waived".to_owned()), "{duties:?}");
    assert!(duties.contains(&"urban-mgmt assist dispatched".to_owned()), "{duties:?}");
    assert!(duties.contains(&"bus-company assist dispatched".to_owned()), "{duties:?}");
    assert_eq!(world.count_said(EventType::OrderTransferred).await, 0);
    // Who keeps its order is told of the new place, with that order; who lost one or got one hears of that.
    let [(_, event)] = &world.of_case(EventType::DispatchCaseRerouted).await[..] else { panic!("one") };
    let kept = world.live(case_id, |order| order["body"] != "urban-mgmt").await;
    assert_eq!((told(event), kept.len()), (kept, 4));
    let address: String = world.scalar("SELECT address FROM dispatch.cases").await;
    assert_eq!(address, "南坪路2号");
    // The round goes on as planned: the lead waits for the assistant that came, and not for the one that went.
    assert_eq!(world.act("transport", &lead, "arrive").await.0, StatusCode::OK);
    let (_, _, refused) =
        world.post("transport", &format!("{}:submit", path_of(&lead)), &[], json!({})).await;
    assert_eq!(refused["code"], "assistants-open", "{refused}");
}

/// From assisting to being informed, and back: no machine moves an order's role, so one ends and another goes out.
#[tokio::test(flavor = "multi_thread")]
async fn another_role_is_another_order() {
    let world = World::start().await;
    let routed = world.routed(STREET, "TRA-01");
    let case_id = world.opened(&routed).await;
    let mut rerouted = world.rerouted(&routed, "TRA-01", 3);
    for order in rerouted.orders().iter_mut().filter(|order| order.body == "traffic-police") {
        order.set_role(triage::Role::Inform);
    }
    world.reroutes(&rerouted).await;
    let mut back = world.rerouted(&routed, "TRA-01", 4);
    back.payload.note = "仍需协办".to_owned();
    world.reroutes(&back).await;
    let duties = world.duties(case_id).await;
    let police: Vec<&String> = duties.iter().filter(|duty| duty.starts_with("traffic-police")).collect();
    assert_eq!(
        police,
        [
            "traffic-police assist dispatched",
            "traffic-police assist waived",
            "traffic-police inform cancelled"
        ]
    );
}

/// Who submitted as an assistant and is to be informed by the new plan: what it did is verified with the round, and the next one has
/// the duties of the plan and no others.
#[tokio::test(flavor = "multi_thread")]
async fn the_next_round_has_the_duties_of_the_new_plan() {
    let world = World::start().await;
    let routed = world.routed(STREET, "TRA-01");
    let case_id = world.opened(&routed).await;
    let does_all = async |body: &str, role: &str| {
        let order = world.order(case_id, 1, body, role).await;
        for verb in ["acknowledge", "arrive", "submit"] {
            let (status, word) = world.act(body, &order, verb).await;
            assert_eq!(status, StatusCode::OK, "{body} {verb}: {word}");
        }
    };
    does_all("traffic-police", "assist").await;
    let mut rerouted = world.rerouted(&routed, "TRA-01", 3);
    for order in rerouted.orders().iter_mut().filter(|order| order.body == "traffic-police") {
        order.set_role(triage::Role::Inform);
    }
    world.reroutes(&rerouted).await;
    let duties = world.duties(case_id).await;
    assert!(duties.contains(&"traffic-police assist submitted".to_owned()), "{duties:?}");
    assert!(duties.contains(&"traffic-police inform dispatched".to_owned()), "{duties:?}");
    does_all("bus-company", "assist").await;
    does_all("transport", "lead").await;
    assert_eq!(world.verify("verifier", case_id, "fail").await.0, StatusCode::OK);

    let role = |order: &triage::PlannedOrder| match order.role() {
        triage::Role::Lead => "lead",
        triage::Role::Assist => "assist",
        _ => "inform",
    };
    let plan = rerouted.orders().iter().map(|order| format!("{} {}", order.body, role(order)));
    let mut planned: Vec<String> = plan.collect();
    planned.sort();
    let case = world.case(case_id).await;
    let again = case["orders"].as_array().unwrap().iter().filter(|order| order["round"] == 2);
    let word = |order: &Value, field: &str| order[field].as_str().unwrap().to_owned();
    let mut again: Vec<String> =
        again.map(|order| format!("{} {}", word(order, "body"), word(order, "role"))).collect();
    again.sort();
    assert_eq!(again, planned);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_comes_too_late_changes_nothing_and_is_told() {
    let world = World::start().await;
    let routed = world.routed(STREET, "TRA-01");
    let case_id = world.opened(&routed).await;
    handle(&world, case_id, 1).await;
    let before = world.case(case_id).await;
    world.reroutes(&world.rerouted(&routed, "TRA-03", 3)).await;
    let (status, closed) = world.verify("verifier", case_id, "pass").await;
    assert_eq!((status, &closed["phase"]), (StatusCode::OK, &json!("closed")));
    world.reroutes(&world.rerouted(&routed, "TRA-03", 4)).await;
    let refused = world.of_case(EventType::CaseRerouteRefused).await;
    let mut reasons: Vec<&str> = refused.iter().map(|(_, event)| event.reason.as_str()).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["case-over", "submitted"]);
    let mut plans: Vec<u64> = refused.iter().map(|(_, event)| event.plan_version).collect();
    plans.sort_unstable();
    assert_eq!(plans, [3, 4]);
    assert!(refused.iter().all(|(_, event)| event.note == NOTE));
    let after = world.case(case_id).await;
    assert_eq!((&after["item"], &after["phase"]), (&json!("TRA-01"), &json!("closed")));
    assert_eq!(after["orders"].as_array().unwrap().len(), before["orders"].as_array().unwrap().len());
    assert!(after["orders"].as_array().unwrap().iter().all(|order| order["phase"] == "done"));
    assert_eq!(world.count_said(EventType::DispatchCaseRerouted).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_followed_once_whatever_comes_twice_or_late() {
    let world = World::start().await;
    let routed = world.routed(STREET, "TRA-01");
    let case_id = world.opened(&routed).await;
    let rerouted = world.rerouted(&routed, "TRA-03", 5);
    world.rig.publish(&rerouted.envelope, rerouted.payload.encode_to_vec().into()).await;
    world.reroutes(&rerouted).await;
    world.reroutes(&rerouted).await;
    let duties = world.duties(case_id).await;
    // The same plan in another message, and an older one, in another lane.
    let mut again = rerouted.clone();
    again.envelope.id = EventId(world.next_id());
    world.reroutes(&again).await;
    let mut older = world.rerouted(&routed, "TRA-01", 4);
    older.envelope.lane = Lane::Urgent;
    world.reroutes(&older).await;
    assert_eq!(world.duties(case_id).await, duties);
    assert_eq!(world.count_said(EventType::DispatchCaseRerouted).await, 1);
    assert_eq!(world.count_said(EventType::CaseRerouteRefused).await, 0);
    assert_eq!(world.scalar::<i64>(PARKED).await, 0);
}

/// Lanes and replicas keep no order: the plan that is drawn anew opens the case, and the first one finds it there.
#[tokio::test(flavor = "multi_thread")]
async fn the_new_plan_may_come_before_the_first() {
    let world = World::start().await;
    let routed = world.routed(STREET, "TRA-01");
    world.reroutes(&world.rerouted(&routed, "TRA-03", 3)).await;
    let case_id = world.opened(&routed).await;
    let duties = world.duties(case_id).await;
    assert!(duties.contains(&"bus-company lead dispatched".to_owned()), "{duties:?}");
    assert_eq!((duties.len(), world.case(case_id).await["item"].clone()), (5, json!("TRA-03")));
    assert_eq!(world.count_said(EventType::DispatchCaseRerouted).await, 0);
    // What is older than it stays without effect.
    world.reroutes(&world.rerouted(&routed, "TRA-01", 3)).await;
    assert_eq!(world.duties(case_id).await, duties);
}

/// Both in one batch: opened by the first, then drawn anew.
#[tokio::test(flavor = "multi_thread")]
async fn both_plans_in_one_batch_are_followed_in_their_order() {
    let world = World::start().await;
    let routed = world.routed(STREET, "TRA-01");
    world.publish(&routed).await;
    world.reroutes(&world.rerouted(&routed, "TRA-03", 3)).await;
    let case_id = routed.envelope.aggregate_id;
    assert_eq!(world.case(case_id).await["holder"], "bus-company");
    assert_eq!(world.count_said(EventType::DispatchCaseRerouted).await, 1);
    assert_eq!(world.scalar::<i64>(PARKED).await, 0);
}

/// The body said that it is not theirs; that the item is another answers it.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_plan_answers_a_return() {
    let world = World::start().await;
    let routed = world.routed(STREET, "TRA-01");
    let case_id = world.opened(&routed).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    let not_ours = json!({ "ground": "wrong_item", "to": "bus-company" });
    let (status, _, _) = world.post("transport", &format!("{}:return", path_of(&lead)), &[], not_ours).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(world.case(case_id).await["holder"], "centre");
    world.reroutes(&world.rerouted(&routed, "TRA-03", 3)).await;
    let duties = world.duties(case_id).await;
    assert!(duties.contains(&"transport lead returned".to_owned()), "{duties:?}");
    let case = world.case(case_id).await;
    assert_eq!((&case["holder"], &case["adjudication"]), (&json!("bus-company"), &Value::Null));
    let met: i64 = world
        .scalar("SELECT count(*) FROM dispatch.stages WHERE subject_kind = 'return' AND verdict = 'met'")
        .await;
    assert_eq!(met, 1, "the ruling's clock has its verdict");
}

/// What the present clocks count on has to be here: suspensions that are over end before anything else.
#[tokio::test(flavor = "multi_thread")]
async fn a_plan_waits_for_the_calendar_of_the_case() {
    let world = World::start().await;
    let routed = world.routed(STREET, "TRA-01");
    let case_id = world.opened(&routed).await;
    let counts_on = async |calendar: &str| {
        let turn = "UPDATE dispatch.cases SET calendar = $1 WHERE id = $2";
        sqlx::query(turn).bind(calendar).bind(case_id).execute(world.rig.admin()).await.unwrap();
    };
    let calendar: String = world.scalar("SELECT calendar FROM dispatch.cases").await;
    counts_on("not-here").await;
    world.reroutes(&world.rerouted(&routed, "TRA-03", 3)).await;
    assert_eq!(world.count_said(EventType::DispatchCaseRerouted).await, 0);
    assert_eq!(world.scalar::<i64>(PARKED).await, 0);
    counts_on(&calendar).await;
    testkit::wait::eventually(Duration::from_secs(20), "the plan to come again", async || {
        world.rig.drain().await;
        (world.count_said(EventType::DispatchCaseRerouted).await == 1).then_some(())
    })
    .await;
    assert_eq!(world.case(case_id).await["holder"], "bus-company");
    assert_eq!(world.scalar::<i64>(PARKED).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_of_nobody_or_of_no_desk_is_poison() {
    let world = World::start().await;
    let routed = world.routed(STREET, "TRA-01");
    let case_id = world.opened(&routed).await;
    let duties = world.duties(case_id).await;
    let mut by_nobody = world.rerouted(&routed, "TRA-03", 3);
    by_nobody.payload.by.clear();
    let mut of_no_desk = world.rerouted(&routed, "TRA-03", 4);
    of_no_desk.payload.desk = "village".to_owned();
    let mut without_lead = world.rerouted(&routed, "TRA-03", 5);
    without_lead.orders().retain(|order| order.role() != triage::Role::Lead);
    for poison in [by_nobody, of_no_desk, without_lead] {
        world.reroutes(&poison).await;
    }
    assert_eq!(world.scalar::<i64>(PARKED).await, 3);
    assert_eq!(world.duties(case_id).await, duties);
}
