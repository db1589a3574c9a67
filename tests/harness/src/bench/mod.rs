//! The measuring programs behind `./dev bench NAME`.
//!
//! Each makes its own servers (Postgres and broker sync to disk), puts a load on them that is bounded in rate and
//! time, checks that nothing was lost, and answers with one flat JSON object: figures with units in their keys, the
//! machine's own limits of the same run, and a line that says how it was measured. `docs/performance.md` explains
//! each of them. Deliberately not here: verdicts; a figure is judged against its limits by whoever reads it.

pub mod broker;
pub mod bus;
pub mod classify;
pub mod consume;
pub mod drive;
pub mod flow;
pub mod hold;
pub mod instructions;
pub mod join;
pub mod limits;
pub mod onboard;
pub mod orders;
pub mod procs;
pub mod rate;
pub mod reads;
pub mod receiver;
pub mod relay;
pub mod reports;
pub mod routing;
pub mod search;
pub mod server;
pub mod sheet;
pub mod sla;
pub mod start;
pub mod statements;
pub mod step;
pub mod storm;
pub mod tag;
pub mod wakeups;
pub mod webhooks;
pub mod wire;
pub mod world;

use anyhow::{Result, bail};
use futures_util::future::LocalBoxFuture;
use serde_json::Value;

/// All benches.
pub const NAMES: [&str; 16] = [
    "hold",
    "flow",
    "rate",
    "relay",
    "consume",
    "webhooks",
    "storm",
    "start",
    "instructions",
    "onboard",
    "sla",
    "classify",
    "wakeups",
    "dispatch",
    "routing",
    "join",
];

/// What may be changed about a bench; what is not given has the bench's own default.
#[derive(Debug, Clone, Default, clap::Args)]
pub struct Knobs {
    /// Reports per second: held (hold, 200), of each calm street (storm, 5), where the search begins (flow, 100), sent
    /// (rate, 400).
    #[arg(long)]
    pub per_s: Option<u32>,
    /// Seconds of each measured step.
    #[arg(long)]
    pub lasting_s: Option<u64>,
    /// Streets.
    #[arg(long)]
    pub streets: Option<usize>,
    /// Rows or messages (relay, consume, webhooks), wake-ups that stay armed (wakeups), reports (dispatch), open
    /// cases (join).
    #[arg(long)]
    pub rows: Option<usize>,
    /// Labelled messages as JSON lines (classify).
    #[arg(long)]
    pub data: Option<std::path::PathBuf>,
    /// Also print what Postgres' statements cost per report or order (flow, rate, dispatch); counting them costs a little itself.
    #[arg(long)]
    pub statements: bool,
}

impl Knobs {
    fn lasting(&self, seconds: u64) -> std::time::Duration {
        std::time::Duration::from_secs(self.lasting_s.unwrap_or(seconds))
    }
}

/// Runs one bench to its end.
///
/// # Errors
/// When its servers do not start, when something was lost or doubled, or when a step did not end in its time; the
/// message says what to do next.
///
/// Boxed: a future is compiled where it is awaited, and this one is large.
pub fn run<'a>(name: &'a str, knobs: &'a Knobs) -> LocalBoxFuture<'a, Result<Value>> {
    Box::pin(named(name, knobs))
}

async fn named(name: &str, knobs: &Knobs) -> Result<Value> {
    match name {
        "hold" => hold::run(knobs).await,
        "flow" => flow::run(knobs).await,
        "rate" => rate::run(knobs).await,
        "relay" => relay::run(knobs).await,
        "consume" => consume::run(knobs).await,
        "webhooks" => webhooks::run(knobs).await,
        "storm" => storm::run(knobs).await,
        "start" => start::run(knobs).await,
        "instructions" => instructions::run(knobs).await,
        "onboard" => onboard::run(knobs).await,
        "sla" => sla::run(knobs),
        "classify" => classify::run(knobs),
        "wakeups" => wakeups::run(knobs).await,
        "dispatch" => orders::run(knobs).await,
        "routing" => routing::run(knobs),
        "join" => join::run(knobs).await,
        other => bail!("no bench named {other}; there are: {}", NAMES.join(", ")),
    }
}
