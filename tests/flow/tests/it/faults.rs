//! The fault matrix at the scale of `./dev test`; `./dev chaos` plays it in full (D40).

use harness::chaos::{Scale, play};

async fn check(row: &str) {
    let report = play(row, 1, &Scale::short()).await.unwrap_or_else(|error| panic!("{row}: {error:?}"));
    let printed = serde_json::to_string_pretty(&report).unwrap();
    assert!(report.violations.is_empty(), "{printed}");
    println!("{printed}");
}

/// Every service is ended at each of its crash points.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f1_kill_at_every_crash_point() {
    check("F1").await;
}

/// The broker is killed while reports come in.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f3_kill_the_broker() {
    check("F3").await;
}

/// Postgres is killed, then frozen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f7_kill_and_freeze_postgres() {
    check("F7").await;
}

/// Orders due at once, and dispatch is killed while it fires them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f13_kill_dispatch_on_a_cliff_of_limits() {
    check("F13").await;
}

/// Poison among the load.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f15_poison() {
    check("F15").await;
}

/// Every event twice, in another order.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f17_duplicates_and_disorder() {
    check("F17").await;
}
