//! What triage leaves behind, held against the queries one row at a time, without a system around it.

use std::str::FromStr;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use testkit::postgres::Database;

use super::*;

/// Schemas of every service, with nothing in them. The database goes with it.
struct Empty {
    _database: Database,
    admin: PgPool,
}

impl Empty {
    async fn make() -> Self {
        let database = Database::fresh("invariants").await.unwrap();
        for schema in crate::schemas() {
            pg::migrate::apply(&database.admin_url(), &schema).await.unwrap();
        }
        let options = PgConnectOptions::from_str(&database.admin_url()).unwrap();
        let admin = PgPoolOptions::new().max_connections(2).connect_with(options).await.unwrap();
        history(&admin, &[]).await.unwrap();
        assert_eq!(check(&admin).await.unwrap(), [], "nothing is sound");
        Self { _database: database, admin }
    }

    async fn put(&self, statements: &'static str) {
        sqlx::raw_sql(statements).execute(&self.admin).await.unwrap();
    }

    /// The rows that one invariant names.
    async fn named(&self, invariant: &str, what: &str) -> Vec<String> {
        let violations = check(&self.admin).await.unwrap().into_iter();
        let of = violations.filter(|violation| violation.invariant == invariant);
        let rows = of.filter_map(|of| Some(of.found.strip_prefix(what)?.strip_prefix(": ")?.to_owned()));
        let mut rows: Vec<String> = rows.collect();
        rows.sort();
        rows
    }
}

fn id(n: u128) -> String {
    Uuid::from_u128(n).to_string()
}

/// 1 waits as it should, 2 has just come from an older build, 6 rests at the district's desk, 7 is decided. But 3 has no
/// clock, 4 no wake-up, and 5 was handed down by an older build.
#[tokio::test]
async fn a_report_that_nothing_moves_is_named() {
    let empty = Empty::make().await;
    empty
        .put(
            "INSERT INTO triage.reviews (tenant_id, report_id, reason, lane, drill, report, item_explanation,
                 requested_at, due_at, reminded, desk, decided_item, decided_by, decided_at)
             SELECT 990102001000, ('00000000-0000-0000-0000-00000000000' || n)::uuid, 'item-unsure', 1, false, '', '',
                 clock_timestamp() - CASE n WHEN 2 THEN 0 ELSE 1 END * interval '1 hour',
                 CASE WHEN n IN (2, 3) THEN NULL ELSE clock_timestamp() + interval '1 hour' END, n IN (5, 6),
                 CASE n WHEN 6 THEN 'district' ELSE 'street' END,
                 CASE n WHEN 7 THEN 'TRA-01' END, CASE n WHEN 7 THEN 'somebody' END, CASE n WHEN 7 THEN now() END
             FROM generate_series(1, 7) AS n;
             INSERT INTO triage.wakeups (tenant_id, kind, subject_id, due_at)
             SELECT tenant_id, 'report_review', report_id, due_at FROM triage.reviews WHERE due_at IS NOT NULL
                 AND report_id <> '00000000-0000-0000-0000-000000000004'",
        )
        .await;
    let what = "report that waits for a person without a clock, or that nothing wakes";
    assert_eq!(empty.named("I6", what).await, [id(3), id(4), id(5)]);
    assert_eq!(moving(&empty.admin, &[]).await.unwrap(), "reports that wait without a clock 3");
}

#[tokio::test]
async fn a_late_wake_up_of_triage_is_named_and_waited_for() {
    let empty = Empty::make().await;
    empty
        .put(
            "INSERT INTO triage.wakeups (tenant_id, kind, subject_id, due_at)
             SELECT 990102001000, 'plan_review', ('00000000-0000-0000-0000-00000000000' || n)::uuid,
                 clock_timestamp() - n * interval '20 seconds' FROM generate_series(1, 2) AS n",
        )
        .await;
    let late = empty.named("I6", "wake-up that is more than 30 s late").await;
    assert_eq!(late, [format!("plan_review {}", id(2))]);
    assert_eq!(moving(&empty.admin, &[]).await.unwrap(), "wake-ups of triage that are due 2");
}

/// Both were drawn anew, and neither has an order: 1 before its plan went out, 2 after that.
#[tokio::test]
async fn a_plan_that_was_drawn_anew_while_it_waited_is_followed_as_it_went_out() {
    let empty = Empty::make().await;
    empty
        .put(
            "INSERT INTO triage.cases (tenant_id, case_id, case_no, item, text, lon, lat, datum, address, lane, drill,
                 voices, version, opened_at, bodies, item_explanation, plan_explanation, cell)
             SELECT 990102001000, ('00000000-0000-0000-0000-00000000000' || n)::uuid, n::text, 'TRA-03', '', 106.5,
                 29.5, 'wgs84', '', 1, false, 1, 4, now(), ARRAY['bus-company'], '', '', 1
             FROM generate_series(1, 2) AS n;
             INSERT INTO triage.reroutes (tenant_id, case_id, version, report_id, asked_as, item, labelled, item_before,
                 lon_before, lat_before, datum_before, address_before, bodies_before, item_explanation_before,
                 plan_explanation_before, desk, rerouted_by, rerouted_at, note)
             SELECT tenant_id, case_id, 3, case_id, '{}', item, false, 'TRA-01', lon, lat, datum, '', '{}', '', '',
                 'street', 'somebody', now(), '' FROM triage.cases;
             INSERT INTO triage.journal (tenant_id, id, at, event_type, lane, aggregate_id, version, actor, traceparent,
                 drill, payload, content_sha256)
             SELECT tenant_id, case_id, now(), 'triage.case.routed', lane, case_id,
                 CASE case_no WHEN '1' THEN 4 ELSE 2 END, 'somebody', '', false, '', sha256('') FROM triage.cases",
        )
        .await;
    let what = "routed case whose orders are not exactly its plan";
    assert_eq!(empty.named("I3", what).await, [id(1)]);
}
