//! The process of the command line.

use clap::Parser;

fn main() -> std::process::ExitCode {
    streetwise::run(streetwise::cli::Arguments::parse())
}
