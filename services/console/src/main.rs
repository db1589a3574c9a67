//! The process of service console.

fn main() -> std::process::ExitCode {
    bootstrap::process::main::<console::Console>()
}
