//! The restore drill at the scale of `./dev test`; `./dev restore-drill` plays it in full.

use harness::drill::{Scale, play};

/// A dump under load, the database destroyed and restored, the streams refilled: the same record, the same outcome.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restored_district_arrives_where_it_would_have() {
    let report = play(1, Scale::short()).await.unwrap_or_else(|error| panic!("{error:?}"));
    let printed = serde_json::to_string_pretty(&report).unwrap();
    assert!(report.violations.is_empty(), "{printed}");
    println!("{printed}");
}
