//! A runner in a process of its own: this program once more, under a name that is no bench.

use std::process::{Child as Process, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use sqlx::PgPool;
use testkit::wait;
use tokio_util::sync::CancellationToken;

use super::engine::{Anchor, Engine, Mark, ring};
use crate::bench::procs;

/// What the program is called as.
pub const NAME: &str = "wakeups-runner";
/// Where it finds its database.
const URL: &str = "STREETWISE_BENCH_RUNNER_URL";

/// The process; killed when it is dropped.
pub struct Child(Process);

impl Child {
    /// Starts it.
    pub fn start(engine: &Engine) -> Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.arg(NAME).env(URL, engine.runner_url()).stdin(Stdio::null()).stdout(Stdio::null());
        Ok(Self(command.spawn()?))
    }

    /// Its resident memory once that has stood still.
    pub async fn rss_bytes(&self, within: Duration) -> Result<u64> {
        let mut last = 0;
        let settled = wait::until(within, async || {
            tokio::time::sleep(Duration::from_millis(500)).await;
            let now = procs::rss_bytes(self.0.id())?;
            let settled = now == last;
            last = now;
            settled.then_some(now)
        });
        settled.await.context("a runner's memory does not settle")
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        // It may be gone already; either way it is waited for.
        let _gone = self.0.kill();
        let _waited = self.0.wait();
    }
}

/// What that process does: it runs until it is killed.
pub async fn run() -> Result<()> {
    let url = std::env::var(URL).context("started by the bench only")?;
    let admin = PgPool::connect(&url).await?;
    let mark = Mark::anchored(Anchor::read(&admin).await?);
    admin.close().await;
    ring(&url, mark, CancellationToken::new()).await
}
