//! One street storms, the others go on: what the others notice, who is refused, and whether anything is lost.

use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use super::reports::{SMALLEST, Shape, Streets, URGENT};
use super::sheet::Sheet;
use super::step::{Step, step};
use super::world::World;
use super::{Knobs, limits};
use crate::cluster::SERVICES;

/// The storming street sends this many times as much.
const TIMES: f64 = 100.0;

/// Runs it.
pub async fn run(knobs: &Knobs) -> Result<Value> {
    // With the quota a district has unless it says otherwise.
    let world = World::start_with(knobs.streets.unwrap_or(20).max(2), &SERVICES, &[]).await?;
    let (per_street, lasting) = (f64::from(knobs.per_s.unwrap_or(5)), knobs.lasting(20));
    let others = world.cluster.streets - 1;
    let mut sheet = world.limits().await?;
    eprintln!("calm: {per_street}/s on each of {} streets", world.cluster.streets);
    let calm = Weather::of(&world, per_street, per_street, lasting).await?;
    eprintln!("storm: {}/s on one street", per_street * TIMES);
    let storm = Weather::of(&world, per_street, per_street * TIMES, lasting).await?;
    calm.print(&mut sheet, "calm");
    storm.print(&mut sheet, "storm");
    let all = || calm.parts().into_iter().chain(storm.parts());
    let accepted = all().map(|(_, step)| step.driven.accepted()).sum();
    let unknown = all().map(|(_, step)| step.driven.unknown()).sum();
    sheet.count("verified_webhooks", world.conclude().await?);
    world.nothing_lost(accepted, unknown).await?;
    sheet.count("accepted", accepted);
    Ok(sheet.finish(format!(
        "open loop, {} s each: calm with {per_street} reports/s on each of {} streets, then a storm of {} reports/s on \
         the first street while the {others} others go on; in both, another {per_street}/s in the urgent lane over \
         all streets ({}, priority 1); item {} else; percentiles of the others, the storming street (stormer) and \
         the urgent reports: accept from the due instant to the 201, end_to_end to the last webhook; refused: 429 \
         and 503 by load; checked at the end: every accepted report is on the record and has its webhooks. {}",
        lasting.as_secs(),
        world.cluster.streets,
        per_street * TIMES,
        URGENT.item,
        SMALLEST.item,
        limits::METHOD
    )))
}

/// Three loads at the same time.
struct Weather {
    stormer: Step,
    others: Step,
    urgent: Step,
}

impl Weather {
    async fn of(world: &World, per_street: f64, stormer_per_s: f64, lasting: Duration) -> Result<Self> {
        let last = world.cluster.streets;
        let load = |shape: Shape, streets: Streets, per_s| step(world, shape, streets, per_s, lasting);
        let (stormer, others, urgent) = tokio::try_join!(
            load(SMALLEST, 1..=1, stormer_per_s),
            load(SMALLEST, 2..=last, per_street * (last - 1) as f64),
            load(URGENT, 1..=last, per_street),
        )?;
        let weather = Self { stormer, others, urgent };
        weather.parts().iter().for_each(|(_, step)| step.say());
        Ok(weather)
    }

    fn parts(&self) -> [(&'static str, &Step); 3] {
        [("stormer", &self.stormer), ("others", &self.others), ("urgent", &self.urgent)]
    }

    fn print(&self, sheet: &mut Sheet, weather: &str) {
        for (part, step) in self.parts() {
            let key = |figure: &str| format!("{weather}_{part}_{figure}");
            sheet.put(key("per_s"), step.per_s);
            sheet.put(key("accept_p50_ms"), step.driven.accept_ms(50.0));
            sheet.put(key("accept_p99_ms"), step.driven.accept_ms(99.0));
            sheet.put(key("end_to_end_p50_ms"), step.end_to_end_ms(50.0));
            sheet.put(key("end_to_end_p99_ms"), step.end_to_end_ms(99.0));
            sheet.count(&key("accepted"), step.driven.accepted());
            sheet.count(&key("refused_429"), step.driven.with_status(429));
            sheet.count(&key("refused_503"), step.driven.with_status(503));
            sheet.count(&key("unknown"), step.driven.unknown());
        }
    }
}
