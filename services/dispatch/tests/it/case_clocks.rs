//! The case's own clocks unfolded: its verifications and the rulings on its returns, now and as they were known.

use std::collections::BTreeMap;
use std::time::Duration;

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{FAST_STREET, STREET, World, at, path_of};

fn path(case_id: Uuid) -> String {
    format!("/dispatch/v1/streets/{STREET}/cases/{case_id}/clocks")
}

fn stages(list: &Value) -> Vec<&str> {
    list["clocks"].as_array().unwrap().iter().map(|clock| clock["stage"].as_str().unwrap()).collect()
}

impl World {
    async fn clocks_of(&self, case_id: Uuid) -> Value {
        let (status, list) = self.get("street-centre", &path(case_id)).await;
        assert_eq!(status, StatusCode::OK, "{list:#}");
        list
    }

    async fn does(&self, who: &str, order: &Value, verb: &str, body: Value) {
        let (status, _, answer) = self.post(who, &format!("{}:{verb}", path_of(order)), &[], body).await;
        assert_eq!(status, StatusCode::OK, "{who} {verb}: {answer:#}");
    }

    async fn all_submit(&self, case_id: Uuid) {
        for (body, role) in [("traffic-police", "assist"), ("bus-company", "assist"), ("transport", "lead")] {
            let order = self.order(case_id, 1, body, role).await;
            for verb in ["acknowledge", "arrive", "submit"] {
                self.does(body, &order, verb, json!({})).await;
            }
        }
    }
}

fn not_ours() -> Value {
    json!({ "ground": "not_our_duty", "to": "traffic-police", "note": "不属本单位" })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ruling_and_a_verification_are_unfolded_like_any_clock() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let list = world.clocks_of(case_id).await;
    assert_eq!((&list["case_id"], &list["clocks"]), (&json!(case_id), &json!([])), "none has begun");
    let lead = world.order(case_id, 1, "transport", "lead").await;
    world.does("transport", &lead, "return", not_ours()).await;
    let list = world.clocks_of(case_id).await;
    let ruling = &list["clocks"][0];
    assert_eq!(
        (stages(&list), &ruling["round"], &ruling["order_id"]),
        (vec!["adjudicate"], &json!(1), &lead["order_id"])
    );
    assert_eq!((&ruling["due_at"], &ruling["verdict"]), (&json!("2026-11-24T10:00:00Z"), &Value::Null));
    let stretches = ruling["stretches"].as_array().unwrap();
    let counted: i64 = stretches.iter().map(|of| of["counted_s"].as_i64().unwrap()).sum();
    assert_eq!(json!(counted), ruling["allowed_s"]);
    assert!(stretches.windows(2).all(|pair| pair[0]["to"] == pair[1]["from"]), "without a gap");
    let (zh, en) = (ruling["zh"].as_str().unwrap(), ruling["en"].as_str().unwrap());
    assert!(zh.contains("不计：下班时间") && en.contains("not counted"), "{zh}\n{en}");

    world.does("governance-centre", &lead, "adjudicate", json!({ "to": "transport" })).await;
    world.all_submit(case_id).await;
    let list = world.clocks_of(case_id).await;
    assert_eq!(stages(&list), ["adjudicate", "verify"]);
    assert_eq!(
        (&list["clocks"][0]["verdict"], &list["clocks"][1]["order_id"]),
        (&json!("met"), &Value::Null)
    );
    assert_eq!(list["clocks"][1]["due_at"], verification_due(&world, case_id).await);
    // A round that failed keeps its clock beside that of the next.
    world.verify("verifier", case_id, "fail").await;
    let rounds: Vec<Value> = world.clocks_of(case_id).await["clocks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|of| of["round"].clone())
        .collect();
    assert_eq!(rounds, [json!(1), json!(1)], "the second round has not been submitted");
}

async fn verification_due(world: &World, case_id: Uuid) -> Value {
    let case = world.case(case_id).await;
    case["verifications"].as_array().unwrap().last().unwrap()["due_at"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_of_a_case_are_read_by_who_reads_the_case() {
    let world = World::start().await;
    let mut routed = world.routed(STREET, "TRA-01");
    routed.plan().orders.retain(|order| order.body != "bus-company");
    let case_id = world.opened(&routed).await;
    for (who, expected) in [
        ("street-centre", 200),
        ("verifier", 200),
        ("transport", 200),
        ("bus-company", 404),
        ("stranger", 404),
    ] {
        assert_eq!(world.get(who, &path(case_id)).await.0.as_u16(), expected, "{who}");
        let (case, _) = world.get(who, &format!("/dispatch/v1/streets/{STREET}/cases/{case_id}")).await;
        assert_eq!(case.as_u16(), expected, "{who} reads the case");
    }
    let elsewhere = path(case_id).replace(STREET, FAST_STREET);
    assert_eq!(world.get("street-centre", &elsewhere).await.0, StatusCode::NOT_FOUND);
    assert_eq!(world.get("street-centre", &path(Uuid::from_u128(1))).await.0, StatusCode::NOT_FOUND);
}

/// Told at each moment, and told so of that moment ever after: moved while a ruling waits, ruled, moved while a verification waits,
/// verified.
#[tokio::test(flavor = "multi_thread")]
async fn a_past_moment_is_told_as_it_was() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let mut told: BTreeMap<Timestamp, Value> = BTreeMap::new();
    let mut tell = async |after_s: u64| {
        world.rig.drain().await;
        told.insert(world.rig.clock.now(), world.clocks_of(case_id).await);
        world.rig.clock.advance(Duration::from_secs(after_s));
    };
    tell(60).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    world.does("transport", &lead, "return", not_ours()).await;
    tell(60).await;
    world.publish_day_off(2, "2026-11-24").await;
    tell(60).await;
    assert!(!world.moved(2, 50).await.is_empty());
    tell(3_600).await;
    world.does("governance-centre", &lead, "adjudicate", json!({ "to": "transport" })).await;
    tell(60).await;
    world.all_submit(case_id).await;
    tell(60).await;
    world.publish_days_off(3, &["2026-11-24", "2026-11-25"]).await;
    assert!(!world.moved(3, 50).await.is_empty());
    tell(60).await;
    assert_eq!(world.verify("verifier", case_id, "pass").await.0, StatusCode::OK);
    tell(60).await;

    assert_eq!(told.len(), 8);
    let of_ruling: Vec<&Value> = told.values().filter_map(|list| list["clocks"].get(0)).collect();
    assert_eq!(
        (&of_ruling[1]["due_at"], &of_ruling[2]["due_at"]),
        (&json!("2026-11-24T10:00:00Z"), &json!("2026-11-25T10:00:00Z"))
    );
    for (moment, then) in &told {
        let (status, list) = world.get("street-centre", &format!("{}?at={moment}", path(case_id))).await;
        assert_eq!((status, &list), (StatusCode::OK, then), "as of {moment}");
    }
    assert_eq!(world.scalar::<i64>("SELECT count(*) FROM dispatch.past_case_clocks").await, 2, "one a move");
}

/// It was not known when it is due, and later it was.
#[tokio::test(flavor = "multi_thread")]
async fn an_awaited_year_is_awaited_in_the_past() {
    let world = World::start().await;
    world.rig.clock.set(at("2026-12-31T08:00:00Z"));
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    world.all_submit(case_id).await;
    let (moment, before) = (world.rig.clock.now(), world.clocks_of(case_id).await);
    assert_eq!(before["clocks"][0]["awaiting_year"], 2027, "{before:#}");
    world.rig.clock.advance(Duration::from_secs(60));
    world.publish_year(2, 2027).await;
    world.rig.drain().await;
    assert_eq!(world.clocks_of(case_id).await["clocks"][0]["awaiting_year"], Value::Null);
    let (_, then) = world.get("street-centre", &format!("{}?at={moment}", path(case_id))).await;
    assert_eq!(then, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_moment_without_an_answer_is_refused() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let opened_at = world.rig.clock.now();
    let lead = world.order(case_id, 1, "transport", "lead").await;
    world.does("transport", &lead, "return", not_ours()).await;
    world.rig.clock.advance(Duration::from_secs(60));
    let fault = async |moment: Timestamp| {
        let (status, problem) = world.get("street-centre", &format!("{}?at={moment}", path(case_id))).await;
        (status.as_u16(), problem["errors"][0]["code"].as_str().unwrap_or_default().to_owned())
    };
    let refused = |code: &str| (422, code.to_owned());
    assert_eq!(fault(world.rig.clock.now() + SignedDuration::from_micros(1)).await, refused("in-future"));
    assert_eq!(fault(opened_at - SignedDuration::from_micros(1)).await, refused("before-case"));
    assert_eq!(fault(opened_at).await, (200, String::new()));
    // Turned before it was noted what it had been.
    world.publish_day_off(2, "2026-11-24").await;
    world.moved(2, 50).await;
    let turned_at = world.rig.clock.now();
    sqlx::query("DELETE FROM dispatch.past_case_clocks").execute(world.rig.admin()).await.unwrap();
    assert_eq!(fault(turned_at - SignedDuration::from_micros(1)).await, refused("not-kept"));
    assert_eq!(fault(turned_at).await, (200, String::new()));
}
