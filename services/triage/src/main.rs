//! The triage process.

fn main() -> std::process::ExitCode {
    bootstrap::process::main::<triage::Triage>()
}
