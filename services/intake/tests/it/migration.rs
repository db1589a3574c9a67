//! The hashes of former requests move to their reports, all of them or none.

use sqlx::Executor;

use crate::desk::{Desk, STREET, key, report};

const MIGRATION: &str = include_str!("../../migrations/0030_body_of_the_request.sql");

/// The schema as it was before, with these reports in it.
const BEFORE: &str = "
    SET search_path = intake;
    CREATE TABLE idempotency AS SELECT tenant_id, report_id, body_sha256, accepted_at FROM reports;
    ALTER TABLE reports DROP COLUMN body_sha256;";

#[tokio::test]
async fn requests_from_before_are_still_answered_and_told_apart() {
    let desk = Desk::open().await;
    let mut receipts = Vec::new();
    for n in 1..=3 {
        receipts.push(desk.submit("resident", STREET, key(n), report("路灯不亮")).await);
    }
    let mut admin = desk.rig.admin().acquire().await.unwrap();
    admin.execute(BEFORE).await.unwrap();
    admin.execute(MIGRATION).await.unwrap();
    for (n, receipt) in (1..=3).zip(receipts) {
        assert_eq!(desk.submit("resident", STREET, key(n), report("路灯不亮")).await, receipt);
        assert_eq!(desk.submit("resident", STREET, key(n), report("路灯坏了")).await.0.as_u16(), 422);
    }
    assert_eq!(desk.count("reports").await, 3);
}

#[tokio::test]
async fn a_report_without_its_request_stops_the_migration() {
    let desk = Desk::open().await;
    desk.submit("resident", STREET, key(1), report("路灯不亮")).await;
    let mut admin = desk.rig.admin().acquire().await.unwrap();
    admin.execute(BEFORE).await.unwrap();
    admin.execute("DELETE FROM idempotency").await.unwrap();
    let stopped = admin.execute(MIGRATION).await.unwrap_err();
    assert!(stopped.to_string().contains("moved 0 hashes of 0 requests"), "{stopped}");
}
