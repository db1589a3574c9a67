//! F1: each service is ended at each of its crash points, one after the other, under load.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use testkit::wait;

use crate::cluster::Cluster;

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
