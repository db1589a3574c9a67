//! The checker: what must hold once all faults are healed and everything is quiet.
//!
//! One predicate per invariant of `docs/invariants.md`. It reads everything as a superuser and believes nobody:
//! ids are derived again, chains recomputed, signatures verified. `tests/flow` proves that it flags mutants.

mod breaches;
mod chains;
mod readmodel;
mod rows;
mod webhooks;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use sqlx::PgPool;
use testkit::wait;

use crate::cluster::{Cluster, SERVICES};
use crate::load::{self, Call, Outcome};

/// One thing that must not be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// `I1` … `I17`.
    pub invariant: &'static str,
    /// What was found; ids only.
    pub found: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.invariant, self.found)
    }
}

/// Services that keep a journal and seal it.
const PUBLISHERS: [&str; 5] = ["intake", "triage", "dispatch", "notification", "directory"];

/// Waits until nothing moves any more; `Err` names what is still moving.
pub async fn quiet(cluster: &Cluster, within: Duration) -> Result<(), String> {
    quiet_but(cluster, &[], within).await
}

/// The same while the console is down: what waits for it does not count.
pub async fn quiet_without_console(cluster: &Cluster, within: Duration) -> Result<(), String> {
    quiet_but(cluster, &rows::OF_CONSOLE, within).await
}

async fn quiet_but(cluster: &Cluster, leaving_out: &[&str], within: Duration) -> Result<(), String> {
    let mut moving = String::new();
    let still = wait::until(within, async || {
        moving = rows::moving(&cluster.admin, leaving_out).await.ok()?;
        moving.is_empty().then_some(())
    });
    match still.await {
        Some(()) => Ok(()),
        None => {
            let groups =
                rows::deliveries_under_way(&cluster.admin).await.unwrap_or_else(|error| error.to_string());
            Err(format!("{moving} ({groups})"))
        }
    }
}

/// Every violation found. `calls` is the whole history of the load, settled (see [`load::settle`]).
pub async fn check(cluster: &Arc<Cluster>, calls: &[Call]) -> Result<Vec<Violation>> {
    let mut found = check_database(&cluster.admin, calls).await?;
    found.extend(webhooks::check(cluster)?);
    found.extend(canaries_outside(cluster)?);
    found.extend(replays(cluster, calls).await);
    found.sort();
    Ok(found)
}

/// The part of [`check`] that reads databases only: also used on mutated copies.
pub async fn check_database(admin: &PgPool, calls: &[Call]) -> Result<Vec<Violation>> {
    let mut found = Vec::new();
    rows::history(admin, calls).await?;
    found.extend(rows::check(admin).await?);
    found.extend(breaches::check(admin).await?);
    for service in PUBLISHERS {
        found.extend(chains::check(admin, service).await?);
    }
    found.extend(canaries_in_tables(admin).await?);
    found.sort();
    Ok(found)
}

/// I10: the canary is in no row of any table, readable or as bytes.
async fn canaries_in_tables(admin: &PgPool) -> Result<Vec<Violation>> {
    let mut found = Vec::new();
    for table in rows::tables(admin, &SERVICES).await? {
        let hits = rows::rows_with(admin, &table, load::CANARY).await?;
        if hits > 0 {
            found.push(Violation {
                invariant: "I10",
                found: format!("{hits} rows of {table} hold a contact"),
            });
        }
    }
    Ok(found)
}

/// I10: nor in a log line or a webhook.
fn canaries_outside(cluster: &Cluster) -> Result<Vec<Violation>> {
    let mut found = Vec::new();
    let lines = cluster.logs()?.lines().filter(|line| line.contains(load::CANARY)).count();
    if lines > 0 {
        found.push(Violation { invariant: "I10", found: format!("{lines} log lines hold a contact") });
    }
    for received in cluster.sink.received() {
        if String::from_utf8_lossy(&received.body).contains(load::CANARY) {
            let delivery = format!("delivery {} holds a contact", received.webhook_id());
            found.push(Violation { invariant: "I10", found: delivery });
        }
    }
    Ok(found)
}

/// I16: asked again with the same key and body, the answer is the same to the byte.
async fn replays(cluster: &Arc<Cluster>, calls: &[Call]) -> Vec<Violation> {
    const SAMPLE: usize = 100;
    let acked = calls.iter().filter(|call| matches!(call.outcome, Outcome::Acked { .. }));
    let step = (calls.len() / SAMPLE).max(1);
    let mut found = Vec::new();
    for call in acked.step_by(step) {
        let again = load::send(cluster, call).await;
        if again != call.outcome {
            found.push(Violation {
                invariant: "I16",
                found: format!("report {} answered otherwise", call.report_id),
            });
        }
    }
    found
}
