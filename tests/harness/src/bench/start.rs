//! Starting, idling, ending: how long each service takes to be ready and to end, and what it holds while idle.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use super::wire::Connection;
use super::world::World;
use super::{Knobs, procs};
use crate::cluster::SERVICES;

/// Idle this long before memory is read.
const IDLE: Duration = Duration::from_secs(10);
/// How often each service is ended and started.
const TURNS: usize = 3;
/// The longest a service may take to end or to be ready.
const WITHIN: Duration = Duration::from_secs(30);
/// How closely both are watched.
const TICK: Duration = Duration::from_millis(1);

/// Runs it.
pub async fn run(knobs: &Knobs) -> Result<Value> {
    let world = World::start(knobs.streets.unwrap_or(20)).await?;
    let mut sheet = world.limits().await?;
    eprintln!("idle for {} s", IDLE.as_secs());
    tokio::time::sleep(IDLE).await;
    let memory = procs::services_rss_mib(false);
    sheet.put("idle_rss_mib_max", memory.values().copied().fold(0.0, f64::max));
    for (service, mib) in memory {
        sheet.put(format!("{service}_idle_rss_mib"), mib);
    }
    let (mut ready, mut exit): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    for service in SERVICES {
        let (mut readies, mut exits) = (Vec::new(), Vec::new());
        for _ in 0..TURNS {
            exits.push(ended_ms(&world, service).await?);
            readies.push(ready_ms(&world, service).await?);
        }
        eprintln!("  {service}: ready after {readies:.0?} ms, ended after {exits:.0?} ms");
        sheet.put(format!("{service}_ready_ms"), median(&mut readies));
        sheet.put(format!("{service}_exit_ms"), median(&mut exits));
        ready.extend(readies);
        exit.extend(exits);
    }
    sheet.put("ready_ms_max", ready.into_iter().fold(0.0, f64::max));
    sheet.put("exit_ms_max", exit.into_iter().fold(0.0, f64::max));
    Ok(sheet.finish(format!(
        "six service processes with {} streets on the record and no load; resident memory after {} s of idling; then \
         each service {TURNS} times: from SIGTERM to the end of the process, from its start to the first 2xx of \
         /readyz (asked every millisecond), the others running; medians per service, and the worst of all turns. \
         The limits say how busy the machine was",
        world.cluster.streets,
        IDLE.as_secs()
    )))
}

/// From SIGTERM to the end of the process, in milliseconds.
async fn ended_ms(world: &World, service: &str) -> Result<f64> {
    let process = Pid::from_raw(procs::process_of(service)? as i32).context("a process id is positive")?;
    let program = world.cluster.program(service);
    let asked = Instant::now();
    kill_process(process, Signal::TERM)?;
    while program.alive() {
        if asked.elapsed() > WITHIN {
            bail!("{service} runs on {} s after SIGTERM; {}", WITHIN.as_secs(), world.last_words(service));
        }
        tokio::time::sleep(TICK).await;
    }
    Ok(milliseconds(asked.elapsed()))
}

/// Ends a service, starts it again and answers how long it took to be ready, in milliseconds.
pub(super) async fn again_ms(world: &World, service: &str) -> Result<f64> {
    ended_ms(world, service).await?;
    ready_ms(world, service).await
}

/// From the start of the process to its first ready answer, in milliseconds.
async fn ready_ms(world: &World, service: &str) -> Result<f64> {
    let authority = world.cluster.url(service).trim_start_matches("http://");
    let request = format!("GET /readyz HTTP/1.1\r\nhost: {authority}\r\n\r\n");
    let mut connection = Connection::new(authority);
    let started = Instant::now();
    world.cluster.start_service(service, &[]).await?;
    while connection.exchange(request.as_bytes()).await.is_none_or(|status| status >= 300) {
        if started.elapsed() > WITHIN {
            bail!("{service} is not ready after {} s; {}", WITHIN.as_secs(), world.last_words(service));
        }
        tokio::time::sleep(TICK).await;
    }
    Ok(milliseconds(started.elapsed()))
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// The middle one; 0 for none.
fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one() {
        assert_eq!(median(&mut [30.0, 10.0, 20.0]), 20.0);
        assert_eq!(median(&mut []), 0.0);
    }
}
