//! `./dev chaos [ROW…] [--seeds N] [--short]`: plays rows of the fault matrix and prints a JSON object a row.

use anyhow::{Result, bail};
use clap::Parser;
use harness::chaos::{ROWS, Scale, play};

/// Plays rows of the fault matrix on real processes. Exit 0 only if no invariant was violated.
#[derive(Parser)]
struct Args {
    /// Rows to play; all that exist when none is named.
    rows: Vec<String>,
    /// Seeds per row.
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// First seed.
    #[arg(long, default_value_t = 1)]
    first_seed: u64,
    /// The scale of `./dev test` instead of three minutes at 200 reports a second.
    #[arg(long)]
    short: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let rows = if args.rows.is_empty() { ROWS.map(str::to_owned).to_vec() } else { args.rows };
    let scale = if args.short { Scale::short() } else { Scale::full() };
    let mut failed = Vec::new();
    for row in &rows {
        for seed in args.first_seed..args.first_seed + args.seeds {
            eprintln!("▸ {row} seed {seed}");
            let report = play(row, seed, &scale).await?;
            println!("{}", serde_json::to_string_pretty(&report)?);
            if !report.violations.is_empty() {
                failed.push(format!("{row} seed {seed}"));
            }
        }
    }
    if failed.is_empty() { Ok(()) } else { bail!("violations in {}", failed.join(", ")) }
}
