//! F11: services whose clocks are wrong; F12: a database whose clock jumps. Wrong clocks are made by libfaketime, which
//! stands between a process and the system's time and leaves elapsed time alone.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use testkit::wait;

use super::{Found, Scale};
use crate::cluster::Cluster;

/// Nothing may take longer.
const WITHIN: Duration = Duration::from_secs(180);
/// An alarm has to be up so long after the jump.
const HELD_WITHIN: Duration = Duration::from_secs(30);
/// How wrong each service's clock is, in seconds; dispatch's is wrong the other way after half of the row.
const WRONG_BY_S: [(&str, &str); 5] = [
    ("intake", "+60"),
    ("triage", "-60"),
    ("dispatch", "+3600"),
    ("notification", "-3600"),
    ("console", "+3600"),
];
const BEHIND_S: &str = "-3600";
const HOUR_AHEAD: &str = "+3600";
const RIGHT: &str = "+0";
/// Due times that must have passed under each wrong clock: otherwise nothing was tested.
const BREACHED_MIN: i64 = 20;

/// The library between a process and its clock.
fn library() -> Result<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").context("looking for libfaketime")?;
    let candidates = folders.flatten().map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"));
    let found = candidates.into_iter().find(|path| path.exists());
    found.context("libfaketime is not there: ./dev chaos installs Debian's package faketime")
}

/// The environment of a process whose clock is wrong by so much.
fn wrong_by(seconds: &str) -> Result<Vec<(&'static str, String)>> {
    Ok(vec![
        ("LD_PRELOAD", library()?.display().to_string()),
        ("FAKETIME", seconds.to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ("DONT_FAKE_MONOTONIC", "1".to_owned()),
    ])
}

/// The environment of a database whose clock follows a file, looked at every second.
pub(super) fn by_file(file: &Path) -> Result<Vec<(&'static str, String)>> {
    Ok(vec![
        ("LD_PRELOAD", library()?.display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", file.display().to_string()),
        ("FAKETIME_CACHE_DURATION", "1".to_owned()),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1".to_owned()),
        ("DONT_FAKE_MONOTONIC", "1".to_owned()),
    ])
}

/// F11: no effect on timers, whoever's clock is wrong and by how much.
pub(super) async fn of_services(cluster: &Cluster) -> Result<Found> {
    for (name, seconds) in WRONG_BY_S {
        start_wrong(cluster, name, seconds).await?;
    }
    let names = WRONG_BY_S.map(|(name, _)| name);
    cluster.await_ready(&names, Duration::from_secs(30)).await?;
    let ahead = breached_more(cluster).await?;
    start_wrong(cluster, "dispatch", BEHIND_S).await?;
    cluster.await_ready(&["dispatch"], Duration::from_secs(30)).await?;
    let behind = breached_more(cluster).await?;
    let mut found = Found::default();
    found.violations.extend(early(cluster).await?);
    let clocks = WRONG_BY_S.map(|(name, seconds)| format!("{name} {seconds} s")).join(", ");
    found.notes.push(format!("clocks wrong: {clocks}, then dispatch {BEHIND_S} s"));
    found
        .notes
        .push(format!("due times passed while dispatch was ahead: {ahead}, behind: {behind}; none early"));
    found.notes.push(format!("latest {:.1} s after its due time", latest_s(cluster).await?));
    Ok(found)
}

async fn start_wrong(cluster: &Cluster, name: &str, seconds: &str) -> Result<()> {
    cluster.program(name).kill().await;
    let env = wrong_by(seconds)?;
    let env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
    cluster.start_service(name, &env).await
}

/// F12: while the database is an hour ahead nothing is fired, and somebody is told within half a minute.
pub(super) async fn of_the_database(cluster: &Cluster, scale: &Scale) -> Result<Found> {
    let mut found = Found::default();
    let before = breached_more(cluster).await?;
    let jumped = Instant::now();
    cluster.set_database_clock(HOUR_AHEAD)?;
    let held = wait::until(WITHIN, async || (held(cluster).await == Some(true)).then_some(()));
    ensure!(held.await.is_some(), "dispatch never noticed that the database was an hour ahead");
    let told_s = jumped.elapsed().as_secs_f64();
    if jumped.elapsed() > HELD_WITHIN {
        found.violations.push(format!("F12: the alarm was up after {told_s:.1} s only"));
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
    let released = wait::until(WITHIN, async || (held_no_more(cluster).await).then_some(()));
    ensure!(released.await.is_some(), "dispatch holds although the clock is right again");
    let released_s = right.elapsed().as_secs_f64();
    let after = breached_more(cluster).await?;
    found.violations.extend(early(cluster).await?);
    found.notes.push(format!(
        "database an hour ahead for {:?}: alarm after {told_s:.1} s, nothing fired; on again {released_s:.1} s after it \
         was right; due times passed before {before}, after {after}, none early",
        scale.clock_wrong_for
    ));
    Ok(found)
}

async fn held_no_more(cluster: &Cluster) -> bool {
    held(cluster).await == Some(false)
}

/// What dispatch tells whoever watches it.
async fn held(cluster: &Cluster) -> Option<bool> {
    let answer = cluster.http().get(format!("{}/metrics", cluster.url("dispatch"))).send().await.ok()?;
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
    let early = "SELECT count(*) FROM dispatch.stages WHERE verdict = 'breached' AND verdict_at < due_at";
    let early: i64 = sqlx::query_scalar(early).fetch_one(&cluster.admin).await?;
    Ok((early > 0).then(|| format!("{early} due times fired early")))
}

async fn latest_s(cluster: &Cluster) -> Result<f64> {
    let latest = "SELECT coalesce(max(extract(epoch FROM verdict_at - due_at)), 0)::float8
                  FROM dispatch.stages WHERE verdict = 'breached'";
    Ok(sqlx::query_scalar(latest).fetch_one(&cluster.admin).await?)
}
