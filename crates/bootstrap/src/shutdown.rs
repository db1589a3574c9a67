//! How a process ends: first softly, then hard; and a crash of a critical task is a non-zero exit.
//!
//! SIGTERM or SIGINT (or a crash) begins three phases. *Leaving*: `/readyz` says no, work still comes in, so that
//! the balancer can turn away first. *Soft*: stop accepting and pulling, finish what is under way. *Hard*: what
//! did not finish is cut. The sum stays below the 25 s in which a process must be gone.

use std::fmt::Display;
use std::future::Future;
use std::io;
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::FutureExt;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::health::Readiness;

/// After the hard token, how long tasks have to notice.
const CUT_WITHIN: Duration = Duration::from_secs(1);

/// How long the phases last.
#[derive(Debug, Clone, Copy)]
pub struct Phases {
    /// Unready, but still working.
    pub leave_for: Duration,
    /// Finishing what is under way.
    pub drain_within: Duration,
}

impl Default for Phases {
    fn default() -> Self {
        Self { leave_for: Duration::from_secs(5), drain_within: Duration::from_secs(15) }
    }
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Asked to, and everything finished.
    Clean,
    /// A critical task ended by itself.
    Crashed,
    /// Asked to, but some tasks had to be cut.
    Cut,
}

impl From<Ended> for ExitCode {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::Clean => ExitCode::SUCCESS,
            Ended::Crashed | Ended::Cut => ExitCode::FAILURE,
        }
    }
}

/// Starts tasks and ends them. Cheap to clone; all clones are one.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    begun: CancellationToken,
    soft: CancellationToken,
    hard: CancellationToken,
    tasks: TaskTracker,
    crashed: Arc<AtomicBool>,
}

impl Shutdown {
    /// Nothing started, nothing ending.
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancelled when the process begins to leave: work still comes in, but nobody should settle down here.
    pub fn leaving(&self) -> CancellationToken {
        self.begun.clone()
    }

    /// Cancelled when a task should stop taking work and finish.
    pub fn soft(&self) -> CancellationToken {
        self.soft.clone()
    }

    /// Cancelled when a task should drop everything.
    pub fn hard(&self) -> CancellationToken {
        self.hard.clone()
    }

    /// Begins the end, as a signal does.
    pub fn begin(&self) {
        self.begun.cancel();
    }

    /// Starts a task the process cannot do without. It ends only after the soft token: if it ends before, fails
    /// or panics, the process shuts down as crashed.
    pub fn spawn_critical<F, E>(&self, name: &'static str, task: F)
    where
        F: Future<Output = Result<(), E>> + Send + 'static,
        E: Display + Send + 'static,
    {
        let this = self.clone();
        self.tasks.spawn(async move {
            let outcome = AssertUnwindSafe(task).catch_unwind().await;
            match outcome {
                Ok(Ok(())) if this.soft.is_cancelled() => return,
                Ok(Ok(())) => tracing::error!(task = name, "a critical task ended too early"),
                Ok(Err(error)) => tracing::error!(task = name, %error, "a critical task failed"),
                Err(_) => tracing::error!(task = name, "a critical task panicked"),
            }
            this.crashed.store(true, Ordering::Release);
            this.begin();
        });
    }

    /// Starts a task that may end whenever it likes, but is waited for.
    pub fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Waits for a signal, [`Shutdown::begin`] or a crash, then goes through the phases.
    pub async fn run(self, signals: Signals, readiness: &Readiness, phases: Phases) -> Ended {
        self.until_begun(signals).await;
        self.begun.cancel();
        let _held = readiness.latch("shutdown");
        // After a crash there is nothing worth sending here.
        if !self.crashed.load(Ordering::Acquire) {
            tokio::time::sleep(phases.leave_for).await;
        }
        self.soft.cancel();
        self.tasks.close();
        let drained = timeout(phases.drain_within, self.tasks.wait()).await.is_ok();
        self.hard.cancel();
        let gone = drained || timeout(CUT_WITHIN, self.tasks.wait()).await.is_ok();
        self.ended(drained, gone)
    }

    async fn until_begun(&self, mut signals: Signals) {
        tokio::select! {
            () = self.begun.cancelled() => {}
            _ = signals.terminate.recv() => tracing::info!("terminating on SIGTERM"),
            _ = signals.interrupt.recv() => tracing::info!("terminating on SIGINT"),
        }
    }

    fn ended(&self, drained: bool, gone: bool) -> Ended {
        if !drained {
            tracing::warn!(left = self.tasks.len(), gone, "tasks did not finish in time and were cut");
        }
        match (self.crashed.load(Ordering::Acquire), drained) {
            (true, _) => Ended::Crashed,
            (false, true) => Ended::Clean,
            (false, false) => Ended::Cut,
        }
    }
}

/// The process's signals. From the moment this exists they no longer kill.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    /// Takes over SIGTERM and SIGINT. Call it first in the process, inside the runtime.
    pub fn install() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }
}
