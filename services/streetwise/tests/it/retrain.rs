//! `streetwise classifier publish|show|withdraw|retrain` as a person and a nightly job run them, against a directory. What people
//! decided comes from a door of triage's shape.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use axum::extract::{Path as UrlPath, Query};
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::town::{Town, shipped, town_beside};

const STREET: &str = "990102001000";
const DISTRICT: &str = "990102000000";
/// Nobody has decided anything there.
const QUIET: &str = "990102002000";
/// On each page.
const PAGE: usize = 200;

/// What people decided in a street, `n` of it: every second one is a bus line, every second one a broken sign.
fn decided(n: usize) -> Value {
    let (text, label) = if n.is_multiple_of(2) {
        (format!("306路公交第{n}次改道绕行，老人多走两站"), "TRA-01")
    } else {
        (format!("站牌第{n}次被撞倒，玻璃碎了没人换"), "TRA-03")
    };
    json!({ "text": text, "label": label })
}

async fn examples(
    UrlPath(street): UrlPath<String>,
    Query(query): Query<BTreeMap<String, String>>,
) -> Json<Value> {
    let count = if street == STREET { 600 } else { 0 };
    let from: usize = query.get("after").map_or(0, |after| after.parse().unwrap());
    let to = (from + PAGE).min(count);
    let mut page = json!({ "examples": (from..to).map(decided).collect::<Vec<_>>() });
    if to < count {
        page["next"] = json!(to.to_string());
    }
    Json(page)
}

async fn settled() -> Town {
    let triage = Router::new().route("/triage/v1/streets/{street}/examples", get(examples));
    let town = town_beside(triage).await;
    let manifests = ["district-990102000000.yaml", "street-990102001000.yaml", "street-990102002000.yaml"];
    town.apply("sre", &manifests.map(shipped)).await.expect("applied");
    town.rig.refresh().await;
    town
}

fn path(file: &Path) -> &str {
    file.to_str().expect("a path of ours")
}

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON alone")
}

async fn run(town: &Town, arguments: &[&str]) -> Value {
    json_of(&town.command("sre", &[&["classifier"][..], arguments, &["--json"]].concat()).await.done())
}

/// A model of a few sentences, as `train` makes it.
async fn trained(town: &Town, folder: &TempDir) -> PathBuf {
    let (data, model) = (folder.path().join("data.jsonl"), folder.path().join("model"));
    let lines: String = (0..40).map(|n| format!("{}\n", decided(n))).collect();
    std::fs::write(&data, lines).expect("a writable folder");
    let arguments = ["classifier", "train", "--data", path(&data), "--out", path(&model), "--kib-max", "700"];
    town.command("sre", &arguments).await.done();
    model
}

#[tokio::test]
async fn a_better_model_is_published_and_one_that_is_not_is_left_alone() {
    let town = settled().await;
    let retrain = ["retrain", "--tenant", STREET];
    let tried = run(&town, &[&retrain[..], &["--dry-run"]].concat()).await;
    assert_eq!(
        (&tried["decision"], &tried["published_generation"]),
        (&json!("first"), &Value::Null),
        "{tried}"
    );
    let first = run(&town, &retrain).await;
    assert_eq!((&first["decision"], &first["published_generation"]), (&json!("first"), &json!(1)), "{first}");
    let (learned, aside) = (first["learned"].as_u64().unwrap(), first["aside"].as_u64().unwrap());
    assert_eq!((learned + aside, &first["labels"]), (600, &json!(["TRA-01", "TRA-03"])));
    assert_eq!((&first["before"], first["after"]["score"]["n"].as_u64()), (&Value::Null, Some(aside)));
    let again = run(&town, &retrain).await;
    assert_eq!(
        (&again["decision"], &again["published_generation"]),
        (&json!("no-better"), &Value::Null),
        "{again}"
    );
    assert_eq!(
        (&again["before"]["generation"], &again["before"]["score"]),
        (&json!(1), &again["after"]["score"])
    );
    // In words, too.
    let told = town.command("sre", &["classifier", "retrain", "--tenant", STREET]).await.done();
    assert!(told.contains("不胜过现用的模型，不发布 / no better"), "{told}");
}

/// A street without one of its own is judged by its district's: its first has to be better than that.
#[tokio::test]
async fn the_first_of_a_street_is_held_against_its_districts() {
    let town = settled().await;
    let district = ["retrain", "--tenant", DISTRICT, "--from", STREET];
    let first = run(&town, &district).await;
    assert_eq!((&first["decision"], &first["published_generation"]), (&json!("first"), &json!(1)), "{first}");
    let retrain = ["retrain", "--tenant", STREET];
    let same = run(&town, &retrain).await;
    assert_eq!(
        (&same["decision"], &same["published_generation"]),
        (&json!("no-better"), &Value::Null),
        "{same}"
    );
    assert_eq!((&same["before"]["tenant"], &same["before"]["generation"]), (&json!(DISTRICT), &json!(1)));
    let told = town.command("sre", &["classifier", "retrain", "--tenant", STREET]).await.done();
    assert!(told.contains("沿用区的模型 the district's"), "{told}");

    // One that learned from another town, and knows less of this street: the street's own goes before it.
    let folder = TempDir::new().expect("a folder");
    let (data, model) = (folder.path().join("data.jsonl"), folder.path().join("model"));
    let line = |n: usize| {
        // Its labels are the other way round.
        let other = decided(n + 1);
        format!("{}\n", json!({ "text": decided(n)["text"], "label": other["label"] }))
    };
    std::fs::write(&data, (0..40).map(line).collect::<String>()).expect("a writable folder");
    let train = ["classifier", "train", "--data", path(&data), "--out", path(&model), "--kib-max", "700"];
    town.command("sre", &train).await.done();
    run(&town, &["publish", "--tenant", DISTRICT, "--model", path(&model), "--threshold-permille", "870"])
        .await;
    let better = run(&town, &retrain).await;
    assert_eq!(
        (&better["decision"], &better["published_generation"]),
        (&json!("better"), &json!(1)),
        "{better}"
    );
    assert_eq!((&better["before"]["generation"], &better["threshold_permille"]), (&json!(2), &json!(870)));
    // From then on its own is what counts.
    let again = run(&town, &retrain).await;
    assert_eq!(
        (&again["decision"], &again["before"]["tenant"]),
        (&json!("no-better"), &json!(STREET)),
        "{again}"
    );
}

#[tokio::test]
async fn too_little_is_said_and_ends_with_four() {
    let town = settled().await;
    let arguments = ["classifier", "retrain", "--tenant", QUIET];
    let printed = town.command("sre", &arguments).await;
    assert_eq!(printed.code, 4, "{printed:?}");
    assert!(printed.err.contains("样本不足 / too little to learn from"), "{}", printed.err);
    assert!(printed.err.contains("--base"), "{}", printed.err);
    // A label that is no item: the directory says which, and what to do.
    let folder = TempDir::new().expect("a folder");
    let base = folder.path().join("base.jsonl");
    let lines: String = (0..20)
        .map(|n| format!("{}\n", json!({ "text": format!("井盖第{n}次丢失"), "label": "ZZZ-99" })))
        .collect();
    std::fs::write(&base, lines).expect("a writable folder");
    let arguments = ["classifier", "retrain", "--tenant", STREET, "--base", path(&base)];
    let printed = town.command("sre", &arguments).await;
    assert_eq!(printed.code, 3, "{printed:?}");
    assert!(
        printed.err.contains("classifier-labels-unknown") && printed.err.contains("ZZZ-99"),
        "{}",
        printed.err
    );
    let without = [&arguments[1..], &["--leave-out", "ZZZ-99"]].concat();
    assert_eq!(run(&town, &without).await["published_generation"], 1);
}

#[tokio::test]
async fn a_model_is_published_shown_taken_out_and_withdrawn_by_hand() {
    let (town, folder) = (settled().await, TempDir::new().expect("a folder"));
    let model = trained(&town, &folder).await;
    let publish = ["publish", "--tenant", STREET, "--model", path(&model), "--threshold-permille", "870"];
    let said = run(&town, &[&publish[..], &["--if-generation", "0"]].concat()).await;
    assert_eq!((&said["generation"], &said["changed"]), (&json!(1), &json!(true)));
    assert_eq!(run(&town, &publish).await["changed"], false);
    let stale = [&["classifier"][..], &publish, &["--if-generation", "7"]].concat();
    assert_eq!(town.command("sre", &stale).await.code, 3);
    let out = folder.path().join("published");
    let shown = run(&town, &["show", "--tenant", STREET, "--out", path(&out)]).await;
    assert_eq!(shown["published"]["model"]["threshold_permille"], 870);
    assert_eq!(shown["history"].as_array().unwrap().len(), 1);
    assert!(std::fs::read(&out).unwrap() == std::fs::read(&model).unwrap());
    let told = town.command("sre", &["classifier", "show", "--tenant", STREET]).await.done();
    assert!(told.contains("870") && told.contains("sre"), "{told}");
    let withdrawn = run(&town, &["withdraw", "--tenant", STREET]).await;
    assert_eq!((&withdrawn["generation"], &withdrawn["changed"]), (&json!(2), &json!(true)));
    // Without a threshold the model's own proposal, within what may be published.
    let again = run(&town, &publish[..5]).await;
    assert_eq!((&again["generation"], &again["changed"]), (&json!(3), &json!(true)));
    let wrong =
        ["classifier", "publish", "--tenant", STREET, "--model", path(&model), "--threshold-permille", "10"];
    assert_eq!(town.command("sre", &wrong).await.code, 2);
}
