//! How long a report takes from room to room, by the database times of the services' own rows.

use anyhow::Result;
use serde_json::{Map, Value, json};

use crate::cluster::Cluster;

/// (key, a query of milliseconds as `ms` and of the hop's first instant as `at`).
const HOPS: &[(&str, &str)] = &[
    (
        "report_to_case",
        "SELECT extract(epoch FROM c.opened_at - r.accepted_at) * 1000 AS ms, r.accepted_at AS at
         FROM intake.reports r
         JOIN triage.voices v USING (tenant_id, report_id) JOIN triage.cases c USING (tenant_id, case_id)",
    ),
    (
        "case_to_order",
        "SELECT extract(epoch FROM o.dispatched_at - c.opened_at) * 1000 AS ms, c.opened_at AS at
         FROM triage.cases c
         JOIN dispatch.orders o USING (tenant_id, case_id)",
    ),
    (
        "report_to_order",
        "SELECT extract(epoch FROM o.dispatched_at - r.accepted_at) * 1000 AS ms, r.accepted_at AS at
         FROM intake.reports r JOIN triage.voices v ON v.tenant_id = r.tenant_id AND v.report_id = r.report_id
         JOIN dispatch.orders o ON o.tenant_id = v.tenant_id AND o.case_id = v.case_id WHERE v.voice = 1",
    ),
    (
        "order_to_attempt",
        "SELECT extract(epoch FROM a.started_at - j.at) * 1000 AS ms, j.at AS at
         FROM notification.deliveries d
         JOIN dispatch.journal j ON j.tenant_id = d.tenant_id AND j.id = d.source_event_id
         JOIN notification.attempts a ON a.tenant_id = d.tenant_id AND a.delivery_id = d.id AND a.n = 1
         WHERE d.event_type = 'dispatch.order.dispatched'",
    ),
    (
        "report_to_attempt",
        "SELECT extract(epoch FROM a.started_at - r.accepted_at) * 1000 AS ms, r.accepted_at AS at
         FROM notification.deliveries d
         JOIN notification.attempts a ON a.tenant_id = d.tenant_id AND a.delivery_id = d.id AND a.n = 1
         JOIN triage.voices v ON v.tenant_id = d.tenant_id AND v.case_id = d.case_id AND v.voice = 1
         JOIN intake.reports r ON r.tenant_id = v.tenant_id AND r.report_id = v.report_id
         WHERE d.event_type = 'dispatch.order.dispatched'",
    ),
];

/// `<hop>_p50_ms` and `<hop>_p99_ms` of every hop, and how many rows they stand on.
pub async fn measure(cluster: &Cluster) -> Result<Value> {
    measure_since(cluster, "-infinity").await
}

/// The database's time, for [`measure_since`].
pub async fn now(cluster: &Cluster) -> Result<String> {
    Ok(sqlx::query_scalar("SELECT clock_timestamp()::text").fetch_one(&cluster.admin).await?)
}

/// The same of hops that began at `instant` or later.
pub async fn measure_since(cluster: &Cluster, instant: &str) -> Result<Value> {
    let mut printed = Map::new();
    for (key, query) in HOPS {
        let statement = format!(
            "SELECT coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY ms), 0)::float8,
                    coalesce(percentile_disc(0.99) WITHIN GROUP (ORDER BY ms), 0)::float8, count(*)
             FROM ({query}) h WHERE at >= $1::timestamptz"
        );
        let (p50, p99, rows): (f64, f64, i64) =
            sqlx::query_as(sqlx::AssertSqlSafe(statement)).bind(instant).fetch_one(&cluster.admin).await?;
        printed.insert(format!("{key}_p50_ms"), json!((p50 * 1000.0).round() / 1000.0));
        printed.insert(format!("{key}_p99_ms"), json!((p99 * 1000.0).round() / 1000.0));
        printed.insert(format!("{key}_rows"), json!(rows));
    }
    Ok(Value::Object(printed))
}
