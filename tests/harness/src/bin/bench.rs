//! `./dev bench NAME [--json]`: prints one JSON object with units in its key names and the method.

use anyhow::{Result, bail};
use clap::Parser;
use harness::bench::{self, Knobs};

/// Benchmarks on real processes; run it from the release build. Progress goes to stderr.
#[derive(Parser)]
struct Args {
    /// hold, flow, rate, relay, consume, webhooks, storm, start, instructions, onboard, sla, classify, wakeups, dispatch
    name: String,
    /// The JSON object on one line, for programs.
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    knobs: Knobs,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    if args.name == bench::wakeups::runner::NAME {
        bench::wakeups::runner::run().await?;
        return Ok(());
    }
    let printed = tokio::select! {
        printed = bench::run(&args.name, &args.knobs) => printed?,
        // By dropping everything, so that servers and their data go.
        _ = tokio::signal::ctrl_c() => bail!("interrupted"),
    };
    let text = if args.json { printed.to_string() } else { serde_json::to_string_pretty(&printed)? };
    println!("{text}");
    Ok(())
}
