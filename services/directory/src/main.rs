//! The process of service `directory`.

fn main() -> std::process::ExitCode {
    bootstrap::process::main::<directory::Directory>()
}
