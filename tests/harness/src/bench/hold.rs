//! A steady load held for minutes: accept latency, and how long a report takes to each later room.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use serde_json::Value;

use super::Knobs;
use crate::cluster::Cluster;
use crate::load::{self, Outcome, Plan};
use crate::measure::{commits_64_clients_per_s, percentile_ms};
use crate::{hops, invariants};

/// Unless told otherwise: reports a second, seconds, streets.
const DEFAULTS: (u32, u64, usize) = (200, 180, 20);

/// Runs it.
pub async fn run(knobs: &Knobs) -> Result<Value> {
    let (per_s, lasting) = (knobs.per_s.unwrap_or(DEFAULTS.0), knobs.lasting(DEFAULTS.1));
    let cluster = Arc::new(Cluster::start(knobs.streets.unwrap_or(DEFAULTS.2)).await?);
    eprintln!("measuring the machine's own limit");
    let limit = commits_64_clients_per_s(&cluster.postgres.cluster().admin_url("postgres")).await?;
    eprintln!("holding {per_s} reports/s for {} s", lasting.as_secs());
    let plan = Plan { per_s, lasting, seed: 1, in_flight_max: 2_048 };
    let calls = load::run(&cluster, &plan).await;
    let acked = calls.iter().filter(|call| matches!(call.outcome, Outcome::Acked { .. }));
    let mut latencies: Vec<Duration> = acked.map(|call| call.latency).collect();
    let (sent, acknowledged) = (calls.len(), latencies.len());
    if let Err(moving) = invariants::quiet(&cluster, Duration::from_secs(120)).await {
        bail!("not quiet after the load: {moving}; try again with a smaller --per-s");
    }
    let violations = invariants::check(&cluster, &calls).await?;
    let mut printed = hops::measure(&cluster).await?;
    let object = printed.as_object_mut().expect("hops are an object");
    object.insert("accept_p50_ms".into(), percentile_ms(&mut latencies, 50.0).into());
    object.insert("accept_p99_ms".into(), percentile_ms(&mut latencies, 99.0).into());
    object.insert("sent".into(), sent.into());
    object.insert("acknowledged".into(), acknowledged.into());
    object.insert("violations".into(), violations.len().into());
    object.insert("limit_pg_commits_64_clients_per_s".into(), limit.round().into());
    let method = format!(
        "open loop, {per_s} reports/s for {} s over {} streets, places a kilometre apart so that nothing joins, items \
         TRA-01/02/05/09; six service processes, Postgres (synced), NATS and the sink share the machine with the \
         load; accept is measured by the client from each report's due instant; later hops from the database \
         times of the services' own rows; limit: single-row commits by 64 clients for 2 s before the load",
        lasting.as_secs(),
        cluster.streets
    );
    object.insert("method".into(), method.into());
    for violation in violations {
        eprintln!("{violation}");
    }
    Ok(printed)
}
