//! The first life: load, a dump in the middle of it, and readers that lag at that instant.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use sqlx::PgPool;
use testkit::wait;

use super::state::{self, Outcome, Record};
use super::{Scale, Seconds, ran};
use crate::cluster::Cluster;
use crate::invariants;
use crate::load::{self, Call, Plan};

/// What the first life leaves behind.
pub(super) struct First {
    /// The dump, outside of what is destroyed.
    pub dump: PathBuf,
    /// Every call, all acknowledged.
    pub calls: Vec<Call>,
    /// At its end.
    pub record: Record,
    /// What a report added to the database, everything it led to and all indexes included.
    pub bytes_a_report: i64,
    /// At its end, everything drained; of all its reports, those after the dump too.
    pub outcome: Outcome,
}

/// As `k8s/infrastructure/cloudnativepg/cluster.yaml` makes it.
const BACKUP_ROLE: &str = "CREATE ROLE backup LOGIN BYPASSRLS; GRANT pg_read_all_data TO backup";

pub(super) async fn lead(
    cluster: &Arc<Cluster>,
    seed: u64,
    scale: Scale,
    seconds: &mut Seconds,
) -> Result<First> {
    sqlx::raw_sql(BACKUP_ROLE).execute(&cluster.admin).await?;
    let size_before = size(cluster).await?;
    // Until the dump is there and as long again: what is over is not sent.
    let plan = Plan { per_s: scale.per_s, lasting: scale.before * 3, seed, in_flight_max: 512 };
    let began = Instant::now();
    let loading = tokio::spawn({
        let (cluster, plan) = (cluster.clone(), plan.clone());
        async move { load::run(&cluster, &plan).await }
    });
    tokio::time::sleep(scale.before).await;
    // Nothing it had not applied by now is ever applied: lost with the broker.
    cluster.program("console").kill().await;
    fall_behind(cluster, "notification", "dispatch → notification", scale).await?;
    fall_behind(cluster, "triage", "intake → triage", scale).await?;

    let dumping = Instant::now();
    let dump = dump(cluster).await?;
    seconds.note("1 dump under load", dumping);
    // What they lacked at the dump they apply now: acknowledged at the broker, and not in the dump.
    cluster.start_service("triage", &[]).await?;
    cluster.start_service("notification", &[]).await?;
    let mut calls = loading.await?;
    let open = load::settle(cluster, &mut calls, Duration::from_secs(60)).await;
    if open > 0 {
        bail!("{open} reports were not acknowledged in the first life");
    }
    let quiet = invariants::quiet_without_console(cluster, Duration::from_secs(120)).await;
    quiet.map_err(|moving| anyhow!("the first life does not become quiet: {moving}"))?;
    seconds.note("0 first life", began);
    let record = state::record(&cluster.admin).await?;
    let outcome = state::outcome_by_owners(&cluster.admin).await?;
    let bytes_a_report = (size(cluster).await? - size_before) / calls.len() as i64;
    Ok(First { dump, calls, record, bytes_a_report, outcome })
}

async fn size(cluster: &Cluster) -> Result<i64> {
    let size = "SELECT pg_database_size(current_database())";
    Ok(sqlx::query_scalar(size).fetch_one(&cluster.admin).await?)
}

/// Kills a reader and waits until enough is published that it has not applied.
async fn fall_behind(cluster: &Cluster, service: &str, edge: &str, scale: Scale) -> Result<()> {
    cluster.program(service).kill().await;
    let behind = wait::until(Duration::from_secs(60), async || {
        (lacking(&cluster.admin).await.ok()?[edge] >= scale.lacking_min).then_some(())
    });
    behind.await.with_context(|| format!("{service} does not fall behind"))
}

/// Events that were published and that a reader of them has not applied, by edge.
pub(super) async fn lacking(admin: &PgPool) -> Result<BTreeMap<&'static str, i64>> {
    const QUERIES: [(&str, &str); 3] = [
        (
            "intake → triage",
            "SELECT count(*) FROM intake.journal j
             WHERE NOT EXISTS (SELECT FROM intake.outbox_pending p WHERE p.journal_id = j.id)
                 AND NOT EXISTS (SELECT FROM triage.inbox i WHERE i.message_id = j.id)",
        ),
        (
            "dispatch → notification",
            "SELECT count(*) FROM dispatch.journal j WHERE event_type = 'dispatch.order.dispatched'
                 AND NOT EXISTS (SELECT FROM dispatch.outbox_pending p WHERE p.journal_id = j.id)
                 AND NOT EXISTS (SELECT FROM notification.inbox i WHERE i.message_id = j.id)",
        ),
        (
            "all → console",
            "SELECT count(*) FROM (SELECT id FROM intake.journal UNION ALL SELECT id FROM triage.journal
                 UNION ALL SELECT id FROM dispatch.journal UNION ALL SELECT id FROM notification.journal) j
             WHERE NOT EXISTS (SELECT FROM console.inbox i WHERE i.message_id = j.id)",
        ),
    ];
    let mut lacking = BTreeMap::new();
    for (edge, query) in QUERIES {
        lacking.insert(edge, sqlx::query_scalar(query).fetch_one(admin).await?);
    }
    Ok(lacking)
}

/// A dump by the script of the backup job and as its role.
async fn dump(cluster: &Cluster) -> Result<PathBuf> {
    let folder = cluster.folder.path().join("backups");
    std::fs::create_dir(&folder)?;
    let script = cluster.folder.path().join("postgres.sh");
    std::fs::write(&script, job_script()?)?;
    let arguments = [&script, &folder].map(|path| path.display().to_string());
    let url = cluster.url_for("backup");
    ran("sh".as_ref(), &[&arguments[0], &arguments[1]], &[("BACKUP_DATABASE_URL", &url)]).await?;
    let mut files = std::fs::read_dir(&folder)?;
    let file = files.next().context("the job left no dump")??.path();
    if file.extension().is_none_or(|extension| extension != "dump") || files.next().is_some() {
        bail!("the job left something else than one dump");
    }
    Ok(file)
}

/// The block `postgres.sh` of `k8s/base/backup.yaml`.
fn job_script() -> Result<String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../k8s/base/backup.yaml");
    let text = std::fs::read_to_string(path)?;
    let (_, block) = text.split_once("  postgres.sh: |\n").context("the backup job has no script")?;
    let lines = block.lines().take_while(|line| line.starts_with("    "));
    Ok(lines.map(|line| format!("{}\n", &line[4..])).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_is_the_jobs() {
        let script = job_script().expect("there");
        assert!(script.starts_with("set -eu\n") && script.contains("\npg_dump --format=custom "), "{script}");
        assert!(script.ends_with("-delete\n"), "{script}");
    }
}
