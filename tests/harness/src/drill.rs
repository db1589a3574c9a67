//! The restore drill: a district under load is dumped as its backup job does it, goes on, is destroyed, and is restored as
//! docs/operations/restore.md says. Then every invariant must hold, and it must arrive where it would have arrived.
//!
//! What a dump and a broker disagree about is made on purpose ([`life`]): events published before the dump that triage and
//! notification had not applied by then, and applied afterwards, so that the effect is gone and the broker has
//! nothing left; and events that the console never applied, which are lost with the streams.

mod life;
mod restore;
mod state;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use futures_util::future::LocalBoxFuture;
use serde::Serialize;
use uuid::Uuid;

use crate::cluster::{Cluster, SERVICES};
use crate::invariants;
use crate::load::{self, Call, Outcome};

/// How long and how hard.
#[derive(Debug, Clone, Copy)]
pub struct Scale {
    /// Streets.
    pub streets: usize,
    /// Reports per second.
    pub per_s: u32,
    /// Load before the faults begin; as long again follows the dump.
    pub before: Duration,
    /// Events that triage and notification lack at the dump, at the least.
    pub lacking_min: i64,
}

impl Scale {
    /// What `./dev test` can afford.
    pub fn short() -> Self {
        Self { streets: 3, per_s: 30, before: Duration::from_secs(4), lacking_min: 20 }
    }

    /// Two minutes of a large district's busy hour.
    pub fn full() -> Self {
        Self { streets: 20, per_s: 100, before: Duration::from_secs(60), lacking_min: 500 }
    }
}

/// What the drill did and found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// The same seed is the same load.
    pub seed: u64,
    /// Seconds of each step, in their order.
    pub seconds: BTreeMap<&'static str, f64>,
    /// Reports acknowledged before the end of the first life.
    pub acknowledged: usize,
    /// Of them, in the dump.
    pub in_the_dump: usize,
    /// Of them, accepted after the dump's instant: gone, and sent again by their clients.
    pub gone_with_the_instant: usize,
    /// Size of the dump.
    pub dump_bytes: u64,
    /// What a report added to the database in the first life, everything it led to and all indexes included.
    pub bytes_a_report: i64,
    /// Events of the restored journals that a reader of them had not applied, by edge.
    pub lacking_after_the_restore: BTreeMap<&'static str, i64>,
    /// What `streetwise refill` printed.
    pub refilled: Vec<String>,
    /// Rows that were in the dump, of tables that are only added to.
    pub rows_of_the_record: i64,
    /// By service: the record at the dump, equal in both lives.
    pub record_sha256: BTreeMap<&'static str, String>,
    /// By service: where the reports of the dump led to, equal in both lives.
    pub outcome_sha256: BTreeMap<&'static str, String>,
    /// Must be empty.
    pub violations: Vec<String>,
}

/// Plays the drill on a fresh cluster.
///
/// Boxed: a future is compiled where it is awaited, and this one is large.
pub fn play(seed: u64, scale: Scale) -> LocalBoxFuture<'static, Result<Report>> {
    Box::pin(played(seed, scale))
}

async fn played(seed: u64, scale: Scale) -> Result<Report> {
    let mut seconds = Seconds::default();
    let cluster = Arc::new(Cluster::start(scale.streets).await?);
    let first = life::lead(&cluster, seed, scale, &mut seconds).await?;
    restore::destroy(&cluster).await?;

    restore::database(&cluster, &first.dump, &mut seconds).await?;
    let restored = state::record(&cluster.admin).await?;
    let lacking = life::lacking(&cluster.admin).await?;
    let refilled = restore::streams(&cluster, &mut seconds).await?;
    restore::services(&cluster, &mut seconds).await?;

    let began = Instant::now();
    let mut violations = Vec::new();
    if let Err(moving) = invariants::quiet(&cluster, Duration::from_secs(120)).await {
        violations.push(format!("not quiet two minutes after the restore: {moving}"));
    }
    seconds.note("7 drain", began);
    let reports = reports(&cluster).await?;
    let outcome = state::outcome(&cluster.admin).await?;
    let record = state::record(&cluster.admin).await?;
    violations.extend(compared(&first, &restored, &record, &outcome, &reports));
    for (edge, events) in &lacking {
        if *events == 0 {
            violations.push(format!("nothing was missing on {edge}: nothing was tested"));
        }
    }

    let (kept, gone) = split(first.calls, &reports);
    violations.extend(found(&cluster, &kept).await?);
    let again = send_again(&cluster, &gone, &mut violations).await?;
    let all: Vec<Call> = kept.into_iter().chain(again).collect();
    if let Err(moving) = invariants::quiet(&cluster, Duration::from_secs(120)).await {
        violations.push(format!("not quiet after what was gone had been sent again: {moving}"));
    }
    violations.extend(found(&cluster, &all).await?);
    if !violations.is_empty() {
        let folder = format!(".run/restore-drill/{seed}");
        cluster.keep_logs(Path::new(&folder))?;
        eprintln!("logs are kept in {folder}");
    }
    Ok(Report {
        seed,
        seconds: seconds.0,
        acknowledged: all.len(),
        in_the_dump: reports.len(),
        gone_with_the_instant: gone.len(),
        dump_bytes: std::fs::metadata(&first.dump)?.len(),
        bytes_a_report: first.bytes_a_report,
        lacking_after_the_restore: lacking,
        refilled,
        rows_of_the_record: restored.values().flat_map(BTreeMap::values).sum(),
        record_sha256: state::hash_record(&restored, &record),
        outcome_sha256: state::hash_outcome(&outcome, &reports),
        violations,
    })
}

/// How long each step took.
#[derive(Debug, Default)]
struct Seconds(BTreeMap<&'static str, f64>);

impl Seconds {
    fn note(&mut self, step: &'static str, began: Instant) {
        let took = (began.elapsed().as_secs_f64() * 10.0).round() / 10.0;
        eprintln!("  {step}: {took} s");
        self.0.insert(step, took);
    }
}

/// The reports on the record.
async fn reports(cluster: &Cluster) -> Result<BTreeSet<Uuid>> {
    let ids: Vec<Uuid> =
        sqlx::query_scalar("SELECT report_id FROM intake.reports").fetch_all(&cluster.admin).await?;
    Ok(ids.into_iter().collect())
}

/// Both kinds of hashes, and what differs where they do.
fn compared(
    first: &life::First,
    restored: &state::Record,
    after: &state::Record,
    outcome: &state::Outcome,
    reports: &BTreeSet<Uuid>,
) -> Vec<String> {
    let mut found = Vec::new();
    let dumped = state::hash_record(restored, restored);
    for (life, record) in [("before the destruction", &first.record), ("after the drain", after)] {
        if dumped != state::hash_record(restored, record) {
            found.push(format!("the record {life} lacks {:?}", state::lost(restored, record)));
        }
    }
    if state::hash_outcome(&first.outcome, reports) != state::hash_outcome(outcome, reports) {
        found.extend(state::differences(&first.outcome, outcome, reports));
    }
    if reports.is_empty() || outcome.len() != first.outcome.len() {
        found.push("nothing was in the dump: nothing was tested".to_owned());
    }
    found
}

/// Calls whose report was in the dump, and those whose report is gone.
fn split(calls: Vec<Call>, reports: &BTreeSet<Uuid>) -> (Vec<Call>, Vec<Call>) {
    calls.into_iter().partition(|call| reports.contains(&call.report_id.as_uuid()))
}

async fn found(cluster: &Arc<Cluster>, calls: &[Call]) -> Result<Vec<String>> {
    Ok(invariants::check(cluster, calls).await?.iter().map(ToString::to_string).collect())
}

/// Clients whose reports are gone send them again: accepted anew, under the same id and tracking code.
async fn send_again(
    cluster: &Arc<Cluster>,
    gone: &[Call],
    violations: &mut Vec<String>,
) -> Result<Vec<Call>> {
    let mut again = gone.to_vec();
    again.iter_mut().for_each(|call| call.outcome = Outcome::Unknown);
    let open = load::settle(cluster, &mut again, Duration::from_secs(60)).await;
    if open > 0 {
        bail!("{open} reports were not accepted again");
    }
    let promised = |call: &Call| match &call.outcome {
        Outcome::Acked { answer } => {
            Some((answer.get("report_id").cloned(), answer.get("tracking_code").cloned()))
        }
        _ => None,
    };
    let otherwise = gone.iter().zip(&again).filter(|(was, is)| promised(was) != promised(is)).count();
    if otherwise > 0 {
        violations.push(format!("{otherwise} reports have another tracking code than was promised"));
    }
    Ok(again)
}

/// Runs a program to its end and returns what it printed.
async fn ran(program: &Path, arguments: &[&str], env: &[(&str, &str)]) -> Result<String> {
    let mut command = tokio::process::Command::new(program);
    command.args(arguments).envs(env.iter().copied());
    let name = program.display();
    let output = command.output().await.with_context(|| format!("running {name}"))?;
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        bail!(
            "{name} {arguments:?} ended with {}: {said}{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(said)
}

/// Every role that the installation's database needs, owners included.
fn roles() -> Vec<String> {
    SERVICES
        .iter()
        .flat_map(|name| [format!("{name}_relay"), format!("{name}_owner"), (*name).to_owned()])
        .collect()
}
