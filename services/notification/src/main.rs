//! The notification service as a process.

fn main() -> std::process::ExitCode {
    bootstrap::process::main::<notification::Notification>()
}
