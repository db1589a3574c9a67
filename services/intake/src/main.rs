//! The intake process.

fn main() -> std::process::ExitCode {
    bootstrap::process::main::<intake::Intake>()
}
