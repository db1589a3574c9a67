//! Rows of the fault matrix, played on real processes under load, then checked.
//!
//! Correctness is hard: any violation fails the row. Times and ratios are printed with it (D40).

mod cliff;
mod clocks;
mod crash;
mod faults;
mod rolling;

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use futures_util::future::LocalBoxFuture;
use serde::Serialize;

use crate::cluster::{Cluster, SERVICES, Setup};
use crate::invariants;
use crate::load::{self, Call, Outcome, Plan};
use crate::measure::percentile_ms;
use crate::streets;
pub use cliff::Cliff;

/// How long and how hard.
#[derive(Debug, Clone)]
pub struct Scale {
    /// Streets.
    pub streets: usize,
    /// Reports per second.
    pub per_s: u32,
    /// Load lasts at least this long; longer where the fault takes longer.
    pub lasting: Duration,
    /// Kills of the broker in F3.
    pub broker_kills: usize,
    /// How long Postgres is frozen in F7.
    pub freeze: Duration,
    /// Services that are rolled in F20.
    pub rolled: &'static [&'static str],
    /// F13, where thousands of orders are due at once.
    pub cliff: Cliff,
    /// Reports per second in F11 and F12, where every order of them is breached and told of.
    pub breached_per_s: u32,
    /// The n-th street in F11 and F12: every order of the load has some seconds.
    pub short_limits: fn(usize) -> String,
    /// How long the database's clock is wrong in F12.
    pub clock_wrong_for: Duration,
}

impl Scale {
    /// What `./dev test` can afford.
    pub fn short() -> Self {
        let (lasting, freeze) = (Duration::from_secs(15), Duration::from_secs(4));
        Self {
            streets: 4,
            per_s: 30,
            lasting,
            broker_kills: 2,
            freeze,
            rolled: &["intake"],
            cliff: Cliff::short(),
            breached_per_s: 30,
            short_limits: |n| streets::with_limit(n, 12),
            clock_wrong_for: Duration::from_secs(5),
        }
    }

    /// What the matrix asks: 200 reports a second, 20 streets, three minutes.
    pub fn full() -> Self {
        let (lasting, freeze) = (Duration::from_secs(180), Duration::from_secs(60));
        Self {
            streets: 20,
            per_s: 200,
            lasting,
            broker_kills: 10,
            freeze,
            rolled: &SERVICES,
            cliff: Cliff::full(),
            breached_per_s: 60,
            short_limits: |n| streets::with_limit(n, 100),
            clock_wrong_for: Duration::from_secs(30),
        }
    }
}

/// The rows that exist.
pub const ROWS: [&str; 9] = ["F1", "F3", "F7", "F11", "F12", "F13", "F15", "F17", "F20"];
/// A service is rolled there and back in so long.
const ROLLED_WITHIN: Duration = Duration::from_secs(30);

/// What a row did and found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Row of the matrix.
    pub row: String,
    /// Prints with every figure: the same seed is the same load.
    pub seed: u64,
    /// Reports sent.
    pub sent: usize,
    /// Acknowledged at the first try.
    pub acked_first: usize,
    /// No answer at the first try.
    pub unknown_first: usize,
    /// Refused at the first try (503 while a dependency was away).
    pub refused_first: usize,
    /// 99th percentile of the first tries that were acknowledged.
    pub accept_p99_ms: f64,
    /// From the end of load and faults until nothing moved any more.
    pub quiet_after_s: f64,
    /// What the fault itself measured, in words.
    pub notes: Vec<String>,
    /// Must be empty.
    pub violations: Vec<String>,
}

/// What a row saw.
#[derive(Debug, Default)]
struct Found {
    /// In words.
    notes: Vec<String>,
    /// What must not be.
    violations: Vec<String>,
}

/// Plays one row on a fresh cluster.
///
/// Boxed: a future is compiled where it is awaited, and this one is large.
pub fn play<'a>(row: &'a str, seed: u64, scale: &'a Scale) -> LocalBoxFuture<'a, Result<Report>> {
    Box::pin(played(row, seed, scale))
}

async fn played(row: &str, seed: u64, scale: &Scale) -> Result<Report> {
    let cluster = Arc::new(cluster(row, scale).await?);
    let lasting = match row {
        "F1" => scale.lasting.max(crash::lasting()),
        "F11" => scale.lasting.max(clocks::lasting()),
        "F20" => scale.lasting.max(ROLLED_WITHIN * scale.rolled.len() as u32),
        _ => scale.lasting,
    };
    // Every order of these is breached and told of.
    let per_s = match row {
        "F11" | "F12" => scale.breached_per_s,
        "F13" => scale.cliff.per_s,
        _ => scale.per_s,
    };
    let plan = Plan { per_s, lasting, seed, in_flight_max: 512 };
    let loading = tokio::spawn({
        let (cluster, plan) = (cluster.clone(), plan.clone());
        async move { load::run(&cluster, &plan).await }
    });
    let (mut besides, mut found) = (Vec::new(), Vec::new());
    let notes = match row {
        "F1" => crash::every_point(&cluster).await?,
        "F3" => faults::broker_killed(&cluster, scale.broker_kills).await?,
        "F7" => {
            let seen = faults::postgres_killed_and_frozen(&cluster, seed, scale.freeze).await?;
            (besides, found) = (vec![seen.call], seen.violations);
            seen.notes
        }
        "F11" => {
            let seen = clocks::of_services(&cluster).await?;
            found = seen.violations;
            seen.notes
        }
        "F12" => {
            let seen = clocks::of_the_database(&cluster, scale).await?;
            found = seen.violations;
            seen.notes
        }
        "F13" => {
            let fired = cliff::killed_on_the_cliff(&cluster, &scale.cliff).await?;
            found = fired.violations;
            fired.notes
        }
        "F15" => faults::poison(&cluster).await?,
        "F17" => faults::duplicated_and_reordered(&cluster, scale.lasting).await?,
        "F20" => {
            let rolled = rolling::restart(&cluster, scale.rolled).await?;
            found = rolled.violations;
            rolled.notes
        }
        _ => bail!("no such row: {row}; there are {ROWS:?}"),
    };
    let mut calls = loading.await?;
    if matches!(row, "F11" | "F12" | "F13") {
        // Until then something is fired between one look and the next.
        cliff::none_due_soon(&cluster).await?;
    }
    if row == "F20" {
        let failed = calls.iter().filter(|call| !matches!(call.outcome, Outcome::Acked { .. }));
        found.extend(
            failed.map(|call| format!("F20: the report due at {:.1?}: {:?}", call.due, call.outcome)),
        );
    }
    calls.extend(besides);
    let mut report = conclude(row, &cluster, calls, notes, &plan).await?;
    report.violations.extend(found);
    if !report.violations.is_empty() {
        let folder = format!(".run/chaos/{row}-{seed}");
        cluster.keep_logs(Path::new(&folder))?;
        report.notes.push(format!("logs are kept in {folder}"));
    }
    Ok(report)
}

/// In F11 to F13 every order is due soon; in F20 the services have an address that outlives them, and leave as in an installation.
async fn cluster(row: &str, scale: &Scale) -> Result<Cluster> {
    match row {
        "F20" => {
            let knobs: &[_] = &[("STREETWISE_LEAVE_FOR_S", "5")];
            Cluster::start_behind_fronts(Setup { knobs, ..Setup::of(scale.streets) }).await
        }
        "F11" => Cluster::start_as(limited(scale, scale.short_limits)).await,
        "F12" => {
            let setup = limited(scale, scale.short_limits);
            Cluster::start_with_database_clock(setup, clocks::by_file).await
        }
        "F13" => Cluster::start_as(limited(scale, scale.cliff.street)).await,
        _ => Cluster::start(scale.streets).await,
    }
}

fn limited(scale: &Scale, street: fn(usize) -> String) -> Setup {
    Setup { street, ..Setup::of(scale.streets) }
}

/// How long what was healed may go on working. Eleven thousand breaches at once are some thirty thousand notices for one sink, beside
/// everything else on the same cores: what F13 promises is their firing, which it measures itself.
fn quiet_within(row: &str) -> Duration {
    Duration::from_secs(if row == "F13" { 240 } else { 90 })
}

async fn conclude(
    row: &str,
    cluster: &Arc<Cluster>,
    mut calls: Vec<Call>,
    mut notes: Vec<String>,
    plan: &Plan,
) -> Result<Report> {
    let first = |wanted: fn(&Outcome) -> bool| calls.iter().filter(|call| wanted(&call.outcome)).count();
    let acked_first = first(|outcome| matches!(outcome, Outcome::Acked { .. }));
    let unknown_first = first(|outcome| matches!(outcome, Outcome::Unknown));
    let refused_first = first(|outcome| matches!(outcome, Outcome::Refused(_)));
    let acked = calls.iter().filter(|call| matches!(call.outcome, Outcome::Acked { .. }));
    let mut latencies: Vec<Duration> = acked.map(|call| call.latency).collect();
    let healed = Instant::now();
    let mut violations = Vec::new();
    let open = load::settle(cluster, &mut calls, Duration::from_secs(60)).await;
    if open > 0 {
        violations.push(format!("{open} reports were still not acknowledged a minute after healing"));
    }
    let quiet_within = quiet_within(row);
    if let Err(moving) = invariants::quiet(cluster, quiet_within).await {
        violations.push(format!("not quiet {} s after healing: {moving}", quiet_within.as_secs()));
    }
    let quiet_after_s = healed.elapsed().as_secs_f64();
    violations.extend(invariants::check(cluster, &calls).await?.iter().map(ToString::to_string));
    if acked_first == 0 {
        violations.push("no report was acknowledged at all: nothing was tested".to_owned());
    }
    notes.push(format!("{} streets, {} reports/s", cluster.streets, plan.per_s));
    Ok(Report {
        row: row.to_owned(),
        seed: plan.seed,
        sent: calls.len(),
        acked_first,
        unknown_first,
        refused_first,
        accept_p99_ms: percentile_ms(&mut latencies, 99.0),
        quiet_after_s,
        notes,
        violations,
    })
}
