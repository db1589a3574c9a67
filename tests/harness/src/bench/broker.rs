//! A broker whose sync setting a bench chooses. `testkit`'s has the default only.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use tempfile::TempDir;
use testkit::process::{Program, free_port};
use testkit::wait;

/// Whether a message is on the disk when it is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Syncing {
    /// Flushed every two minutes: the server's default, which our deployments keep.
    Default,
    /// One flush for each acknowledged publish or atomic batch.
    Always,
}

/// A running broker. Dropping it ends it and removes its data.
pub struct Broker {
    // Before the folder: fields drop in order, and the process writes there.
    _program: Program,
    url: String,
    _folder: TempDir,
}

impl Broker {
    /// Starts one and returns when it answers.
    pub async fn start(sync: Syncing) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("streetwise-bench-nats-").tempdir_in("/var/tmp")?;
        let port = free_port();
        let settings = folder.path().join("nats.conf");
        std::fs::write(&settings, configuration(port, &folder.path().join("jetstream"), sync))?;
        let program = Program::new(program(), folder.path().join("log"), BTreeMap::new())
            .with_arguments(vec!["-c".to_owned(), settings.display().to_string()]);
        program.start(&[]).await.context("starting nats-server; ./dev bench installs it")?;
        let url = format!("nats://127.0.0.1:{port}");
        let answers = wait::until(Duration::from_secs(20), async || async_nats::connect(&url).await.ok());
        answers.await.with_context(|| {
            let log = std::fs::read_to_string(program.log()).unwrap_or_default();
            format!("nats-server does not answer: {log}")
        })?;
        Ok(Self { _program: program, url, _folder: folder })
    }

    /// Where clients connect.
    pub fn url(&self) -> &str {
        &self.url
    }
}

fn configuration(port: u16, data: &Path, sync: Syncing) -> String {
    let interval = if sync == Syncing::Always { "sync_interval: always" } else { "" };
    format!(
        "listen: 127.0.0.1:{port}\njetstream {{\n  store_dir: {:?}\n  {interval}\n}}\n",
        data.display().to_string()
    )
}

/// As `testkit` finds it: the variable that `./dev` sets, the project's cache, PATH.
fn program() -> PathBuf {
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../.cache/nats/bin/nats-server");
    match std::env::var_os("STREETWISE_NATS_BIN") {
        Some(program) => program.into(),
        None if kept.exists() => kept,
        None => PathBuf::from("nats-server"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_always_is_written_down() {
        let always = configuration(4_222, Path::new("/data"), Syncing::Always);
        assert!(always.contains("sync_interval: always") && always.contains("store_dir: \"/data\""));
        assert!(!configuration(4_222, Path::new("/data"), Syncing::Default).contains("sync_interval"));
    }
}
