//! Why an order is due when it is: its clocks unfolded, stretch by stretch.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::world::{FAST_STREET, STREET, World, path_of};

fn clock<'a>(list: &'a Value, stage: &str) -> &'a Value {
    list["clocks"].as_array().unwrap().iter().find(|clock| clock["stage"] == stage).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stretches_of_a_clock_add_up_to_its_limit() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    let (status, list) = world.get("transport", &format!("{}/clocks", path_of(&lead))).await;
    assert_eq!((status, &list["case_no"]), (StatusCode::OK, &lead["case_no"]), "{list:#}");
    let on_site = clock(&list, "on_site");
    assert_eq!((&on_site["allowed_s"], &on_site["used_s"]), (&json!(450 * 60), &json!(0)));
    assert_eq!(on_site["due_at"], "2026-11-24T02:00:00Z");
    let stretches = on_site["stretches"].as_array().unwrap();
    assert_eq!(stretches.iter().map(|of| of["counted_s"].as_i64().unwrap()).sum::<i64>(), 450 * 60);
    assert!(stretches.windows(2).all(|pair| pair[0]["to"] == pair[1]["from"]), "without a gap");
    let why: Vec<&str> = stretches.iter().filter_map(|of| of["why_zh"].as_str()).collect();
    assert_eq!(why, ["午休", "下班时间"]);
    assert_eq!(on_site["calendar"], format!("street-{STREET}"));
    let resolve = clock(&list, "resolve");
    assert!(resolve["zh"].as_str().unwrap().contains("不计：周末"), "{}", resolve["zh"]);
    assert!(resolve["en"].as_str().unwrap().contains("not counted: weekend"), "{}", resolve["en"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn clocks_are_read_by_who_reads_the_order() {
    let world = World::start().await;
    let case_id = world.opened(&world.routed(STREET, "TRA-01")).await;
    let lead = world.order(case_id, 1, "transport", "lead").await;
    let path = format!("{}/clocks", path_of(&lead));
    for (who, expected) in [("street-centre", 200), ("bus-company", 404), ("resident", 403)] {
        assert_eq!(world.get(who, &path).await.0.as_u16(), expected, "{who}");
    }
    let elsewhere = path.replace(STREET, FAST_STREET);
    assert_eq!(world.get("transport", &elsewhere).await.0, StatusCode::NOT_FOUND);
}
