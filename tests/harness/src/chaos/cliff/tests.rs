//! What firing on the cliff may leave behind, row by row, without a system around it.

use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use testkit::postgres::Database;

use super::*;

/// Four orders that wait for ten o'clock.
const ARMED: &str = "
    INSERT INTO dispatch.wakeups (tenant_id, kind, subject_id, due_at)
    SELECT 990102001000, 'order', ('00000000-0000-0000-0000-00000000000' || n)::uuid, timestamptz '2026-12-01 10:00:00+00'
    FROM generate_series(1, 4) AS n";

/// What is said of the n-th, so many seconds after ten.
const SAID: &str = "
    INSERT INTO dispatch.journal (tenant_id, id, at, event_type, lane, aggregate_id, version, actor, traceparent, drill, payload,
        content_sha256)
    SELECT 990102001000, gen_random_uuid(), timestamptz '2026-12-01 10:00:00+00' + make_interval(secs => $2), $3, 1,
        ('00000000-0000-0000-0000-00000000000' || $1)::uuid, 2, 'clock', '', false, '', sha256('')";

#[tokio::test]
async fn orders_that_fire_early_or_again_are_found() {
    let database = Database::fresh("cliff").await.unwrap();
    for schema in crate::schemas() {
        pg::migrate::apply(&database.admin_url(), &schema).await.unwrap();
    }
    let options = PgConnectOptions::from_str(&database.admin_url()).unwrap();
    let admin = PgPoolOptions::new().max_connections(1).connect_with(options).await.unwrap();
    sqlx::query(ARMED).execute(&admin).await.unwrap();
    take_down(&admin).await.unwrap();
    let breached = "dispatch.order.breached";
    for (n, after_s, what, (fired, again, early)) in [
        ("1", 0.0, breached, (1, 0, 0)),
        ("2", 9.0, "dispatch.order.escalated", (1, 0, 0)),
        ("2", 9.0, breached, (2, 0, 0)),
        ("2", 9.5, breached, (2, 1, 0)),
        ("3", -0.001, breached, (3, 1, 1)),
        ("9", -60.0, breached, (3, 1, 1)),
    ] {
        sqlx::query(SAID).bind(n).bind(after_s).bind(what).execute(&admin).await.unwrap();
        let found = told(&admin).await.unwrap();
        assert_eq!(found, Told { due: 4, fired, again, early }, "{n} {after_s} {what}");
    }
}

#[test]
fn what_is_late_again_or_early_is_a_violation() {
    let sound = Told { due: 4, fired: 4, again: 0, early: 0 };
    let soon = FIRED_WITHIN;
    assert_eq!(sound.violations(soon), [""; 0]);
    for (told, took) in [
        (sound, FIRED_WITHIN + Duration::from_millis(1)),
        (Told { fired: 3, ..sound }, soon),
        (Told { again: 1, ..sound }, soon),
        (Told { early: 1, ..sound }, soon),
    ] {
        assert_eq!(told.violations(took).len(), 1, "{told:?}");
    }
}
