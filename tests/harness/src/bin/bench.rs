//! `./dev bench NAME [--json]`: prints one JSON object with units in its key names and the method.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::Parser;
use harness::cluster::Cluster;
use harness::load::{self, Outcome, Plan};
use harness::measure::{commits_64_clients_per_s, percentile_ms};
use harness::{hops, invariants};

/// Benchmarks on real processes; run it from the release build.
#[derive(Parser)]
struct Args {
    /// hold
    name: String,
    /// Only the JSON object on stdout (progress goes to stderr either way).
    #[arg(long)]
    json: bool,
    /// Reports per second.
    #[arg(long, default_value_t = 200)]
    per_s: u32,
    /// Seconds.
    #[arg(long, default_value_t = 180)]
    lasting_s: u64,
    /// Streets.
    #[arg(long, default_value_t = 20)]
    streets: usize,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let printed = match args.name.as_str() {
        "hold" => hold(&args).await?,
        other => bail!("no bench named {other}; there is: hold"),
    };
    println!("{}", serde_json::to_string_pretty(&printed)?);
    Ok(())
}

/// A steady load held for minutes: accept latency, and how long a report takes to each later room.
async fn hold(args: &Args) -> Result<serde_json::Value> {
    let cluster = Arc::new(Cluster::start(args.streets).await?);
    eprintln!("measuring the machine's own limit");
    let limit = commits_64_clients_per_s(&cluster.postgres.cluster().admin_url("postgres")).await?;
    eprintln!("holding {} reports/s for {} s", args.per_s, args.lasting_s);
    let lasting = Duration::from_secs(args.lasting_s);
    let plan = Plan { per_s: args.per_s, lasting, seed: 1, in_flight_max: 2_048 };
    let calls = load::run(&cluster, &plan).await;
    let acked = calls.iter().filter(|call| matches!(call.outcome, Outcome::Acked { .. }));
    let mut latencies: Vec<Duration> = acked.map(|call| call.latency).collect();
    let (sent, acknowledged) = (calls.len(), latencies.len());
    if let Err(moving) = invariants::quiet(&cluster, Duration::from_secs(120)).await {
        bail!("not quiet after the load: {moving}");
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
        "open loop, {} reports/s for {} s over {} streets, places a kilometre apart so that nothing joins, items \
         TRA-01/02/05/09; six service processes, Postgres (synced), NATS and the sink share the machine with the \
         load; accept is measured by the client from each report's due instant; later hops from the database \
         times of the services' own rows; limit: single-row commits by 64 clients for 2 s before the load",
        args.per_s, args.lasting_s, args.streets
    );
    object.insert("method".into(), method.into());
    for violation in violations {
        eprintln!("{violation}");
    }
    Ok(printed)
}
