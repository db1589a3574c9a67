//! Many acts at once: in one request, and in one transaction.

use axum::http::StatusCode;
use contract::EventType;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::world::{FAST_STREET, STREET, World, path_of};

fn bulk(street: &str) -> String {
    format!("/dispatch/v1/streets/{street}/orders:act")
}

fn act(order: &Value, verb: &str) -> Value {
    json!({ "order_id": order["order_id"], "verb": verb })
}

/// Status, and the phase or the problem's code, of each.
fn told(body: &Value) -> Vec<(u64, String)> {
    let results = body["results"].as_array().unwrap_or_else(|| panic!("{body}"));
    let told = |result: &Value| {
        let word = result["order"]["phase"].as_str().or(result["problem"]["code"].as_str());
        (result["status"].as_u64().unwrap(), word.unwrap().to_owned())
    };
    results.iter().map(told).collect()
}

/// A precondition that nothing would look at is refused, and nothing is done.
#[tokio::test(flavor = "multi_thread")]
async fn one_version_for_many_orders_is_refused() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let order = world.order(case_id, 1, "transport", "lead").await;
    let headers = [("idempotency-key", "5f3c6c1e-0000-4000-8000-0000000000b9"), ("if-match", "\"1\"")];
    let acts = json!({ "acts": [act(&order, "acknowledge")] });
    let (status, _, body) = world.post("transport", &bulk(STREET), &headers, acts).await;
    assert_eq!(
        (status, &body["errors"][0]["code"]),
        (StatusCode::UNPROCESSABLE_ENTITY, &json!("if-version-per-act")),
        "{body}"
    );
    assert_eq!(world.order(case_id, 1, "transport", "lead").await, order);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_act_of_a_request_is_decided_by_itself() {
    let world = World::start().await;
    let mut orders = Vec::new();
    for _ in 0..3 {
        let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
        orders.push(world.order(case_id, 1, "transport", "lead").await);
    }
    let foreign = world
        .order(orders[0]["case_id"].as_str().unwrap().parse().unwrap(), 1, "traffic-police", "assist")
        .await;
    let unknown = json!({ "order_id": world.next_id(), "verb": "see" });
    let mut stale = act(&orders[1], "acknowledge");
    stale["if_version"] = json!(9);
    let acts = json!({ "acts": [
        act(&orders[0], "acknowledge"), act(&foreign, "acknowledge"), unknown, stale, act(&orders[2], "arrive"),
        act(&orders[2], "fly"), act(&orders[2], "acknowledge"), act(&orders[2], "arrive-not"), act(&orders[0], "urge"),
    ] });
    let key = [("idempotency-key", "5f3c6c1e-0000-4000-8000-0000000000b1")];
    let (status, _, body) = world.post("transport", &bulk(STREET), &key, acts.clone()).await;
    assert_eq!(status, StatusCode::OK);
    let word = |status, word: &str| (status, word.to_owned());
    let expected = [
        word(200, "acknowledged"),
        word(404, "not-found"),
        word(404, "not-found"),
        word(412, "precondition-failed"),
        word(409, "invalid-transition"),
        word(404, "not-found"),
        word(200, "acknowledged"),
        word(404, "not-found"),
        word(403, "forbidden"),
    ];
    assert_eq!(told(&body), expected);
    assert_eq!(world.count_said(EventType::OrderAcknowledged).await, 2);
    // Sent again, what was done has its answer, and what was refused is decided anew.
    let (_, _, again) = world.post("transport", &bulk(STREET), &key, acts).await;
    assert_eq!(again["results"][0], body["results"][0]);
    assert_eq!(again["results"][6], body["results"][6]);
    assert_eq!(told(&again)[4], word(200, "on_site"));
    assert_eq!(world.count_said(EventType::OrderAcknowledged).await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_acts_with_too_many_or_with_one_twice_is_refused_whole() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let order = world.order(case_id, 1, "transport", "lead").await;
    let many: Vec<Value> = (0..101).map(|_| json!({ "order_id": world.next_id(), "verb": "see" })).collect();
    for (acts, code) in [
        (json!([]), "out-of-range"),
        (json!(many), "out-of-range"),
        (json!([act(&order, "see"), act(&order, "see")]), "duplicate"),
    ] {
        let body = json!({ "acts": acts });
        let (status, _, problem) = world.post("transport", &bulk(STREET), &[], body).await;
        assert_eq!((status, &problem["errors"][0]["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!(code)));
    }
    let one = json!({ "acts": [act(&order, "see")] });
    let (status, _, _) = world.post("grid-worker", &bulk(STREET), &[], one.clone()).await;
    assert_eq!(status, StatusCode::FORBIDDEN);
    let (status, _, _) = world.post("nobody", &bulk(FAST_STREET), &[], one).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(world.count_said(EventType::OrderSeen).await, 0);
}

/// While the table of orders is locked, commands gather; what comes then is one transaction, in the order it came.
#[tokio::test(flavor = "multi_thread")]
async fn what_comes_during_a_commit_is_decided_together() {
    let world = World::start().await;
    let mut orders = Vec::new();
    for _ in 0..20 {
        let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
        orders.push(world.order(case_id, 1, "transport", "lead").await);
    }
    let mut held = world.rig.admin().begin().await.unwrap();
    sqlx::query("LOCK TABLE dispatch.cases IN ACCESS EXCLUSIVE MODE").execute(&mut *held).await.unwrap();
    let answers = join_all(orders.iter().map(|order| world.act("transport", order, "acknowledge")));
    let (answers, ()) = tokio::join!(answers, async {
        // Until somebody waits for the lock, and the others for them.
        let waiting = async || {
            let waiting: i64 = sqlx::query_scalar(
                "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()",
            )
            .fetch_one(world.rig.admin())
            .await
            .unwrap();
            (waiting >= 2).then_some(())
        };
        testkit::wait::until(std::time::Duration::from_secs(20), waiting).await.unwrap();
        held.rollback().await.unwrap();
    });
    assert!(
        answers.iter().all(|answer| *answer == (StatusCode::OK, "acknowledged".to_owned())),
        "{answers:?}"
    );
    let transactions: i64 = world.scalar("SELECT count(DISTINCT xmin::text) FROM dispatch.answers").await;
    assert!((1..=6).contains(&transactions), "20 commands in {transactions} transactions");
}

/// Commands on one order see one another, whichever transaction they are in.
#[tokio::test(flavor = "multi_thread")]
async fn commands_on_one_order_come_one_after_the_other() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    world.act("transport", &lead, "acknowledge").await;
    let path = format!("{}:progress", path_of(&lead));
    let posts = (0..30).map(|n| world.post("transport", &path, &[], json!({ "note": n.to_string() })));
    let mut versions: Vec<u64> = Vec::new();
    for (status, _, order) in join_all(posts).await {
        assert_eq!(status, StatusCode::OK);
        versions.push(order["version"].as_u64().unwrap());
    }
    versions.sort_unstable();
    let first = versions[0];
    assert_eq!(versions, (first..first + 30).collect::<Vec<_>>(), "each answer has a version of its own");
    assert_eq!(world.count_said(EventType::OrderProgressed).await, 30);
}
