//! What a wrong clock would leave behind, row by row, without a system around it.

use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use testkit::postgres::Database;

use super::*;

/// A delivery of ten o'clock, and when it was tried for the first time.
const TRIED: &str = "
    WITH tried AS (SELECT gen_random_uuid() AS id, timestamptz '2026-11-23 10:00:00+00' AS at),
    made AS (
        INSERT INTO notification.deliveries (tenant_id, id, source_event_id, event_type, lane, drill, case_id, body,
            endpoint_tenant_id, endpoint_key, payload, traceparent, state, attempts, created_at, decided_at)
        SELECT 990102001000, id, gen_random_uuid(), 'dispatch.order.breached', 1, false, gen_random_uuid(), 'transport',
            990102001000, 'transport', '990102001000'::bytea, '', 'delivered', 1, at, at FROM tried
        RETURNING id)
    INSERT INTO notification.attempts (tenant_id, delivery_id, n, started_at)
    SELECT 990102001000, tried.id, 1, tried.at + make_interval(secs => $1) FROM tried, made";

#[tokio::test]
async fn first_attempts_that_a_wrong_clock_moved_are_found() {
    let database = Database::fresh("clocks").await.unwrap();
    for schema in crate::schemas() {
        pg::migrate::apply(&database.admin_url(), &schema).await.unwrap();
    }
    let options = PgConnectOptions::from_str(&database.admin_url()).unwrap();
    let admin = PgPoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    for (after_s, kept, violations) in
        [(1.0, (1, 0, 1.0), 0), (-60.0, (2, 1, 1.0), 1), (3_600.0, (3, 1, 3_600.0), 2)]
    {
        sqlx::query(TRIED).bind(after_s).execute(&admin).await.unwrap();
        let found = first_attempts(&admin).await.unwrap();
        assert_eq!((found.fired, found.early, found.latest_s), kept);
        assert_eq!(found.violations().len(), violations, "{found:?}");
    }
    assert_eq!(stages(&admin).await.unwrap().fired, 0, "of orders nothing is told here");
}

#[test]
fn the_time_of_the_last_refusal_is_read_from_a_log() {
    let line = |at: &str, message: &str| {
        format!("{{\"timestamp\":\"{at}\",\"level\":\"INFO\",\"message\":\"{message}\"}}\n")
    };
    let log = [
        line("2026-11-23T10:00:00Z", "token refused"),
        line("2026-11-23T09:00:00.5Z", "token refused"),
        line("2026-11-23T11:00:00Z", "ready"),
    ];
    assert_eq!(refused_at(&log.concat()), Some("2026-11-23T09:00:00.5Z".parse().unwrap()));
    assert_eq!(refused_at(&log[2]), None);
}
