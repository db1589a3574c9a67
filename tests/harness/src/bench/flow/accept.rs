//! The door: reports accepted per second, with the other services running and without them.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use testkit::wait;

use crate::bench::Knobs;
use crate::bench::drive::{Driven, Pace, drive};
use crate::bench::reports::{Reports, SMALLEST};
use crate::bench::sheet::Sheet;
use crate::bench::world::World;
use crate::cluster::SERVICES;

/// Closed loops are tried with as many.
const CONNECTIONS: [usize; 3] = [64, 128, 256];
/// How long an outbox may take to drain.
const DRAINED_WITHIN: Duration = Duration::from_secs(300);

/// The door under load, and what was sent to it so far.
struct Door {
    world: World,
    lasting: Duration,
    accepted: u64,
    unknown: u64,
}

pub(super) async fn measure(knobs: &Knobs) -> Result<Sheet> {
    let world = World::start(knobs.streets.unwrap_or(20)).await?;
    let mut sheet = world.limits().await?;
    let mut door = Door { world, lasting: knobs.lasting(10), accepted: 0, unknown: 0 };
    let best = door.fastest(&mut sheet, "").await?;
    sheet.put("outbox_drain_per_s", door.drain(best).await?);
    for service in SERVICES.iter().filter(|service| **service != "intake") {
        door.world.cluster.program(service).kill().await;
    }
    door.fastest(&mut sheet, "alone_").await?;
    door.world.nothing_lost(door.accepted, door.unknown).await?;
    Ok(sheet)
}

impl Door {
    async fn load(&mut self, pace: Pace, lasting: Duration, connections: usize) -> Result<Driven> {
        let streets = 1..=self.world.cluster.streets;
        let reports = Reports::new(&self.world.cluster, SMALLEST, streets);
        let driven = drive(pace, lasting, reports.callers(connections)).await?;
        self.accepted += driven.accepted();
        self.unknown += driven.unknown();
        Ok(driven)
    }

    /// The best closed loop, then an open one at half of it; returns the connections of the best.
    async fn fastest(&mut self, sheet: &mut Sheet, prefix: &str) -> Result<usize> {
        let (mut best, mut per_s) = (CONNECTIONS[0], 0.0);
        for connections in CONNECTIONS {
            let driven = self.load(Pace::Closed, self.lasting, connections).await?;
            eprintln!("  {prefix}closed loop, {connections} connections: {:.0}/s", driven.accepted_per_s());
            if driven.accepted_per_s() > per_s {
                (best, per_s) = (connections, driven.accepted_per_s());
            }
            self.world.outbox_empty(DRAINED_WITHIN).await?;
        }
        ensure!(per_s > 0.0, "intake accepted nothing; {}", self.world.last_words("intake"));
        let half = self.load(Pace::Open(per_s / 2.0), self.lasting, 256).await?;
        eprintln!("  {prefix}open loop, {:.0}/s: p99 {:.2} ms", per_s / 2.0, half.accept_ms(99.0));
        self.world.outbox_empty(DRAINED_WITHIN).await?;
        sheet.put(format!("{prefix}accepted_per_s_max"), per_s);
        sheet.count(&format!("{prefix}accepted_connections"), best as u64);
        sheet.put(format!("{prefix}accept_at_per_s"), per_s / 2.0);
        sheet.put(format!("{prefix}accept_p50_ms"), half.accept_ms(50.0));
        sheet.put(format!("{prefix}accept_p99_ms"), half.accept_ms(99.0));
        sheet.count(&format!("{prefix}accept_refused"), half.due - half.accepted());
        Ok(best)
    }

    /// Events per second that leave intake's outbox once the broker is back.
    async fn drain(&mut self, connections: usize) -> Result<f64> {
        self.world.cluster.broker.pause().await;
        let filled = self.load(Pace::Closed, Duration::from_secs(4), connections).await;
        self.world.cluster.broker.resume();
        filled?;
        let full = self.pending().await?;
        // The relay first has to notice that the broker is back; that is not counted.
        let moving = wait::until(Duration::from_secs(60), async || {
            self.pending().await.ok().filter(|rows| *rows < full)
        });
        let (started, left) = (Instant::now(), moving.await.unwrap_or(full));
        self.world.outbox_empty(DRAINED_WITHIN).await?;
        eprintln!("  outbox: {full} rows drained");
        Ok(left as f64 / started.elapsed().as_secs_f64())
    }

    async fn pending(&self) -> Result<u64> {
        self.world.rows("intake.outbox_pending").await
    }
}
