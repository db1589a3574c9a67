//! F11: services whose clocks step; F12: a database whose clock jumps. Wrong clocks are made by libfaketime, which
//! stands between a process and the system's time and leaves elapsed time alone.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use sqlx::PgPool;
use testkit::wait;

use super::{Found, Scale};
use crate::cluster::{Cluster, SERVICES};

#[cfg(test)]
mod tests;

/// Nothing may take longer.
const WITHIN: Duration = Duration::from_secs(180);
/// An alarm has to be up so long after the jump.
const HELD_WITHIN: Duration = Duration::from_secs(30);
/// How wrong clocks of services get, in seconds. Each service has each of them in turn, all at the same time, so that no two that
/// speak with one another agree.
const WRONG_BY_S: [i64; 4] = [3_600, -60, -3_600, 60];
const HOUR_AHEAD: &str = "+3600";
const RIGHT: &str = "+0";
/// The clock of a process that runs is looked at again every second.
const NOTICED_WITHIN: Duration = Duration::from_secs(10);
/// A due time may be late because processes were replaced. Later than this, a clock that was a minute wrong has counted.
const LATE_MAX_S: f64 = 30.0;
/// Services that fire something, and hold while the database's time is in doubt. Intake decides nothing by it; of the others nobody
/// asks for the time unless there is something to do.
const HOLDING: [&str; 3] = ["triage", "dispatch", "notification"];
/// Due times that must have passed under each wrong clock: otherwise nothing was tested.
const BREACHED_MIN: i64 = 20;

/// The library between a process and its clock.
fn library() -> Result<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").context("looking for libfaketime")?;
    let candidates = folders.flatten().map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    let found = candidates.into_iter().find(|path| path.exists());
    found.context("libfaketime is not there: ./dev chaos installs Debian's package faketime")
}

/// The environment of a process whose clock follows a file, looked at every second.
pub(super) fn by_file(file: &Path) -> Result<Vec<(&'static str, String)>> {
    Ok(vec![
        ("LD_PRELOAD", library()?.display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", file.display().to_string()),
        ("FAKETIME_CACHE_DURATION", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ("DONT_FAKE_MONOTONIC", "1".to_owned()),
    ])
}

/// How long the load of F11 lasts at least: due times pass under every clock.
pub(super) fn lasting() -> Duration {
    Duration::from_secs(30)
}

/// F11: clocks of services step while they run, an hour and a minute, ahead and behind: no effect on what is due in that
/// time, which is dispatch's stages and the first attempts of notification. Whatever else they wait for takes half an hour
/// and more.
pub(super) async fn of_services(cluster: &Cluster) -> Result<Found> {
    for name in SERVICES {
        let env = by_file(&cluster.set_service_clock(name, RIGHT)?)?;
        let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
        cluster.program(name).kill().await;
        cluster.start_service(name, &env).await?;
    }
    cluster.await_ready(&SERVICES, Duration::from_secs(30)).await?;
    let mut found = Found::default();
    let mut passed = Vec::new();
    for step in 0..WRONG_BY_S.len() {
        let wrong =
            SERVICES.iter().enumerate().map(|(n, name)| (*name, WRONG_BY_S[(n + step) % WRONG_BY_S.len()]));
        for (name, by_s) in wrong.clone() {
            cluster.set_service_clock(name, &format!("{by_s:+}"))?;
        }
        for (name, by_s) in wrong {
            is_wrong(cluster, name, by_s).await?;
        }
        passed.push(breached_more(cluster).await?.to_string());
    }
    let kept = [stages(&cluster.admin).await?, first_attempts(&cluster.admin).await?];
    ensure!(kept.iter().all(|of| of.fired > 0), "nothing was due: {kept:?}");
    found.violations.extend(kept.iter().flat_map(Kept::violations));
    found.notes.push(format!(
        "clocks of all {} services wrong by {WRONG_BY_S:?} s, each by each in turn while they ran; due times that passed under each \
         step: {}; {}",
        SERVICES.len(),
        passed.join(", "),
        kept.map(|of| of.told()).join("; ")
    ));
    Ok(found)
}

/// What was due, and how it was kept.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
struct Kept {
    what: String,
    fired: i64,
    early: i64,
    latest_s: f64,
}

impl Kept {
    fn violations(&self) -> Vec<String> {
        let Self { what, early, latest_s, .. } = self;
        let mut violations = Vec::new();
        if *early > 0 {
            violations.push(format!("F11: {early} {what} came early"));
        }
        if *latest_s > LATE_MAX_S {
            violations
                .push(format!("F11: one of the {what} came {latest_s:.1} s late: a wrong clock has counted"));
        }
        violations
    }

    fn told(&self) -> String {
        let Self { what, fired, early, latest_s } = self;
        format!("{fired} {what}, {early} early, the latest {latest_s:.1} s late")
    }
}

/// Due times of orders.
async fn stages(admin: &PgPool) -> Result<Kept> {
    let kept =
        "SELECT 'due times' AS what, count(*) AS fired, count(*) FILTER (WHERE verdict_at < due_at) AS early,
                    coalesce(max(extract(epoch FROM verdict_at - due_at)), 0)::float8 AS latest_s
                FROM dispatch.stages WHERE verdict = 'breached'";
    Ok(sqlx::query_as(kept).fetch_one(admin).await?)
}

/// A webhook is due as soon as it is there. When one is tried again depends on its receiver, which here answers well.
async fn first_attempts(admin: &PgPool) -> Result<Kept> {
    let kept = "SELECT 'first attempts' AS what, count(*) AS fired,
                    count(*) FILTER (WHERE a.started_at < d.created_at) AS early,
                    coalesce(max(extract(epoch FROM a.started_at - d.created_at)), 0)::float8 AS latest_s
                FROM notification.attempts a
                JOIN notification.deliveries d ON d.tenant_id = a.tenant_id AND d.id = a.delivery_id
                WHERE a.n = 1";
    Ok(sqlx::query_as(kept).fetch_one(admin).await?)
}

/// Waits until a service writes a time that is so wrong: otherwise nothing would be tested. The `Date` of its answers is no help: it is
/// kept until its second is over, which after a step back takes as long as the step.
async fn is_wrong(cluster: &Cluster, name: &str, by_s: i64) -> Result<()> {
    let url = format!("{}/{name}/v1/parked", cluster.url(name));
    let wrong = wait::until(NOTICED_WITHIN, async || {
        // A line of its log, at once.
        cluster.http().get(&url).bearer_auth("nobody").send().await.ok()?;
        let said = refused_at(&std::fs::read_to_string(cluster.program(name).log()).ok()?)?;
        // The database's is right.
        let right = sqlx::query_scalar::<_, i64>("SELECT extract(epoch FROM now())::bigint");
        let right = right.fetch_one(&cluster.admin).await.ok()?;
        ((said.as_second() - right - by_s).abs() <= 5).then_some(())
    });
    ensure!(wrong.await.is_some(), "the clock of {name} is not wrong by {by_s} s");
    Ok(())
}

/// When a token was refused last, as a log says it.
fn refused_at(log: &str) -> Option<Timestamp> {
    let line = log.lines().rfind(|line| line.contains("token refused"))?;
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    line["timestamp"].as_str()?.parse().ok()
}

/// F12: while the database is an hour ahead nothing is fired, and somebody is told within half a minute.
pub(super) async fn of_the_database(cluster: &Cluster, scale: &Scale) -> Result<Found> {
    let mut found = Found::default();
    let before = breached_more(cluster).await?;
    let jumped = Instant::now();
    cluster.set_database_clock(HOUR_AHEAD)?;
    let mut told = Vec::new();
    for name in HOLDING {
        let held = wait::until(WITHIN, async || (held(cluster, name).await == Some(true)).then_some(()));
        ensure!(held.await.is_some(), "{name} never noticed that the database was an hour ahead");
        let told_s = jumped.elapsed().as_secs_f64();
        told.push(format!("{name} {told_s:.1} s"));
        if jumped.elapsed() > HELD_WITHIN {
            found.violations.push(format!("F12: the alarm of {name} was up after {told_s:.1} s only"));
        }
    }
    let at_hold = breached(cluster).await?;
    // By the database's clock everything is long due; by everybody else's some of it is due now.
    tokio::time::sleep(scale.clock_wrong_for).await;
    let fired = breached(cluster).await? - at_hold;
    if fired != 0 {
        found.violations.push(format!("F12: {fired} due times fired while the time was in doubt"));
    }
    cluster.set_database_clock(RIGHT)?;
    let right = Instant::now();
    for name in HOLDING {
        let released = wait::until(WITHIN, async || (held(cluster, name).await == Some(false)).then_some(()));
        ensure!(released.await.is_some(), "{name} holds although the clock is right again");
    }
    let released_s = right.elapsed().as_secs_f64();
    let after = breached_more(cluster).await?;
    found.violations.extend(early(cluster).await?);
    found.notes.push(format!(
        "database an hour ahead for {:?}: alarm after {}, nothing fired; on again {released_s:.1} s after it was right; due times \
         passed before {before}, after {after}, none early",
        scale.clock_wrong_for,
        told.join(", ")
    ));
    Ok(found)
}

/// What a service tells whoever watches it.
async fn held(cluster: &Cluster, name: &str) -> Option<bool> {
    let answer = cluster.http().get(format!("{}/metrics", cluster.url(name))).send().await.ok()?;
    let text = answer.text().await.ok()?;
    let line = text.lines().find(|line| line.starts_with("database_clock_held"))?;
    line.rsplit(' ').next()?.parse::<f64>().ok().map(|held| held > 0.0)
}

/// Waits until some more due times have passed; returns how many.
async fn breached_more(cluster: &Cluster) -> Result<i64> {
    let before = breached(cluster).await?;
    let enough =
        wait::until(WITHIN, async || (breached(cluster).await.ok()? >= before + BREACHED_MIN).then_some(()));
    ensure!(enough.await.is_some(), "no due times pass");
    Ok(breached(cluster).await? - before)
}

async fn breached(cluster: &Cluster) -> Result<i64> {
    let counted = "SELECT count(*) FROM dispatch.stages WHERE verdict = 'breached'";
    Ok(sqlx::query_scalar(counted).fetch_one(&cluster.admin).await?)
}

async fn early(cluster: &Cluster) -> Result<Option<String>> {
    let early = stages(&cluster.admin).await?.early;
    Ok((early > 0).then(|| format!("{early} due times fired early")))
}
