//! Returns, their rulings, and who may be given a lead: through the doors, with what is said about it.

use axum::http::StatusCode;
use contract::EventType;
use serde_json::{Value, json};

use crate::life::{not_ours, ok, refused};
use crate::world::{STREET, World, path_of};

/// The centre's list: what waits with its clock, then what was ruled with the rule it would be, and that rule is one.
#[tokio::test(flavor = "multi_thread")]
async fn rulings_are_listed_and_offered_as_rules() {
    let world = World::start().await;
    let list = async |who: &str, query: &str| {
        let (status, page) = world.get(who, &format!("/dispatch/v1/streets/{STREET}/rulings{query}")).await;
        (status.as_u16(), page)
    };
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    world.opened(&world.routed(STREET, "TRA-01")).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    assert_eq!(list("street-centre", "?waiting=true").await.1["rulings"], json!([]));
    world.deed("transport", &lead, "return", not_ours("traffic-police")).await;
    let (_, waiting) = list("street-centre", "?waiting=true").await;
    let [line] = &waiting["rulings"].as_array().unwrap()[..] else { panic!("{waiting}") };
    assert_eq!(
        (&line["from"], &line["to"], &line["proposed"]),
        (&json!("transport"), &Value::Null, &json!("traffic-police"))
    );
    assert_eq!((&line["clock"]["stage"], &line["rule"]), (&json!("adjudicate"), &Value::Null));
    assert_eq!(list("street-centre", "").await.1["rulings"], json!([]));

    let to_police = json!({ "to": "traffic-police", "note": "属交警" });
    assert_eq!(world.deed("street-centre", &lead, "adjudicate", to_police).await, ok("returned"));
    assert_eq!(list("street-centre", "?waiting=true").await.1["rulings"], json!([]));
    let (_, ruled) = list("governance-centre", "").await;
    let [line] = &ruled["rulings"].as_array().unwrap()[..] else { panic!("{ruled}") };
    assert_eq!((&line["to"], &line["ground"]), (&json!("traffic-police"), &json!("not_our_duty")));
    let rule = line["rule"].as_str().unwrap();
    assert!(rule.contains("items: [TRA-01]") && rule.contains("then: { lead: traffic-police }"), "{rule}");
    assert_eq!(testkit::demo::street_with_rules(rule).rules.len(), 1);

    // Pages are of cases; the last has no next.
    let (_, page) = list("street-centre", "?limit=1").await;
    assert_eq!(page["next"], json!(case_id));
    let (_, page) = list("street-centre", &format!("?limit=1&before={case_id}")).await;
    assert_eq!((&page["rulings"], &page["next"]), (&json!([]), &Value::Null));
    for (who, status) in [("transport", 403), ("verifier", 403), ("stranger", 404)] {
        assert_eq!(list(who, "").await.0, status, "{who}");
    }
    assert_eq!(list("street-centre", "?limit=0").await.0, 422);
}

/// What was ruled of an assistant is a rule, too: it names everybody who assists, without who was summoned to the place.
#[tokio::test(flavor = "multi_thread")]
async fn a_ruling_on_an_assistant_is_offered_with_all_who_assist() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let whistle = format!("/dispatch/v1/streets/{STREET}/cases/{case_id}:whistle");
    let headers = [("idempotency-key", "5f3c6c1e-0000-4000-8000-0000000000c7")];
    let summons = json!({ "bodies": ["water-supply"], "within_minutes": 30 });
    let (status, _, told) = world.post("street-centre", &whistle, &headers, summons).await;
    assert_eq!(status, StatusCode::OK, "{told}");
    let bus = world.order(case_id, 1, "bus-company", "assist").await;
    assert_eq!(
        world.deed("street-centre", &bus, "transfer", json!({ "to": "urban-mgmt" })).await,
        ok("transferred")
    );
    let (_, ruled) = world.get("street-centre", &format!("/dispatch/v1/streets/{STREET}/rulings")).await;
    let rule = ruled["rulings"][0]["rule"].as_str().unwrap_or_else(|| panic!("{ruled:#}"));
    assert!(rule.contains("then: { assists: [traffic-police, urban-mgmt] }"), "{rule}");
    assert_eq!(testkit::demo::street_with_rules(rule).rules.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_return_is_ruled_on_and_the_duty_goes_on() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    assert_eq!(world.deed("transport", &lead, "return", not_ours("traffic-police")).await, ok("dispatched"));

    // Whoever is informed of the case is told that a ruling is awaited.
    let asked = world.case_event(EventType::CaseRulingAsked).await;
    let ruling = asked.ruling.unwrap();
    assert_eq!((ruling.from.as_str(), ruling.ground.as_str()), ("transport", "not_our_duty"));
    assert_eq!((ruling.proposed.as_str(), ruling.decided_by.as_str()), ("traffic-police", "centre"));
    let mut told = asked.told_bodies;
    told.sort();
    assert_eq!(told, ["governance-centre", "street-centre@990102001000"]);
    let case = world.case(case_id).await;
    // One working day from Monday ends on Tuesday at close of business.
    assert_eq!(case["adjudication"]["due_at"], "2026-11-24T10:00:00Z");
    assert_eq!((&case["holder"], &case["phase"]), (&json!("centre"), &json!("open")));

    // The body that asked goes on holding the order and does not rule.
    assert_eq!(world.deed("transport", &lead, "acknowledge", json!({})).await, ok("acknowledged"));
    let to_police = json!({ "to": "traffic-police" });
    assert_eq!(world.deed("transport", &lead, "adjudicate", to_police.clone()).await.0, 403);
    assert_eq!(
        world.deed("street-centre", &lead, "transfer", to_police.clone()).await,
        refused("return-pending")
    );
    assert_eq!(world.deed("street-centre", &lead, "adjudicate", to_police.clone()).await, ok("returned"));

    let theirs = world.order(case_id, 1, "traffic-police", "lead").await;
    assert_eq!(theirs["follows"], lead["order_id"]);
    // The police assisted before: nobody waits for themselves.
    assert_eq!(world.order(case_id, 1, "traffic-police", "assist").await["phase"], "waived");
    let case = world.case(case_id).await;
    assert_eq!((&case["holder"], &case["lead"]), (&json!("traffic-police"), &json!("traffic-police")));
    assert_eq!(case["rulings"][0]["to"], "traffic-police");
    assert_eq!(case["adjudication"], Value::Null);
    assert_eq!(world.count_said(EventType::CaseRuled).await, 1);
    assert_eq!(world.order_event(EventType::OrderReturned).await.to, "traffic-police");

    // The second return is the district's, and the last.
    assert_eq!(
        world.deed("traffic-police", &theirs, "return", not_ours("transport")).await,
        ok("dispatched")
    );
    let back = json!({ "to": "transport" });
    assert_eq!(
        world.deed("street-centre", &theirs, "adjudicate", back.clone()).await,
        refused("district-decides")
    );
    assert_eq!(world.case(case_id).await["holder"], "district");
    assert_eq!(world.deed("governance-centre", &theirs, "adjudicate", back).await, ok("returned"));
    let case = world.case(case_id).await;
    let again =
        case["orders"].as_array().unwrap().iter().find(|order| order["follows"] == theirs["order_id"]);
    let again = again.unwrap().clone();
    assert_eq!(
        world.deed("transport", &again, "return", not_ours("traffic-police")).await,
        refused("returns-exhausted")
    );

    // It goes on to its end: one lead, and every clock with one verdict.
    for body in ["bus-company", "transport"] {
        let order =
            if body == "transport" { again.clone() } else { world.order(case_id, 1, body, "assist").await };
        for verb in ["acknowledge", "arrive", "submit"] {
            assert_eq!(world.deed(body, &order, verb, json!({})).await.0, 200, "{body} {verb}");
        }
    }
    assert_eq!(world.verify("verifier", case_id, "pass").await.0, StatusCode::OK);
    assert_eq!(world.scalar::<i64>("SELECT count(*) FROM dispatch.stages WHERE verdict IS NULL").await, 0);
    assert_eq!(world.scalar::<i64>("SELECT count(*) FROM dispatch.wakeups").await, 0);
    let met = "SELECT count(*) FROM dispatch.stages WHERE subject_kind = 'return' AND verdict = 'met'";
    assert_eq!(world.scalar::<i64>(met).await, 2);
}

/// Assistants that return leave the lead its own two returns.
#[tokio::test(flavor = "multi_thread")]
async fn what_assistants_return_rations_no_lead() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    for body in ["traffic-police", "bus-company"] {
        let order = world.order(case_id, 1, body, "assist").await;
        assert_eq!(world.deed(body, &order, "return", not_ours("water-supply")).await, ok("dispatched"));
        let stays = json!({ "to": body });
        assert_eq!(
            world.deed("street-centre", &order, "adjudicate", stays).await,
            ok("dispatched"),
            "{body}"
        );
    }
    let lead = world.order(case_id, 1, "transport", "lead").await;
    assert_eq!(world.deed("transport", &lead, "return", not_ours("police")).await, ok("dispatched"));
    // The first of this duty: the centre may rule.
    let to_police = json!({ "to": "police" });
    assert_eq!(world.deed("street-centre", &lead, "adjudicate", to_police).await, ok("returned"));
    assert_eq!(world.order(case_id, 1, "police", "lead").await["follows"], lead["order_id"]);
}

/// The manifest refuses it as a lead; so does whoever names one later.
#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_only_assists_is_given_no_lead() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    let women = json!({ "to": "women-federation" });
    for who in ["street-centre", "governance-centre"] {
        assert_eq!(world.deed(who, &lead, "transfer", women.clone()).await, refused("cannot-lead"), "{who}");
    }
    assert_eq!(
        world.deed("transport", &lead, "return", not_ours("women-federation")).await,
        refused("cannot-lead")
    );
    assert_eq!(world.case(case_id).await["adjudication"], Value::Null, "nothing was asked");
    assert_eq!(world.deed("transport", &lead, "return", not_ours("traffic-police")).await, ok("dispatched"));
    let path = format!("{}:adjudicate", path_of(&lead));
    let (_, _, problem) = world.post("governance-centre", &path, &[], women.clone()).await;
    assert_eq!(problem["code"], "cannot-lead");
    let hint = problem["hint"].as_str().unwrap();
    assert!(hint.contains("可主办") && hint.contains("may lead"), "{hint}");
    assert_eq!(world.count_said(EventType::CaseRuled).await, 0);
    // It assists like any other.
    let bus = world.order(case_id, 1, "bus-company", "assist").await;
    assert_eq!(world.deed("street-centre", &bus, "transfer", women).await, ok("transferred"));
    assert_eq!(world.order(case_id, 1, "women-federation", "assist").await["phase"], "dispatched");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ruling_that_does_not_come_is_a_breach_of_the_case() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    world.deed("transport", &lead, "return", not_ours("traffic-police")).await;
    let armed = "SELECT count(*) FROM dispatch.wakeups WHERE kind = 'case'";
    assert_eq!(world.scalar::<i64>(armed).await, 1);
    // Ruled on after its due time, with no wake-up in between.
    world.rig.clock.advance(std::time::Duration::from_secs(48 * 3600));
    assert_eq!(
        world.deed("governance-centre", &lead, "adjudicate", json!({ "to": "transport" })).await,
        ok("dispatched")
    );
    let breached = world.case_event(EventType::CaseBreached).await;
    assert_eq!(breached.stage, "adjudicate");
    assert!(breached.told_bodies.contains(&"governance-centre".to_owned()), "{:?}", breached.told_bodies);
    assert_eq!(world.scalar::<i64>(armed).await, 0);
    assert_eq!(
        world.deed("transport", &lead, "return", not_ours("traffic-police")).await.1,
        "returns-exhausted"
    );
}
