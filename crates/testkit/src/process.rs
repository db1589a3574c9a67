//! A program of ours as a real process that a test kills, freezes and starts again.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::guardian::{self, Guarded};

/// One program with the environment it is started in. Dropping it kills the process.
pub struct Program {
    path: PathBuf,
    arguments: Vec<String>,
    log: PathBuf,
    env: Mutex<BTreeMap<String, String>>,
    running: Mutex<Option<Guarded>>,
}

impl Program {
    /// Not started yet. Its output is appended to `log`.
    pub fn new(path: PathBuf, log: PathBuf, env: BTreeMap<String, String>) -> Self {
        Self { path, arguments: Vec::new(), log, env: Mutex::new(env), running: Mutex::new(None) }
    }

    /// The same with arguments.
    pub fn with_arguments(self, arguments: Vec<String>) -> Self {
        Self { arguments, ..self }
    }

    /// Starts it, killing what still runs, with `more` variables for this one start.
    pub async fn start(&self, more: &[(&str, &str)]) -> std::io::Result<()> {
        self.kill().await;
        let mut command = vec![OsString::from("env")];
        let env = self.env.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        for (name, value) in env.into_iter().chain(more) {
            command.push(format!("{name}={value}").into());
        }
        command.push(self.path.clone().into());
        command.extend(self.arguments.iter().map(OsString::from));
        let started = Guarded::start(&command, &self.log, None)?;
        *self.slot() = Some(started);
        Ok(())
    }

    /// `kill -9`; returns when it is gone. A process that is already gone is no fault.
    pub async fn kill(&self) {
        let running = self.slot().take();
        let family = running.map(Guarded::kill).unwrap_or_default();
        assert!(guardian::gone(&family).await, "a killed process is still there");
    }

    /// Asks it to end (SIGTERM); [`Program::alive`] says when it has.
    pub fn terminate(&self) {
        if let Some(running) = self.slot().as_ref() {
            running.terminate();
        }
    }

    /// Freezes it (SIGSTOP).
    pub async fn pause(&self) {
        let family = self.slot().as_ref().map(Guarded::freeze).unwrap_or_default();
        assert!(guardian::stopped(&family).await, "a frozen process still runs");
    }

    /// Ends [`Program::pause`].
    pub fn resume(&self) {
        if let Some(running) = self.slot().as_ref() {
            running.thaw();
        }
    }

    /// Whether it has been started and has not exited by itself.
    pub fn alive(&self) -> bool {
        self.slot().as_ref().is_some_and(Guarded::alive)
    }

    /// What it wrote so far.
    pub fn log(&self) -> &Path {
        &self.log
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Guarded>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The folder of the binaries built together with the running test or tool: `target/<profile>`.
pub fn binaries() -> PathBuf {
    let own = std::env::current_exe().expect("a running program has a path");
    let folder = own.parent().expect("a program lies in a folder");
    if folder.ends_with("deps") { folder.parent().unwrap_or(folder).to_owned() } else { folder.to_owned() }
}

/// A loopback port nothing listened on a moment ago.
pub fn free_port() -> u16 {
    crate::port::unused()
}
