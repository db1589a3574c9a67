//! How long a report takes from room to room, by the database times of the services' own rows.

use anyhow::Result;
use serde_json::{Map, Value, json};

use crate::cluster::Cluster;

/// (key, a query of milliseconds as `ms`).
const HOPS: &[(&str, &str)] = &[
    (
        "report_to_case",
        "SELECT extract(epoch FROM c.opened_at - r.accepted_at) * 1000 AS ms FROM intake.reports r
         JOIN triage.voices v USING (tenant_id, report_id) JOIN triage.cases c USING (tenant_id, case_id)",
    ),
    (
        "case_to_order",
        "SELECT extract(epoch FROM o.dispatched_at - c.opened_at) * 1000 AS ms FROM triage.cases c
         JOIN dispatch.orders o USING (tenant_id, case_id)",
    ),
    (
        "order_to_attempt",
        "SELECT extract(epoch FROM a.started_at - j.at) * 1000 AS ms FROM notification.deliveries d
         JOIN dispatch.journal j ON j.tenant_id = d.tenant_id AND j.id = d.source_event_id
         JOIN notification.attempts a ON a.tenant_id = d.tenant_id AND a.delivery_id = d.id AND a.n = 1
         WHERE d.event_type = 'dispatch.order.dispatched'",
    ),
    (
        "report_to_attempt",
        "SELECT extract(epoch FROM a.started_at - r.accepted_at) * 1000 AS ms FROM notification.deliveries d
         JOIN notification.attempts a ON a.tenant_id = d.tenant_id AND a.delivery_id = d.id AND a.n = 1
         JOIN triage.voices v ON v.tenant_id = d.tenant_id AND v.case_id = d.case_id AND v.voice = 1
         JOIN intake.reports r ON r.tenant_id = v.tenant_id AND r.report_id = v.report_id
         WHERE d.event_type = 'dispatch.order.dispatched'",
    ),
];

/// `<hop>_p50_ms` and `<hop>_p99_ms` of every hop, and how many rows they stand on.
pub async fn measure(cluster: &Cluster) -> Result<Value> {
    let mut printed = Map::new();
    for (key, query) in HOPS {
        let statement = format!(
            "SELECT coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY ms), 0)::float8,
                    coalesce(percentile_disc(0.99) WITHIN GROUP (ORDER BY ms), 0)::float8, count(*)
             FROM ({query}) h"
        );
        let (p50, p99, rows): (f64, f64, i64) =
            sqlx::query_as(sqlx::AssertSqlSafe(statement)).fetch_one(&cluster.admin).await?;
        printed.insert(format!("{key}_p50_ms"), json!((p50 * 1000.0).round() / 1000.0));
        printed.insert(format!("{key}_p99_ms"), json!((p99 * 1000.0).round() / 1000.0));
        printed.insert(format!("{key}_rows"), json!(rows));
    }
    Ok(Value::Object(printed))
}
