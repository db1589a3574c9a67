//! A district for a bench: real processes, and webhooks that arrive at the bench's own receiver.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use testkit::wait;

use super::limits;
use super::receiver::Receiver;
use super::server;
use super::sheet::Sheet;
use super::statements;
use crate::cluster::{Cluster, SERVICES, Setup};
use crate::{invariants, streets};

/// What a machine does at most is spread over few streets here: their quota is lifted.
const UNBOUNDED: &[(&str, &str)] = &[
    ("STREETWISE_STREET_REPORTS_PER_MINUTE", "100000000"),
    ("STREETWISE_STREET_URGENT_PER_MINUTE", "100000000"),
];
/// How long everything may take to come to rest after a load.
const QUIET_WITHIN: Duration = Duration::from_secs(120);

/// A running district.
pub struct World {
    /// The processes.
    pub cluster: Cluster,
    /// Where webhooks arrive.
    pub receiver: Receiver,
}

impl World {
    /// All services, with the streets of [`streets::street_for_benches`].
    pub async fn start(streets: usize) -> Result<Self> {
        Self::start_with(streets, &SERVICES, UNBOUNDED).await
    }

    /// The same on a Postgres that counts its statements (`statements`).
    pub async fn start_counting(streets: usize) -> Result<Self> {
        let setup = Setup { knobs: UNBOUNDED, postgres: server::COUNTING, ..Setup::of(streets) };
        let world = Self::start_as(setup).await?;
        statements::begin(&world.cluster.admin).await?;
        Ok(world)
    }

    /// Some services, with these knobs.
    pub async fn start_with(
        streets: usize,
        services: &'static [&'static str],
        knobs: &'static [(&'static str, &'static str)],
    ) -> Result<Self> {
        Self::start_as(Setup { services, knobs, postgres: server::SETTINGS, ..Setup::of(streets) }).await
    }

    /// The same with each service under a command, on a machine that is so many times slower by it.
    pub async fn start_under(streets: usize, under: &'static [&'static str], patience: u32) -> Result<Self> {
        let postgres = server::SETTINGS;
        Self::start_as(Setup { knobs: UNBOUNDED, under, patience, postgres, ..Setup::of(streets) }).await
    }

    /// Made of something else.
    pub async fn start_made_of(setup: Setup) -> Result<Self> {
        Self::start_as(Setup { postgres: server::SETTINGS, ..setup }).await
    }

    async fn start_as(setup: Setup) -> Result<Self> {
        eprintln!("starting {} and {} streets", setup.services.join(", "), setup.streets);
        let receiver = Receiver::start().await?;
        let sink_port = Some(receiver.address().port());
        let setup = Setup { street: streets::street_for_benches, sink_port, ..setup };
        Ok(Self { cluster: Cluster::start_as(setup).await?, receiver })
    }

    /// The machine's own limits.
    pub async fn limits(&self) -> Result<Sheet> {
        let keeper = self.cluster.broker_keeper().await?;
        limits::measure(&self.cluster.postgres.cluster().admin_url("postgres"), &keeper).await
    }

    /// Rows of a table, with a condition if need be.
    pub async fn rows(&self, table_and_where: &str) -> Result<u64> {
        let statement = format!("SELECT count(*) FROM {table_and_where}");
        let count: i64 =
            sqlx::query_scalar(sqlx::AssertSqlSafe(statement)).fetch_one(&self.cluster.admin).await?;
        Ok(count as u64)
    }

    /// Waits until intake has published everything.
    pub async fn outbox_empty(&self, within: Duration) -> Result<()> {
        let empty =
            wait::until(within, async || (self.rows("intake.outbox_pending").await.ok()? == 0).then_some(()));
        match empty.await {
            Some(()) => Ok(()),
            None => bail!(
                "intake's outbox is not empty after {} s; {}",
                within.as_secs(),
                self.last_words("intake")
            ),
        }
    }

    /// Nothing accepted is missing and nothing is there that was never sent. `unknown` calls had no answer: each may
    /// be there or not.
    pub async fn nothing_lost(&self, accepted: u64, unknown: u64) -> Result<()> {
        let kept = self.rows("intake.reports").await?;
        ensure!(
            (accepted..=accepted + unknown).contains(&kept),
            "{accepted} reports were accepted and {unknown} had no answer, but {kept} are on the record; play the \
             same load with ./dev chaos F1 to find out what loses them"
        );
        Ok(())
    }

    /// Everything has come to rest, and a sample of webhooks verifies. Returns how many were verified.
    pub async fn conclude(&self) -> Result<u64> {
        if let Err(moving) = invariants::quiet(&self.cluster, QUIET_WITHIN).await {
            bail!(
                "not quiet {} s after the load: {moving}; try again with a smaller --per-s",
                QUIET_WITHIN.as_secs()
            );
        }
        self.receiver.verify_sample(&self.cluster.folder.path().join("secrets"))
    }

    /// The last warnings and errors of a service, for a failed step; its log goes with the bench.
    pub fn last_words(&self, service: &str) -> String {
        let log = std::fs::read_to_string(self.cluster.program(service).log()).unwrap_or_default();
        let loud = |line: &&str| line.contains("\"WARN\"") || line.contains("\"ERROR\"");
        let mut last: Vec<&str> = log.lines().rev().filter(loud).take(3).collect();
        last.reverse();
        format!(
            "the last warnings of {service}: {}",
            if last.is_empty() { "none".into() } else { last.join("\n") }
        )
    }
}
