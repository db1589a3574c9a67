//! F1: each service is ended at each of its crash points, one after the other, under load.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use testkit::wait;
use uuid::Uuid;

use crate::cluster::Cluster;

/// Where dispatch can die while it decides what its doors ask.
const ACTS: [&str; 2] = ["dispatch.before_commit", "dispatch.after_commit"];

/// Where each service can die: before and after commit, seal, ack of the broker, delete, send, record, consumer ack.
pub const POINTS: &[(&str, &[&str])] = &[
    (
        "intake",
        &[
            "intake.before_commit",
            "intake.after_commit",
            "relay.after_seal",
            "relay.after_puback",
            "relay.after_delete",
        ],
    ),
    (
        "triage",
        &[
            "consumer.before_commit",
            "consumer.after_commit",
            "consumer.after_ack",
            "relay.after_seal",
            "relay.after_puback",
            "relay.after_delete",
        ],
    ),
    (
        "dispatch",
        &[
            ACTS[0],
            ACTS[1],
            "consumer.before_commit",
            "consumer.after_commit",
            "consumer.after_ack",
            "relay.after_seal",
            "relay.after_puback",
            "relay.after_delete",
        ],
    ),
    (
        "notification",
        &[
            "consumer.before_commit",
            "consumer.after_commit",
            "consumer.after_ack",
            "notification.after_claim",
            "notification.after_send",
            "notification.after_record",
            "relay.after_puback",
        ],
    ),
    ("console", &["consumer.before_commit", "consumer.after_commit", "consumer.after_ack"]),
];

/// How long reports have to come, so that there is work at each point: kill, start and three more batches take about so long.
pub(super) fn lasting() -> Duration {
    let points: usize = POINTS.iter().map(|(_, points)| points.len()).sum();
    Duration::from_secs(3) * points as u32
}

/// Kills at every point; says how long each service took to answer again.
pub(super) async fn every_point(cluster: &Cluster) -> Result<Vec<String>> {
    let mut slowest = Duration::ZERO;
    let mut reached = 0;
    for (service, points) in POINTS {
        for point in *points {
            // The third time, so that the process has done real work before it dies.
            let armed = format!("{point}:3");
            cluster.start_service(service, &[("STREETWISE_CRASH_POINT", &armed)]).await?;
            let died = wait::until(Duration::from_secs(20), async || {
                if ACTS.contains(point) {
                    act(cluster).await;
                }
                (!cluster.program(service).alive()).then_some(())
            });
            ensure!(died.await.is_some(), "{service} never reached its crash point {point}");
            reached += 1;
            let dead = Instant::now();
            cluster.start_service(service, &[]).await?;
            cluster.await_ready(&[service], Duration::from_secs(15)).await?;
            slowest = slowest.max(dead.elapsed());
        }
    }
    Ok(vec![format!(
        "{reached} crash points reached; slowest service ready again after {:.1} s",
        slowest.as_secs_f64()
    )])
}

/// A body acknowledges one of its orders, if there is one: the load is of reports and asks nothing of dispatch. What becomes
/// of it is for the checker to say.
async fn act(cluster: &Cluster) {
    let waiting =
        "SELECT tenant_id, id FROM dispatch.orders WHERE body = 'transport' AND phase = 'dispatched' LIMIT 1";
    let order = sqlx::query_as::<_, (i64, Uuid)>(waiting).fetch_optional(&cluster.admin).await;
    let Ok(Some((tenant, order))) = order else { return };
    let url = format!("{}/dispatch/v1/streets/{tenant}/orders/{order}:acknowledge", cluster.url("dispatch"));
    let request = cluster.http().post(url).bearer_auth(cluster.token("transport"));
    let request = request.header("idempotency-key", order.to_string()).json(&serde_json::json!({}));
    // Dispatch dies at the third of them: no answer is what is wanted.
    drop(request.send().await);
}
