//! Keys, versions, and who sees what.

use axum::http::StatusCode;
use contract::EventType;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{FAST_STREET, STREET, World, path_of};

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_gets_the_same_answer_and_one_effect() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    world.act("transport", &lead, "acknowledge").await;
    let path = format!("{}:progress", path_of(&lead));
    let key = [("idempotency-key", "5f3c6c1e-0000-4000-8000-000000000001")];
    let note = || json!({ "note": "已联系" });

    // At the same time, and again later: the state has moved on, the answer has not.
    let (one, two) = tokio::join!(
        world.post("transport", &path, &key, note()),
        world.post("transport", &path, &key, note()),
    );
    assert_eq!((one.0, &one.2), (StatusCode::OK, &two.2));
    let other = [("idempotency-key", "5f3c6c1e-0000-4000-8000-000000000002")];
    world.post("transport", &path, &other, note()).await;
    let again = world.post("transport", &path, &key, note()).await;
    assert_eq!((again.0, again.1.get("etag"), &again.2), (StatusCode::OK, one.1.get("etag"), &one.2));
    assert_eq!(world.count_said(EventType::OrderProgressed).await, 2);

    let (status, _, problem) = world.post("transport", &path, &key, json!({ "note": "另一件事" })).await;
    assert_eq!(
        (status, &problem["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("idempotency-key-reused"))
    );
    // Another's key is not mine.
    let (status, _, _) = world.post("both", &path, &key, note()).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(world.count_said(EventType::OrderProgressed).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_act_done_before_changes_nothing_under_a_new_key() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    for _ in 0..3 {
        assert_eq!(
            world.act("transport", &lead, "acknowledge").await,
            (StatusCode::OK, "acknowledged".to_owned())
        );
    }
    assert_eq!(world.act("transport", &lead, "see").await, (StatusCode::OK, "acknowledged".to_owned()));
    assert_eq!(world.count_said(EventType::OrderAcknowledged).await, 1);
    assert_eq!(world.count_said(EventType::OrderSeen).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_asked_for_and_old_answers_are_forgotten() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    let path = format!("{}:see", path_of(&lead));
    let token = world.rig.token("transport");
    let (status, _, problem) = world.rig.http("POST", &path, Some(&token), &[], Some(json!({}))).await;
    assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("idempotency-key-missing")));

    // What the test's clock said, as if it had been so long ago by the database's.
    let aged = [
        "WITH aged AS (UPDATE dispatch.answers SET answered_at = clock_timestamp() - interval '7 days'
             WHERE answered_at < '2026-11-23T03:00:00Z' RETURNING 1) SELECT count(*) FROM aged",
        "WITH aged AS (UPDATE dispatch.answers SET answered_at = clock_timestamp() - interval '6 days 23 hours'
             WHERE answered_at < '2026-11-23T03:00:00Z' RETURNING 1) SELECT count(*) FROM aged",
    ];
    for aged in aged {
        world.act("transport", &lead, "see").await;
        assert_eq!(world.scalar::<i64>(aged).await, 1);
    }
    // Of the schema, by the database's clock, many at once.
    assert_eq!(world.scalar::<i64>("SELECT dispatch.housekeeping()").await, 1);
    assert_eq!(world.scalar::<i64>("SELECT count(*) FROM dispatch.answers").await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stale_version_is_refused() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    let act = async |verb: &str, seen: &str| {
        let path = format!("{}:{verb}", path_of(&lead));
        let (status, headers, _) = world.post("transport", &path, &[("if-match", seen)], json!({})).await;
        (status, headers.get("etag").map(|etag| etag.to_str().unwrap().to_owned()))
    };
    assert_eq!(act("see", "\"1\"").await, (StatusCode::OK, Some("\"2\"".to_owned())));
    for stale in ["\"1\"", "1", "\"3\"", "W/\"2\"", "nonsense", "\"1\", \"3\"", "\"1,2\""] {
        assert_eq!(act("acknowledge", stale).await, (StatusCode::PRECONDITION_FAILED, None), "{stale}");
    }
    assert_eq!(act("acknowledge", "2").await.0, StatusCode::OK);
    assert_eq!(act("arrive", "*").await.0, StatusCode::OK);
    // Any of a list may be the one.
    assert_eq!(act("progress", "\"3\", \"4\"").await.0, StatusCode::OK);
    assert_eq!(act("progress", "W/\"5\", \"9\", 5").await.0, StatusCode::OK);
    assert_eq!(world.scalar::<i64>("SELECT max(version) FROM dispatch.orders").await, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_body_sees_and_moves_its_own_orders_only() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let orders = world.case(case_id).await["orders"].as_array().unwrap().clone();
    let unknown = format!("/dispatch/v1/streets/{STREET}/orders/{}", Uuid::from_u128(1));
    for body in ["transport", "traffic-police", "bus-company"] {
        let nowhere = world.get(body, &unknown).await;
        assert_eq!(nowhere.0, StatusCode::NOT_FOUND);
        for order in &orders {
            let own = order["body"] == body;
            let read = world.get(body, &path_of(order)).await;
            let (acted, _, answer) =
                world.post(body, &format!("{}:see", path_of(order)), &[], json!({})).await;
            if own {
                assert_eq!((read.0, acted), (StatusCode::OK, StatusCode::OK), "{body} on its own");
            } else {
                assert_eq!(read, nowhere, "{body} on {}", order["body"]);
                assert_eq!(
                    (acted, &answer),
                    (StatusCode::NOT_FOUND, &nowhere.1),
                    "{body} on {}",
                    order["body"]
                );
            }
        }
        let (_, mine) = world.get(body, "/dispatch/v1/orders").await;
        assert_eq!(bodies(&mine), [body]);
        let (_, mine) =
            world.get(body, &format!("/dispatch/v1/streets/{STREET}/orders?case_id={case_id}")).await;
        assert_eq!(bodies(&mine), [body]);
        let (status, case) = world.get(body, &format!("/dispatch/v1/streets/{STREET}/cases/{case_id}")).await;
        assert_eq!((status, bodies(&case)), (StatusCode::OK, vec![body.to_owned()]));
    }
    assert_eq!(world.count_said(EventType::OrderSeen).await, 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_reach_what_they_should() {
    let world = World::start().await;
    let here = world.opened(&world.routed(STREET, "TRA-01")).await;
    let mut other = world.routed(FAST_STREET, "TRA-03");
    other.plan().orders[0].body = "bus-company".to_owned();
    let there = world.opened(&other).await;
    let count = async |subject: &str, path: &str| {
        let (status, page) = world.get(subject, path).await;
        if status.is_success() { Ok(page["orders"].as_array().unwrap().len()) } else { Err(status.as_u16()) }
    };
    let everywhere = "/dispatch/v1/orders";
    let street = |code: &str| format!("/dispatch/v1/streets/{code}/orders");
    // Over several streets a list holds what the caller reaches, and nobody is told what it does not.
    assert_eq!(count("governance-centre", everywhere).await, Ok(8));
    assert_eq!(count("bus-company", everywhere).await, Ok(2));
    assert_eq!(count("transport", everywhere).await, Ok(1));
    assert_eq!(count("sre", everywhere).await, Ok(0));
    assert_eq!(count("stranger", everywhere).await, Ok(0));
    assert_eq!(count("sre", &street(STREET)).await, Err(403));
    assert_eq!(count("stranger", &street(STREET)).await, Err(404));
    assert_eq!(count("grid-worker", &street(STREET)).await, Err(403));
    assert_eq!(count("street-centre", &street("990102009000")).await, Err(404));

    // A body without an order in the case does not see the case; a grid worker sees it without orders.
    let case = |street: &str, id: Uuid| format!("/dispatch/v1/streets/{street}/cases/{id}");
    assert_eq!(world.get("transport", &case(FAST_STREET, there)).await.0, StatusCode::NOT_FOUND);
    let (status, seen) = world.get("grid-worker", &case(STREET, here)).await;
    assert_eq!((status, &seen["orders"]), (StatusCode::OK, &json!([])));
    // Right case, wrong street.
    assert_eq!(world.get("governance-centre", &case(STREET, there)).await.0, StatusCode::NOT_FOUND);
    // Reading is not acting.
    let lead = world.order(here, 1, "transport", "lead").await;
    assert_eq!(world.act("street-centre", &lead, "see").await.0, StatusCode::FORBIDDEN);
    assert_eq!(world.act("verifier", &lead, "see").await.0, StatusCode::FORBIDDEN);
    assert_eq!(world.act("transport", &lead, "close").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_pages_newest_first() {
    let world = World::start().await;
    let mut cases = Vec::new();
    for _ in 0..3 {
        cases.push(world.opened(&world.routed(STREET, "TRA-01")).await);
    }
    let path = |query: &str| format!("/dispatch/v1/streets/{STREET}/orders?{query}");
    let (_, all) = world.get("street-centre", &path("limit=200")).await;
    let ids = |page: &Value| {
        let orders = page["orders"].as_array().unwrap().iter();
        orders.map(|order| order["order_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = ids(&all);
    assert_eq!(all.len(), 15);
    assert!(all.is_sorted_by(|newer, older| newer > older));
    let (_, first) = world.get("street-centre", &path("limit=10")).await;
    let (_, second) = world
        .get("street-centre", &path(&format!("limit=10&before={}", first["next"].as_str().unwrap())))
        .await;
    assert_eq!([ids(&first), ids(&second)].concat(), all);
    assert_eq!(second["next"], Value::Null);
    // A cursor is an order of a page before, and one the caller was shown.
    let everywhere = |cursor: &str| format!("/dispatch/v1/orders?before={cursor}");
    let street = |cursor: &str| path(&format!("before={cursor}"));
    world.opened(&world.routed(FAST_STREET, "TRA-03")).await;
    let theirs =
        world.scalar::<String>("SELECT id::text FROM dispatch.orders WHERE tenant_id = 990102002000").await;
    let lead = world.order(cases[2], 1, "transport", "lead").await["order_id"].as_str().unwrap().to_owned();
    let (forged, of_a_case) = (Uuid::max().to_string(), cases[0].to_string());
    for (subject, path) in [
        ("street-centre", street(&forged)),
        ("street-centre", everywhere(&forged)),
        ("street-centre", street(&of_a_case)),
        ("street-centre", everywhere(&of_a_case)),
        // An order of another street, and one of another body.
        ("street-centre", street(&theirs)),
        ("bus-company", street(&lead)),
        ("bus-company", everywhere(&lead)),
    ] {
        let (status, problem) = world.get(subject, &path).await;
        assert_eq!((status, &problem["code"]), (StatusCode::BAD_REQUEST, &json!("bad-cursor")), "{path}");
    }
    assert_eq!(world.get("transport", &everywhere(&lead)).await.0, StatusCode::OK);
    assert_eq!(world.get("governance-centre", &everywhere(&theirs)).await.0, StatusCode::OK);
    let (_, none) = world.get("street-centre", &path("phase=submitted")).await;
    assert_eq!(ids(&none).len(), 0);
    for bad in ["limit=0", "limit=201", "phase=nap", "colour=red", "case_id=1", "case_no=", "case_no=%00"] {
        assert_eq!(world.get("street-centre", &path(bad)).await.0, StatusCode::UNPROCESSABLE_ENTITY, "{bad}");
    }
}

/// By the number that people know it by; who has no order of it finds as little as of a number that nobody has.
#[tokio::test(flavor = "multi_thread")]
async fn orders_are_found_by_the_number_of_their_case() {
    let world = World::start().await;
    let other = world.opened(&world.routed(STREET, "TRA-01")).await;
    let mut drill = world.routed(STREET, "TRA-01");
    drill.envelope.drill = true;
    let case_id = world.opened(&drill).await;
    let case = world.case(case_id).await;
    let number = case["case_no"].as_str().unwrap();
    let found = async |subject: &str, path: &str| {
        let (status, page) = world.get(subject, &format!("/dispatch/v1/{path}")).await;
        assert_eq!(status, StatusCode::OK, "{page:#}");
        let orders = page["orders"].as_array().unwrap();
        assert!(orders.iter().all(|order| order["case_id"] == json!(case_id)), "{page:#}");
        orders.len()
    };
    let all = case["orders"].as_array().unwrap().len();
    let here = format!("streets/{STREET}/orders?case_no={number}");
    assert_eq!(found("street-centre", &here).await, all, "a drill is found, too");
    assert_eq!(found("governance-centre", &format!("orders?case_no={number}")).await, all);
    assert_eq!(found("bus-company", &here).await, 1);
    assert_eq!(found("street-centre", &format!("{here}&case_id={case_id}")).await, all);
    for none in [
        format!("{here}&case_id={other}"),
        format!("{here}&drills=false"),
        format!("streets/{STREET}/orders?case_no={number}0"),
        format!("streets/{FAST_STREET}/orders?case_no={number}"),
    ] {
        assert_eq!(found("governance-centre", &none).await, 0, "{none}");
    }
}

/// Reading and acting share a route; the address of the one is 405 for the other.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_read_is_not_posted_to_and_an_act_is_not_read() {
    let world = World::start().await;
    let (id, token) = (Uuid::from_u128(1), world.rig.token("street-centre"));
    for what in ["orders", "cases"] {
        let row = format!("/dispatch/v1/streets/990102001000/{what}/{id}");
        for (method, path) in [("POST", row.clone()), ("GET", format!("{row}:verify"))] {
            let (status, _, problem) = world.rig.http(method, &path, Some(&token), &[], None).await;
            assert_eq!(status, StatusCode::METHOD_NOT_ALLOWED, "{method} {path}: {problem}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_door_is_described() {
    let world = World::start().await;
    let (status, description) = world.get("sre", "/openapi.json").await;
    assert_eq!(status, StatusCode::OK);
    let paths: Vec<&String> = description["paths"].as_object().unwrap().keys().collect();
    assert_eq!(
        paths,
        [
            "/dispatch/v1/clock:accept",
            "/dispatch/v1/export/{code}/{table}",
            "/dispatch/v1/links:act",
            "/dispatch/v1/links:open",
            "/dispatch/v1/orders",
            "/dispatch/v1/parked",
            "/dispatch/v1/parked/{target}",
            "/dispatch/v1/removals/{code}",
            "/dispatch/v1/streets/{street}/calendars",
            "/dispatch/v1/streets/{street}/calendars:replan",
            "/dispatch/v1/streets/{street}/cases/{case}/clocks",
            "/dispatch/v1/streets/{street}/cases/{case}/visits",
            "/dispatch/v1/streets/{street}/cases/{id}",
            "/dispatch/v1/streets/{street}/cases/{id}:cancel",
            "/dispatch/v1/streets/{street}/cases/{id}:verify",
            "/dispatch/v1/streets/{street}/cases/{id}:whistle",
            "/dispatch/v1/streets/{street}/links/{id}:revoke",
            "/dispatch/v1/streets/{street}/orders",
            "/dispatch/v1/streets/{street}/orders/{id}",
            "/dispatch/v1/streets/{street}/orders/{id}:{verb}",
            "/dispatch/v1/streets/{street}/orders/{order}/clocks",
            "/dispatch/v1/streets/{street}/orders/{order}/links",
            "/dispatch/v1/streets/{street}/orders/{order}/visits/{visit}:sign",
            "/dispatch/v1/streets/{street}/orders:act",
            "/dispatch/v1/streets/{street}/rulings",
        ]
    );
}

fn bodies(page: &Value) -> Vec<String> {
    let orders = page["orders"].as_array().unwrap().iter();
    orders.map(|order| order["body"].as_str().unwrap().to_owned()).collect()
}
