//! Bus line 306 from order to closure: the order of acts, the two rounds, the holder line.

use axum::http::StatusCode;
use contract::EventType;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::world::{STREET, TRACE, World, path_of, stage};

const VERSION: &str = "SELECT version FROM dispatch.orders WHERE id = $1
    UNION ALL SELECT version FROM dispatch.cases WHERE id = $1";
const BODIES: [(&str, &str); 3] =
    [("transport", "lead"), ("traffic-police", "assist"), ("bus-company", "assist")];

/// Everybody does their part of a round; the lead is last.
pub async fn handle(world: &World, case_id: uuid::Uuid, round: u64) {
    for (body, role) in [BODIES[1], BODIES[2], BODIES[0]] {
        let order = world.order(case_id, round, body, role).await;
        for verb in ["acknowledge", "arrive", "submit"] {
            let (status, word) = world.act(body, &order, verb).await;
            assert_eq!(status, StatusCode::OK, "{body} {verb}: {word}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_case_of_line_306() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let (_, page) = world.get("street-centre", &format!("/dispatch/v1/streets/{STREET}/orders")).await;
    assert_eq!(page["orders"].as_array().unwrap().len(), 5);
    assert_eq!(world.count_said(EventType::OrderDispatched).await, 5);

    // The lead: nothing before the acknowledgement, a visit before the end, and the assistants first.
    let lead = world.order(case_id, 1, "transport", "lead").await;
    let ok = |phase: &str| (StatusCode::OK, phase.to_owned());
    let refused = |code: &str| (StatusCode::CONFLICT, code.to_owned());
    assert_eq!(world.act("transport", &lead, "submit").await, refused("invalid-transition"));
    assert_eq!(world.act("transport", &lead, "arrive").await, refused("invalid-transition"));
    assert_eq!(world.act("both", &lead, "see").await, ok("seen"));
    assert_eq!(world.act("transport", &lead, "acknowledge").await, ok("acknowledged"));
    assert_eq!(world.act("transport", &lead, "submit").await, refused("visit-required"));
    assert_eq!(world.act("transport", &lead, "arrive").await, ok("on_site"));
    assert_eq!(world.act("transport", &lead, "progress").await, ok("in_progress"));
    assert_eq!(world.act("transport", &lead, "submit").await, refused("assistants-open"));
    let (status, case) = world.verify("verifier", case_id, "claim").await;
    assert_eq!((status, &case["code"]), (StatusCode::CONFLICT, &json!("invalid-transition")));

    for body in ["traffic-police", "bus-company"] {
        let order = world.order(case_id, 1, body, "assist").await;
        // An acknowledgement includes having seen.
        assert_eq!(world.act(body, &order, "acknowledge").await, ok("acknowledged"));
        assert_eq!(world.act(body, &order, "submit").await, refused("visit-required"));
        assert_eq!(world.act(body, &order, "arrive").await, ok("on_site"));
        assert_eq!(world.act(body, &order, "submit").await, ok("submitted"));
    }
    assert_eq!(world.case(case_id).await["phase"], "open");
    assert_eq!(world.act("transport", &lead, "submit").await, ok("submitted"));

    let case = world.case(case_id).await;
    assert_eq!((&case["phase"], &case["holder"]), (&json!("submitted"), &json!("verifier")));
    // Two working days from Monday end on Wednesday at close of business.
    assert_eq!(case["verifications"][0]["due_at"], "2026-11-25T10:00:00Z");

    // Not the bodies, not somebody who only looked at the order once.
    assert_eq!(world.verify("transport", case_id, "pass").await.0, StatusCode::FORBIDDEN);
    let (status, problem) = world.verify("both", case_id, "pass").await;
    assert_eq!((status, &problem["code"]), (StatusCode::CONFLICT, &json!("handler-may-not-verify")));

    assert_eq!(world.verify("verifier", case_id, "claim").await.1["phase"], "verifying");
    let (status, failed) = world.verify("verifier", case_id, "fail").await;
    assert_eq!((status, &failed["phase"], &failed["round"]), (StatusCode::OK, &json!("open"), &json!(2)));
    assert_eq!(failed["holder"], "transport");
    assert_eq!(failed["orders"].as_array().unwrap().len(), 10);
    assert_eq!(world.order(case_id, 1, "transport", "lead").await["phase"], "done");
    assert_eq!(world.act("transport", &lead, "progress").await, refused("invalid-transition"));

    // The second round counts anew, from its own dispatch.
    let again = world.order(case_id, 2, "transport", "lead").await;
    assert_eq!(stage(&again, "acknowledge")["due_at"], "2026-11-23T04:00:00Z");
    assert_eq!(world.verify("both", case_id, "claim").await.0, StatusCode::CONFLICT);
    handle(&world, case_id, 2).await;
    let (status, closed) = world.verify("verifier", case_id, "pass").await;
    assert_eq!(
        (status, &closed["phase"], &closed["holder"]),
        (StatusCode::OK, &json!("closed"), &Value::Null)
    );
    assert!(closed["orders"].as_array().unwrap().iter().all(|order| order["phase"] == "done"));
    assert_eq!(world.verify("verifier", case_id, "pass").await.0, StatusCode::CONFLICT);

    nothing_left(&world).await;
    one_line_of_versions(&world).await;
    assert_eq!(world.count_said(EventType::OrderDispatched).await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_tells_causes_first() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    // Each step at an instant of its own, so that what one transaction told can be told apart.
    let step = || world.rig.clock.advance(std::time::Duration::from_millis(1));
    for (round, verdict) in [(1, "fail"), (2, "pass")] {
        for (body, role) in [BODIES[1], BODIES[2], BODIES[0]] {
            let order = world.order(case_id, round, body, role).await;
            for verb in ["acknowledge", "arrive", "submit"] {
                step();
                assert_eq!(world.act(body, &order, verb).await.0, StatusCode::OK);
            }
        }
        step();
        assert_eq!(world.verify("verifier", case_id, "claim").await.0, StatusCode::OK);
        step();
        assert_eq!(world.verify("verifier", case_id, verdict).await.0, StatusCode::OK);
    }
    causes_first(&world).await;
}

/// What one transaction tells is told causes first: an act before what it does to the case, the ends of the orders
/// before the end of the case, a case before its orders. Its ids say so, and the timeline follows them.
async fn causes_first(world: &World) {
    let ids = "SELECT j.event_type FROM dispatch.journal j WHERE j.at = $1 ORDER BY j.id";
    let told = async |last: EventType| {
        let at = "SELECT max(at)::text FROM dispatch.journal WHERE event_type = $1";
        let at: String =
            sqlx::query_scalar(at).bind(last.as_str()).fetch_one(world.rig.admin()).await.unwrap();
        let types: Vec<String> =
            sqlx::query_scalar(sqlx::AssertSqlSafe(ids.replace("$1", &format!("'{at}'"))))
                .fetch_all(world.rig.admin())
                .await
                .unwrap();
        types
    };
    let closing = told(EventType::CaseClosed).await;
    assert_eq!(closing.last().unwrap(), "dispatch.case.closed");
    assert_eq!(closing.iter().filter(|word| *word == "dispatch.order.done").count(), 5);
    let reopening = told(EventType::CaseReopened).await;
    let place = |word: &str| reopening.iter().position(|told| told == word).unwrap();
    let last_done = reopening.iter().rposition(|told| told == "dispatch.order.done").unwrap();
    assert!(last_done < place("dispatch.case.reopened"), "{reopening:?}");
    assert!(place("dispatch.case.reopened") < place("dispatch.order.dispatched"), "{reopening:?}");
    let submitting = told(EventType::CaseSubmitted).await;
    let place = |word: &str| submitting.iter().rposition(|told| told == word).unwrap();
    assert!(place("dispatch.order.submitted") < place("dispatch.case.submitted"), "{submitting:?}");
    let opening = told(EventType::DispatchCaseOpened).await;
    assert_eq!(opening[0], "dispatch.case.opened", "{opening:?}");
}

/// A closed case: no wake-up, and every stage has its one verdict.
async fn nothing_left(world: &World) {
    assert_eq!(world.scalar::<i64>("SELECT count(*) FROM dispatch.wakeups").await, 0);
    assert_eq!(world.scalar::<i64>("SELECT count(*) FROM dispatch.stages WHERE verdict IS NULL").await, 0);
    assert_eq!(world.scalar::<i64>("SELECT count(*) FROM dispatch.stages WHERE verdict = 'met'").await, 20);
}

/// The events of each order and of the case are 1, 2, 3 …, and the last one's version is the row's (I4).
async fn one_line_of_versions(world: &World) {
    let mut versions = std::collections::BTreeMap::<_, Vec<u64>>::new();
    for (_, aggregate, version) in world.said().await {
        versions.entry(aggregate).or_default().push(version);
    }
    assert_eq!(versions.len(), 11, "ten orders and their case");
    for (aggregate, mut said) in versions {
        // Ids of one millisecond do not tell which transaction came first; versions do.
        said.sort();
        let stored: i64 =
            sqlx::query_scalar(VERSION).bind(aggregate).fetch_one(world.rig.admin()).await.unwrap();
        assert_eq!(said, (1..=stored as u64).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_holders_times_add_up_to_the_cases() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let second = std::time::Duration::from_secs(1);
    world.pass(second * 3).await;
    handle(&world, case_id, 1).await;
    world.pass(second * 5).await;
    world.verify("verifier", case_id, "claim").await;
    world.pass(second * 7).await;
    world.verify("verifier", case_id, "fail").await;
    world.pass(second * 11).await;
    handle(&world, case_id, 2).await;
    let (_, closed) = world.verify("verifier", case_id, "pass").await;

    let time = |value: &Value| value.as_str().unwrap().parse::<Timestamp>().unwrap();
    let line = closed["holders"].as_array().unwrap();
    assert_eq!(line[0]["from"], closed["opened_at"]);
    assert!(line.windows(2).all(|pair| pair[0]["to"] == pair[1]["from"]), "{line:?}");
    let held: i64 = line.iter().map(|i| time(&i["to"]).as_second() - time(&i["from"]).as_second()).sum();
    assert_eq!(held, 3 + 5 + 7 + 11);
    assert_eq!(time(&closed["changed_at"]).as_second() - time(&closed["opened_at"]).as_second(), held);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_belongs_to_its_callers_trace_and_dispatch_to_the_reports() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    let mine = "00-11111111111111111111111111111111-2222222222222222-01";
    let body = json!({ "note": "已联系公交公司" });
    let (status, _, _) =
        world.post("transport", &format!("{}:see", path_of(&lead)), &[("traceparent", mine)], body).await;
    assert_eq!(status, StatusCode::OK);

    for (envelope, _) in world.rig.said().await {
        let trace_id = envelope.traceparent.split('-').nth(1).unwrap();
        match envelope.event_type {
            EventType::OrderSeen => assert_eq!(trace_id, "1".repeat(32)),
            _ => assert_eq!(envelope.traceparent, TRACE),
        }
    }
    let seen = world.order_event(EventType::OrderSeen).await;
    assert_eq!(seen.note, "已联系公交公司");
    let actor = seen.actor.unwrap();
    assert_eq!((actor.subject.as_str(), actor.body.as_str()), ("transport", "transport"));
    assert_eq!(seen.order.unwrap().phase, "seen");
    let actors: Vec<String> =
        sqlx::query_scalar("SELECT DISTINCT actor FROM dispatch.journal ORDER BY actor")
            .fetch_all(world.rig.admin())
            .await
            .unwrap();
    assert_eq!(actors, ["dispatch-triage-normal", "transport"]);
}
