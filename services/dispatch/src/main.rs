//! The process of service dispatch.

fn main() -> std::process::ExitCode {
    bootstrap::process::main::<dispatch::Dispatch>()
}
