//! `./dev restore-drill [--short] [--seed N]`: dump, destroy, restore, refill, compare; prints one JSON object.

use anyhow::{Result, bail};
use clap::Parser;
use harness::drill::{Scale, play};

/// Plays the restore drill on real processes. Exit 0 only if nothing differs and no invariant is violated.
#[derive(Parser)]
struct Args {
    /// Keys and places of the load.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The scale of `./dev test` instead of 20 streets, 100 reports a second and three minutes of them.
    #[arg(long)]
    short: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    eprintln!("▸ 恢复演练 / restore drill, seed {}", args.seed);
    let report = play(args.seed, if args.short { Scale::short() } else { Scale::full() }).await?;
    println!("{}", serde_json::to_string_pretty(&report)?);
    if !report.violations.is_empty() {
        bail!("不一致 / {} violations", report.violations.len());
    }
    eprintln!("✓ 恢复后状态一致，不变量成立 / the restored state is the same, and every invariant holds");
    Ok(())
}
