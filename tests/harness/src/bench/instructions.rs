//! How many instructions each service spends on a report: the one figure that a busy machine does not change.
//!
//! The services run under callgrind, twice, for the same time with few and with many reports; the difference is the
//! reports' own. What a process does anyway (start, polls, keep-alives, end) is in both and falls out.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use testkit::wait;

use super::Knobs;
use super::procs;
use super::reports::{self, Shape};
use super::sheet::Sheet;
use super::step::step;
use super::world::World;
use crate::cluster::SERVICES;

/// Counts, and writes no profile.
const UNDER: &[&str] = &["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null"];
/// The name of a process under it begins so.
const NAME: &str = "callgrind";
/// What it says at its end.
const TOTAL: &str = "Collected : ";
/// How much slower everything is by it.
const PATIENCE: u32 = 20;
/// Reports a second of the two runs; both far below what the services do under callgrind.
const FEW_PER_S: f64 = 0.5;
const MANY_PER_S: f64 = 4.0;
/// How long the services may take to end.
const ENDED_WITHIN: Duration = Duration::from_secs(120);

/// Instructions of each service, and of how many reports.
struct Counted {
    instructions: BTreeMap<&'static str, u64>,
    reports: u64,
}

/// Runs it.
pub async fn run(knobs: &Knobs) -> Result<Value> {
    let mut sheet = Sheet::default();
    for (prefix, shape) in [("", reports::SMALLEST), ("fanout_", reports::FANOUT)] {
        let few = counted(knobs, shape, FEW_PER_S).await?;
        let many = counted(knobs, shape, MANY_PER_S).await?;
        let mut all = 0.0;
        for (service, instructions) in &many.instructions {
            let more = instructions.saturating_sub(few.instructions[service]);
            let each = more as f64 / (many.reports - few.reports) as f64;
            sheet.put(format!("{prefix}{service}_instructions_per_report"), each);
            all += each;
        }
        sheet.put(format!("{prefix}instructions_per_report"), all);
    }
    Ok(sheet.finish(format!(
        "the six services under valgrind's callgrind, a fresh district for each of four runs of {} s: {FEW_PER_S} and \
         {MANY_PER_S} reports/s of {} (2 orders, 2 webhooks) and of {} (fanout_: 5 orders, 5 webhooks); instructions \
         executed from start to end of a process; the difference of the runs by the difference of their reports. \
         Reports come one at a time, so nothing is shared by a batch: triage's figure is that of one routing \
         decision, dispatch's of opening one case with its orders. User space only; Postgres and the broker are not in it",
        lasting(knobs).as_secs(),
        reports::SMALLEST.item,
        reports::FANOUT.item,
    )))
}

fn lasting(knobs: &Knobs) -> Duration {
    knobs.lasting(40)
}

async fn counted(knobs: &Knobs, shape: Shape, per_s: f64) -> Result<Counted> {
    let world = World::start_under(knobs.streets.unwrap_or(2), UNDER, PATIENCE).await?;
    let step = step(&world, shape, 1..=world.cluster.streets, per_s, lasting(knobs)).await?;
    step.say();
    let reports = step.driven.accepted();
    ensure!(reports == step.driven.due, "only {reports} of {} were accepted", step.driven.due);
    for process in procs::processes_named(NAME) {
        kill_process(Pid::from_raw(process as i32).context("a process id is positive")?, Signal::TERM)?;
    }
    let mut instructions = BTreeMap::new();
    for service in SERVICES {
        instructions.insert(service, total(&world, service).await?);
    }
    Ok(Counted { instructions, reports })
}

/// What a service that was asked to end has executed.
async fn total(world: &World, service: &str) -> Result<u64> {
    let program = world.cluster.program(service);
    let ended = wait::until(ENDED_WITHIN, async || (!program.alive()).then_some(()));
    if ended.await.is_none() {
        bail!("{service} runs on; {}", world.last_words(service));
    }
    let log = std::fs::read_to_string(program.log())?;
    total_of(&log)
        .with_context(|| format!("callgrind told no total of {service}; {}", world.last_words(service)))
}

fn total_of(log: &str) -> Option<u64> {
    let line = log.lines().rev().find_map(|line| line.split_once(TOTAL))?;
    line.1.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_read_from_what_callgrind_says() {
        let log =
            "{\"message\":\"ended\"}\n==7== \n==7== Events    : Ir\n==7== Collected : 4071563\n==7== \n";
        assert_eq!(total_of(log), Some(4_071_563));
        assert_eq!(total_of("{}"), None);
    }
}
