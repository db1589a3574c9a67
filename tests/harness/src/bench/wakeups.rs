//! Wake-ups by themselves: arming, punctuality, a cliff, cancelling, a runner that is killed; a plain poller beside.
//!
//! What is woken writes one durable mark and needs no further look, so what is measured is the engine of crate
//! `wakeups`: claim, mark, disarm, commit. Orders decide more on their way.

mod engine;
mod poller;
pub mod runner;

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use serde_json::Value;
use testkit::wait;

use super::Knobs;
use super::limits;
use super::procs;
use super::sheet::Sheet;
use crate::measure::percentile_ms;
use engine::{Engine, Spread};
use runner::Child;

/// Wake-ups armed far ahead, while everything else goes on among them.
const ARMED: usize = 1_000_000;
/// A million within a minute.
const DUE_PER_S: usize = 16_700;
/// Due at once.
const CLIFF: usize = 200_000;
/// Nothing may take longer.
const WITHIN: Duration = Duration::from_secs(180);

/// Runs it.
pub async fn run(knobs: &Knobs) -> Result<Value> {
    let (armed, lasting) = (knobs.rows.unwrap_or(ARMED), knobs.lasting(20));
    let engine = Engine::start().await?;
    let mut sheet = Sheet::default();
    eprintln!("measuring the machine's own limit");
    let limit = limits::batched_rows_per_s(&engine.admin_url()).await?;
    sheet.put("limit_pg_batched_rows_per_s", limit.round());
    poll(&engine, &mut sheet, lasting / 2).await?;
    arm(&engine, &mut sheet, armed).await?;
    start(&engine, &mut sheet).await?;
    punctual(&engine, &mut sheet, lasting).await?;
    cliff(&engine, &mut sheet).await?;
    take_over(&engine, &mut sheet).await?;
    cancel(&engine, &mut sheet, armed / 5).await?;
    let verdict = engine.verdict().await?;
    sheet.put("early", verdict.early as f64);
    sheet.put("missed", verdict.missed as f64);
    sheet.put("doubled", verdict.doubled as f64);
    ensure!(
        verdict.sound(),
        "{verdict:?}: a wake-up was early, lost or fired twice; look into the tests of wakeups/tests/it"
    );
    Ok(sheet.finish(method(armed, lasting)))
}

fn method(armed: usize, lasting: Duration) -> String {
    format!(
        "crate wakeups on a Postgres that syncs, 1,000 streets; woken, a subject gets one durable mark and is disarmed. \
         armed: {armed} wake-ups an hour ahead, 1,000 a transaction, two clients; they stay for all that follows. \
         bytes_per_timer: how much more memory an idle runner's process has for them. first_fire_s: from the start of a runner to the \
         commit of one that is due. lag: {DUE_PER_S} due a second, evenly, for {} s, from the due time to the return of the commit \
         that marks it; this and the poller begin with a checkpoint, so that files of the log are used again as on a server that \
         has run for a while. cliff: {CLIFF} due at once, from the runner's start to the last commit. takeover_s: two processes, \
         1,000 due a second, one killed: the longest lag after that. cancel: 1,000 keys a transaction, two clients. poller: \
         one loop that takes up to 1,000 due rows FOR UPDATE SKIP LOCKED, marks and deletes them, and sleeps 50 ms when it \
         finds none, at the same rate for half the time. early, missed and doubled are counted in the marks. One runner, in this \
         process.",
        lasting.as_secs()
    )
}

async fn poll(engine: &Engine, sheet: &mut Sheet, lasting: Duration) -> Result<()> {
    eprintln!("a plain poller, {DUE_PER_S} due a second for {} s", lasting.as_secs());
    let mut lags = poller::run(&engine.admin, DUE_PER_S, lasting).await?;
    sheet.put("poller_lag_p50_ms", percentile_ms(&mut lags, 50.0));
    sheet.put("poller_lag_p99_ms", percentile_ms(&mut lags, 99.0));
    Ok(())
}

async fn arm(engine: &Engine, sheet: &mut Sheet, armed: usize) -> Result<()> {
    let idle = Child::start(engine)?;
    let before = idle.rss_bytes(WITHIN).await?;
    drop(idle);
    eprintln!("arming {armed}");
    let started = Instant::now();
    engine.arm(armed, Spread::FarAhead).await?;
    sheet.put("armed", armed as f64);
    sheet.put("arm_per_s", armed as f64 / started.elapsed().as_secs_f64());
    let idle = Child::start(engine)?;
    let after = idle.rss_bytes(WITHIN).await?;
    sheet.put("bytes_per_timer", after.saturating_sub(before) as f64 / armed as f64);
    Ok(())
}

async fn start(engine: &Engine, sheet: &mut Sheet) -> Result<()> {
    engine.arm(1, Spread::Now).await?;
    let started = Instant::now();
    let bell = engine.run().await?;
    let rung = wait::until(WITHIN, async || (bell.rung() >= 1).then_some(())).await;
    ensure!(rung.is_some(), "the first did not fire");
    sheet.put("first_fire_s", started.elapsed().as_secs_f64());
    bell.stop().await
}

async fn punctual(engine: &Engine, sheet: &mut Sheet, lasting: Duration) -> Result<()> {
    let due = DUE_PER_S * lasting.as_secs() as usize;
    eprintln!("{DUE_PER_S} due a second for {} s", lasting.as_secs());
    // As on a server that has run for a while: files of its log are there to be written anew. To make one takes 20 to 110 ms, every
    // five seconds at this rate. Before arming, which is what time counts from.
    sqlx::raw_sql("CHECKPOINT").execute(&engine.admin).await?;
    // As much ahead as arming takes, and a little.
    engine.arm(due, Spread::Over { ahead: Duration::from_secs(4 + due as u64 / 60_000), lasting }).await?;
    let cpu = procs::cpu();
    let bell = engine.run().await?;
    let all = wait::until(WITHIN + lasting, async || (bell.rung() >= due).then_some(())).await;
    ensure!(all.is_some(), "{} of {due} fired", bell.rung());
    let mut lags = bell.lags();
    for (key, per_cent) in [("lag_p50_ms", 50.0), ("lag_p99_ms", 99.0), ("lag_max_ms", 100.0)] {
        sheet.put(key, percentile_ms(&mut lags, per_cent));
    }
    let spent = procs::spent_ms(&cpu, &procs::cpu());
    let of = |part: &str| spent.get(part).copied().unwrap_or_default() * 1_000.0 / due as f64;
    sheet.put("cpu_driver_us", of("driver"));
    sheet.put("cpu_postgres_us", of("postgres"));
    bell.stop().await
}

async fn cliff(engine: &Engine, sheet: &mut Sheet) -> Result<()> {
    eprintln!("{CLIFF} due at once");
    engine.arm(CLIFF, Spread::Now).await?;
    let started = Instant::now();
    let bell = engine.run().await?;
    let all = wait::until(WITHIN, async || (bell.rung() >= CLIFF).then_some(())).await;
    ensure!(all.is_some(), "{} of {CLIFF} fired", bell.rung());
    sheet.put("cliff_per_s", CLIFF as f64 / started.elapsed().as_secs_f64());
    bell.stop().await
}

async fn take_over(engine: &Engine, sheet: &mut Sheet) -> Result<()> {
    eprintln!("two processes, one is killed");
    let lasting = Duration::from_secs(8);
    let due = 1_000 * lasting.as_secs() as usize;
    let child = Child::start(engine)?;
    child.rss_bytes(WITHIN).await?;
    let before = engine.marked().await?;
    engine.arm(due, Spread::Over { ahead: Duration::from_secs(2), lasting }).await?;
    let bell = engine.run().await?;
    let half = wait::until(WITHIN, async || {
        let marked = engine.marked().await.unwrap_or_default();
        (marked >= before + due as u64 / 2).then_some(())
    });
    ensure!(half.await.is_some(), "half of them did not fire");
    drop(child);
    let killed = bell.now();
    let all = wait::until(WITHIN, async || {
        let marked = engine.marked().await.unwrap_or_default();
        (marked >= before + due as u64).then_some(())
    });
    ensure!(all.await.is_some(), "not all fired after one runner was killed");
    let longest = bell.longest_since(killed);
    sheet.put("takeover_s", longest.as_secs_f64());
    bell.stop().await
}

async fn cancel(engine: &Engine, sheet: &mut Sheet, count: usize) -> Result<()> {
    eprintln!("cancelling {count}");
    let started = Instant::now();
    let cancelled = engine.cancel(count).await?;
    sheet.put("cancel_per_s", cancelled as f64 / started.elapsed().as_secs_f64());
    Ok(())
}
