//! What can go wrong while a test's world is set up; a test unwraps it.

use std::path::Path;

/// The world failed; never an answer of the code under test.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A server's program is not on this machine, or too old.
    #[error("{program} cannot be used: {reason}")]
    Program {
        /// The program looked for.
        program: &'static str,
        /// What was found, and what to do.
        reason: String,
    },
    /// The operating system refused something.
    #[error("{doing}")]
    Io {
        /// What was being done.
        doing: String,
        /// The operating system's answer.
        #[source]
        source: std::io::Error,
    },
    /// A server was started and did not become ready.
    #[error("{server} did not become ready, the end of its log: {log_end}")]
    NotReady {
        /// Which server.
        server: &'static str,
        /// The last lines that it wrote.
        log_end: String,
    },
    /// Postgres refused a statement of this crate's own.
    #[error("{doing}")]
    Postgres {
        /// What was being done.
        doing: String,
        /// The driver's error.
        #[source]
        source: sqlx::Error,
    },
    /// The caller's migration of a template database failed.
    #[error("migrating the template database {key}")]
    Migrate {
        /// The template's key.
        key: String,
        /// The caller's error.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A database name must be plain, because it is written into statements.
    #[error("{name:?} is not made of 1 to 40 lower-case letters, digits and underscores")]
    Name {
        /// The refused name.
        name: String,
    },
}

impl Error {
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { doing: doing.into(), source }
    }

    pub(crate) fn postgres(doing: impl Into<String>) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Postgres { doing: doing.into(), source }
    }

    pub(crate) fn not_ready(server: &'static str, log: &Path) -> Self {
        let text = std::fs::read_to_string(log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let from = lines.len().saturating_sub(5);
        Self::NotReady { server, log_end: lines[from..].join(" | ") }
    }
}
