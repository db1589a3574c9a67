//! Transfers, waivers, urging, calling off, time: through the doors, with what is said about it. Returns are in `returns`.

use axum::http::StatusCode;
use contract::EventType;
use contract::proto::dispatch as said;
use prost::Message;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{STREET, World, path_of, seconds, stage};

impl World {
    /// A deed on an order; the status, and the phase or the problem's code.
    pub async fn deed(&self, who: &str, order: &Value, verb: &str, body: Value) -> (u16, String) {
        let (status, _, answer) = self.post(who, &format!("{}:{verb}", path_of(order)), &[], body).await;
        let word = if status.is_success() { &answer["phase"] } else { &answer["code"] };
        (status.as_u16(), word.as_str().unwrap_or_default().to_owned())
    }

    pub async fn cancel(&self, who: &str, case_id: Uuid) -> (u16, Value) {
        let path = format!("/dispatch/v1/streets/{STREET}/cases/{case_id}:cancel");
        let (status, _, body) = self.post(who, &path, &[], json!({ "note": "误报" })).await;
        (status.as_u16(), body)
    }

    pub async fn case_event(&self, kind: EventType) -> said::CaseEvent {
        let said = self.rig.said().await;
        let (_, payload) = said.iter().rev().find(|(envelope, _)| envelope.event_type == kind).unwrap();
        said::CaseEvent::decode(payload.clone()).unwrap()
    }
}

pub fn ok(phase: &str) -> (u16, String) {
    (200, phase.to_owned())
}

pub fn refused(code: &str) -> (u16, String) {
    (409, code.to_owned())
}

pub fn not_ours(to: &str) -> Value {
    json!({ "ground": "not_our_duty", "to": to, "note": "道路施工不属本单位" })
}

#[tokio::test(flavor = "multi_thread")]
async fn the_centre_directs_and_bodies_do_not() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    let bus = world.order(case_id, 1, "bus-company", "assist").await;
    for verb in ["urge", "supervise", "waive", "cancel", "transfer", "adjudicate"] {
        assert_eq!(
            world.deed("transport", &lead, verb, json!({ "to": "bus-company" })).await.0,
            403,
            "{verb}"
        );
        assert_eq!(
            world.deed("verifier", &lead, verb, json!({ "to": "bus-company" })).await.0,
            403,
            "{verb}"
        );
        assert_eq!(world.deed("stranger", &lead, verb, json!({})).await.0, 404, "{verb}");
    }
    let urge = async || {
        let body = json!({ "note": "请尽快" });
        world.post("street-centre", &format!("{}:urge", path_of(&lead)), &[], body).await.2
    };
    assert_eq!(urge().await["urged"], 1);
    assert_eq!(urge().await["urged"], 2);
    let urged = world.order_event(EventType::OrderUrged).await;
    assert_eq!((urged.note.as_str(), urged.order.unwrap().urged), ("请尽快", 2));
    assert_eq!(world.deed("governance-centre", &lead, "supervise", json!({})).await, ok("dispatched"));
    assert!(!world.order(case_id, 1, "transport", "lead").await["supervised_at"].is_null());

    // An assistant is let go; a lead is not, and is not withdrawn either.
    assert_eq!(world.deed("street-centre", &bus, "waive", json!({})).await, ok("waived"));
    assert_eq!(world.deed("street-centre", &bus, "urge", json!({})).await, refused("invalid-transition"));
    assert_eq!(world.deed("street-centre", &lead, "waive", json!({})).await, refused("lead-required"));
    assert_eq!(world.deed("street-centre", &lead, "cancel", json!({})).await, refused("lead-required"));
    let police = world.order(case_id, 1, "traffic-police", "assist").await;
    assert_eq!(world.deed("street-centre", &police, "cancel", json!({})).await, ok("cancelled"));

    // Moved without anybody asking; the next body has clocks of its own.
    world.rig.clock.advance(std::time::Duration::from_secs(1));
    assert_eq!(
        world.deed("street-centre", &lead, "transfer", json!({ "to": "bus-company" })).await,
        ok("transferred")
    );
    let next = world.order(case_id, 1, "bus-company", "lead").await;
    assert_eq!((&next["follows"], &next["urged"]), (&lead["order_id"], &json!(0)));
    assert_eq!(next["dispatched_at"], "2026-11-23T02:00:01Z");
    // A version the caller has not seen is refused here as everywhere.
    let stale = [("if-match", "\"7\"")];
    let (status, _, _) =
        world.post("street-centre", &format!("{}:urge", path_of(&next)), &stale, json!({})).await;
    assert_eq!(status, StatusCode::PRECONDITION_FAILED);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_deed_must_say_is_asked_for() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    let faults = async |who: &str, verb: &str, body: Value| {
        let path = format!("{}:{verb}", path_of(&lead));
        let (status, _, problem) = world.post(who, &path, &[], body).await;
        let fault = &problem["errors"][0];
        (
            status.as_u16(),
            fault["pointer"].as_str().map(str::to_owned),
            fault["code"].as_str().map(str::to_owned),
        )
    };
    let fault = |pointer: &str, code: &str| (422, Some(pointer.to_owned()), Some(code.to_owned()));
    assert_eq!(faults("transport", "return", json!({})).await, fault("/ground", "missing-field"));
    let ground = json!({ "ground": "wrong_item" });
    assert_eq!(faults("transport", "return", ground).await, fault("/to", "missing-field"));
    for body in ["nobody", "No Body", "street-centre@990102002000"] {
        assert_eq!(
            faults("transport", "return", not_ours(body)).await,
            fault("/to", "unknown-body"),
            "{body}"
        );
        let to = json!({ "to": body });
        assert_eq!(faults("street-centre", "transfer", to).await, fault("/to", "unknown-body"), "{body}");
    }
    assert_eq!(world.deed("transport", &lead, "return", not_ours("transport")).await, refused("own-body"));
    assert_eq!(
        world.deed("street-centre", &lead, "adjudicate", json!({ "to": "transport" })).await,
        refused("no-return")
    );
    assert_eq!(world.scalar::<i64>("SELECT max(version) FROM dispatch.orders").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_called_off_with_all_its_orders() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    for who in ["transport", "verifier"] {
        assert_eq!(world.cancel(who, case_id).await.0, 403, "{who}");
    }
    // Who files drills ends drills, and nothing else.
    assert_eq!(world.cancel("sre", case_id).await.0, 403);
    assert_eq!(world.cancel("stranger", case_id).await.0, 404);
    let (status, case) = world.cancel("street-centre", case_id).await;
    assert_eq!((status, &case["phase"], &case["holder"]), (200, &json!("cancelled"), &Value::Null));
    assert!(case["orders"].as_array().unwrap().iter().all(|order| order["phase"] == "cancelled"));
    assert_eq!(world.scalar::<i64>("SELECT count(*) FROM dispatch.wakeups").await, 0);
    assert_eq!(world.scalar::<i64>("SELECT count(*) FROM dispatch.stages WHERE verdict IS NULL").await, 0);
    assert_eq!(world.count_said(EventType::OrderCancelled).await, 5);
    assert_eq!(world.case_event(EventType::CaseCancelled).await.note, "误报");

    // Again is no fault and says nothing; a body's act is out of turn.
    assert_eq!(world.cancel("governance-centre", case_id).await.0, 200);
    assert_eq!(world.count_said(EventType::CaseCancelled).await, 1);
    let lead = world.order(case_id, 1, "transport", "lead").await;
    assert_eq!(world.deed("transport", &lead, "acknowledge", json!({})).await, refused("invalid-transition"));
    assert_eq!(world.verify("verifier", case_id, "claim").await.0, StatusCode::CONFLICT);
    let path = format!("/dispatch/v1/streets/{STREET}/cases/{case_id}:cancel");
    let (status, _, _) = world.post("street-centre", &path, &[], json!({ "result": "pass" })).await;
    assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_files_drills_ends_them() {
    let world = World::start().await;
    let mut routed = world.routed(STREET, "TRA-01");
    routed.envelope.drill = true;
    let case_id = world.opened(&routed).await;
    let (status, case) = world.cancel("sre", case_id).await;
    assert_eq!((status, &case["phase"]), (200, &json!("cancelled")));
    assert_eq!(world.scalar::<i64>("SELECT count(*) FROM dispatch.wakeups").await, 0);
    assert!(world.rig.said().await.iter().all(|(envelope, _)| envelope.drill));
}

#[tokio::test(flavor = "multi_thread")]
async fn time_is_asked_for_and_granted_by_somebody_else() {
    let world = World::start().await;
    let mut routed = world.routed(STREET, "TRA-01");
    let policy = routed.plan().policy.as_mut().unwrap();
    policy.stages = vec![seconds("acknowledge", 3_600), seconds("resolve", 7_200)];
    let case_id = world.opened(&routed).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    let hour = json!({ "amount": 1, "unit": "hour", "note": "等配件" });
    assert_eq!(world.deed("transport", &lead, "extend", hour.clone()).await, refused("invalid-transition"));
    world.deed("transport", &lead, "acknowledge", json!({})).await;
    assert_eq!(world.deed("transport", &lead, "extend", hour.clone()).await, ok("acknowledged"));
    let asked = world.order_event(EventType::OrderExtensionAsked).await;
    assert_eq!((asked.amount, asked.unit.as_str(), asked.told_bodies.len()), (1, "hour", 2));
    assert!(asked.order.unwrap().time_asked);
    assert_eq!(world.deed("transport", &lead, "grant", json!({})).await.0, 403);
    assert_eq!(world.deed("street-centre", &lead, "grant", json!({})).await, ok("acknowledged"));
    let order = world.order(case_id, 1, "transport", "lead").await;
    assert_eq!(stage(&order, "resolve")["due_at"], "2026-11-23T05:00:00Z");
    assert_eq!(order["time_asked"], Value::Null);
    let due = "SELECT max(due_at)::text FROM dispatch.stages s JOIN dispatch.orders o ON o.id = s.subject_id
        WHERE o.role = 'lead' AND s.stage = 'resolve' AND s.due_at = '2026-11-23T05:00:00Z'";
    assert!(world.scalar::<Option<String>>(due).await.is_some());
    assert_eq!(world.deed("street-centre", &lead, "grant", json!({})).await, refused("nothing-asked"));
    // Not on this clock, and not nothing.
    for (amount, unit) in [(1, "workday"), (0, "hour")] {
        let body = json!({ "amount": amount, "unit": unit });
        assert_eq!(world.deed("transport", &lead, "extend", body).await, refused("other-clock"));
    }
    assert_eq!(world.deed("transport", &lead, "extend", hour).await, ok("acknowledged"));
    assert_eq!(world.deed("governance-centre", &lead, "deny", json!({})).await, ok("acknowledged"));
    assert_eq!(world.count_said(EventType::OrderTimeRefused).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspension_is_over_at_its_end_whoever_comes_by() {
    let world = World::start().await;
    let mut routed = world.routed(STREET, "TRA-01");
    routed.plan().policy.as_mut().unwrap().stages = vec![seconds("resolve", 600)];
    let case_id = world.opened(&routed).await;
    let suspend = json!({ "until": "2026-11-23T02:01:00Z", "reason": "materials" });
    for body in ["transport", "traffic-police", "bus-company"] {
        let role = if body == "transport" { "lead" } else { "assist" };
        let order = world.order(case_id, 1, body, role).await;
        world.deed(body, &order, "acknowledge", json!({})).await;
        assert_eq!(world.deed(body, &order, "suspend", suspend.clone()).await, ok("acknowledged"));
        assert_eq!(world.deed("street-centre", &order, "grant", json!({})).await, ok("acknowledged"));
    }
    let lead = world.order(case_id, 1, "transport", "lead").await;
    assert_eq!(lead["suspended_until"], "2026-11-23T02:01:00Z");
    assert_eq!(stage(&lead, "resolve")["held"], true);
    assert_eq!(world.deed("transport", &lead, "submit", json!({})).await, refused("suspended"));

    // One goes on early, one is found by a deed after the end, one by its wake-up.
    world.pass(std::time::Duration::from_secs(10)).await;
    assert_eq!(world.deed("transport", &lead, "resume", json!({})).await, ok("acknowledged"));
    let due = async |body: &str, role: &str| {
        let order = world.order(case_id, 1, body, role).await;
        stage(&order, "resolve")["due_at"].as_str().unwrap().to_owned()
    };
    assert_eq!(due("transport", "lead").await, "2026-11-23T02:10:10Z");
    world.rig.clock.advance(std::time::Duration::from_secs(75));
    let police = world.order(case_id, 1, "traffic-police", "assist").await;
    assert_eq!(world.deed("traffic-police", &police, "progress", json!({})).await, ok("in_progress"));
    world.rig.drain().await;
    for body in ["traffic-police", "bus-company"] {
        assert_eq!(due(body, "assist").await, "2026-11-23T02:11:00Z", "{body}");
    }
    assert_eq!(world.count_said(EventType::OrderResumed).await, 3);
    let early = "SELECT count(*) FROM dispatch.journal WHERE event_type = 'dispatch.order.resumed' AND actor = 'transport'";
    assert_eq!(world.scalar::<i64>(early).await, 1);
    // From here on it is late like any other.
    world.rig.clock.advance(std::time::Duration::from_secs(3_600));
    world.rig.drain().await;
    let breached = "SELECT count(*) FROM dispatch.stages WHERE stage = 'resolve' AND verdict = 'breached'";
    assert_eq!(world.scalar::<i64>(breached).await, 3);
}

/// Of the regressions other trackers had: what waited until a window began stayed asleep when the process was another by then.
#[tokio::test(flavor = "multi_thread")]
async fn what_waits_until_a_window_goes_on_though_the_process_is_another() {
    let mut world = World::start().await;
    let mut routed = world.routed(STREET, "TRA-01");
    routed.plan().policy.as_mut().unwrap().stages = vec![seconds("resolve", 600)];
    let case_id = world.opened(&routed).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    world.deed("transport", &lead, "acknowledge", json!({})).await;
    world.pass(std::time::Duration::from_secs(20)).await;
    let window = json!({ "until": "2026-11-23T02:01:00Z", "reason": "materials" });
    assert_eq!(world.deed("transport", &lead, "suspend", window).await, ok("acknowledged"));
    assert_eq!(world.deed("street-centre", &lead, "grant", json!({})).await, ok("acknowledged"));
    let shown = async |world: &World| {
        let order = world.order(case_id, 1, "transport", "lead").await;
        let resolve = stage(&order, "resolve");
        (resolve["held"].clone(), resolve["due_at"].clone())
    };
    // It ends while nobody runs; the next process finds it due and nothing of it in memory.
    world.rig.clock.advance(std::time::Duration::from_secs(100));
    world.rig.restart().await;
    assert_eq!(world.count_said(EventType::OrderResumed).await, 0);
    world.rig.drain().await;
    assert_eq!(world.count_said(EventType::OrderResumed).await, 1);
    assert_eq!(shown(&world).await, (json!(false), json!("2026-11-23T02:10:40Z")), "forty seconds were held");
    world.rig.restart().await;
    world.rig.drain().await;
    assert_eq!(world.count_said(EventType::OrderResumed).await, 1);
    // And it breaches when it has to, in a third one.
    world.rig.clock.set("2026-11-23T02:10:39Z".parse().unwrap());
    world.rig.drain().await;
    let verdict = async |world: &World| {
        let order = world.order(case_id, 1, "transport", "lead").await;
        stage(&order, "resolve")["verdict"].clone()
    };
    assert_eq!(verdict(&world).await, Value::Null);
    world.rig.clock.set("2026-11-23T02:10:40Z".parse().unwrap());
    world.rig.restart().await;
    world.rig.drain().await;
    assert_eq!(verdict(&world).await, json!("breached"));
}

/// Whoever says that it is not theirs waits for nothing: from then on time is charged, and none is suspended before the ruling.
#[tokio::test(flavor = "multi_thread")]
async fn a_return_ends_a_suspension() {
    let world = World::start().await;
    let mut routed = world.routed(STREET, "TRA-01");
    routed.plan().policy.as_mut().unwrap().stages = vec![seconds("resolve", 600)];
    let case_id = world.opened(&routed).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    let suspend = json!({ "until": "2026-11-23T02:10:00Z", "reason": "materials" });
    world.deed("transport", &lead, "acknowledge", json!({})).await;
    world.deed("transport", &lead, "suspend", suspend.clone()).await;
    assert_eq!(world.deed("street-centre", &lead, "grant", json!({})).await, ok("acknowledged"));
    world.rig.clock.advance(std::time::Duration::from_secs(60));
    assert_eq!(
        world.deed("transport", &lead, "return", not_ours("traffic-police")).await,
        ok("acknowledged")
    );
    let returned = world.order(case_id, 1, "transport", "lead").await;
    assert_eq!(returned["suspended_until"], Value::Null);
    let resolve = stage(&returned, "resolve");
    assert_eq!((&resolve["held"], &resolve["due_at"]), (&json!(false), &json!("2026-11-23T02:11:00Z")));
    // What went before is told before: time is charged again, then whose it is not.
    let said = world.said().await;
    let kinds: Vec<EventType> = said.iter().rev().take(3).map(|(kind, _, _)| *kind).collect();
    assert_eq!(kinds, [EventType::CaseRulingAsked, EventType::OrderReturnAsked, EventType::OrderResumed]);
    assert_eq!(world.deed("transport", &lead, "suspend", suspend.clone()).await, refused("return-pending"));
    // It is late like any other, while somebody has yet to rule.
    world.rig.clock.advance(std::time::Duration::from_secs(601));
    world.rig.drain().await;
    assert_eq!(world.order_event(EventType::OrderBreached).await.stage, "resolve");
    let to_transport = json!({ "to": "transport" });
    assert_eq!(world.deed("governance-centre", &lead, "adjudicate", to_transport).await, ok("acknowledged"));
    assert_eq!(world.deed("transport", &lead, "suspend", suspend).await.0, 409, "of a past end, but asked");
}

/// Which part of the time has passed is said of a case as it is of an order.
#[tokio::test(flavor = "multi_thread")]
async fn a_warning_of_a_case_says_of_how_much() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    world.deed("transport", &lead, "return", not_ours("traffic-police")).await;
    world.rig.clock.advance(std::time::Duration::from_secs(27 * 3_600));
    world.rig.drain().await;
    let warned = world.case_event(EventType::CaseWarned).await;
    assert_eq!((warned.stage.as_str(), warned.per_mille), ("adjudicate", 500));
    world.rig.clock.advance(std::time::Duration::from_secs(48 * 3_600));
    world.rig.drain().await;
    let breached = world.case_event(EventType::CaseBreached).await;
    for told in [warned.told_bodies, breached.told_bodies] {
        assert_eq!(told, ["street-centre@990102001000", "governance-centre"], "time told them, not an act");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_whistled_for_checks_in() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let path = format!("/dispatch/v1/streets/{STREET}/cases/{case_id}:whistle");
    let whistle = async |who: &str, bodies: Value, minutes: u32| {
        let body = json!({ "bodies": bodies, "within_minutes": minutes, "note": "路面塌陷" });
        let (status, _, answer) = world.post(who, &path, &[], body).await;
        (status.as_u16(), answer)
    };
    for (who, status) in [("transport", 403), ("verifier", 403), ("stranger", 404)] {
        assert_eq!(whistle(who, json!(["water-supply"]), 1).await.0, status, "{who}");
    }
    assert_eq!(whistle("street-centre", json!(["nobody"]), 1).await.0, 422);
    assert_eq!(whistle("street-centre", json!(["water-supply"]), 0).await.0, 422);
    assert_eq!(whistle("street-centre", json!([]), 1).await.1["code"], "nobody-summoned");
    assert_eq!(whistle("street-centre", json!(["bus-company"]), 1).await.1["code"], "own-body");
    let (status, case) = whistle("street-centre", json!(["water-supply", "water-supply"]), 1).await;
    assert_eq!((status, &case["phase"]), (200, &json!("open")));
    let order = world.order(case_id, 1, "water-supply", "assist").await;
    assert_eq!(stage(&order, "on_site")["due_at"], "2026-11-23T02:01:00Z");
    assert_eq!(order["stages"].as_array().unwrap().len(), 1);
    assert_eq!(world.count_said(EventType::CaseWhistled).await, 1);
    // Half of the time is gone.
    world.pass(std::time::Duration::from_secs(30)).await;
    assert_eq!(world.order_event(EventType::OrderWarned).await.stage, "on_site");
    let (_, _, problem) = world.post("street-centre", &path, &[], json!({ "note": "x" })).await;
    assert_eq!(problem["errors"][0]["pointer"], "/bodies");
}
