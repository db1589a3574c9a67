//! Database errors, told apart by what the caller can do about them.

use std::error::Error as StdError;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::jump::Held;
use sqlx::error::DatabaseError;
use sqlx::postgres::PgDatabaseError;

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Deadlock or serialization failure: the same transaction may be tried again at once.
    RanIntoAnother,
    /// The database is away, full, or too slow: try again later.
    Unavailable,
    /// A constraint or a value was violated: the input, or our code, is wrong. Trying again is useless.
    Data,
    /// Something that must not happen: impossible row, wrong row count, broken SQL.
    Broken,
}

/// A failed statement, connection or row check.
#[derive(Debug, thiserror::Error)]
#[error("{doing}")]
pub struct Error {
    kind: Kind,
    doing: String,
    constraint: Option<String>,
    too_slow: bool,
    #[source]
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// A broken invariant of ours, with its cause.
    pub fn broken(doing: impl Into<String>, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self {
            kind: Kind::Broken,
            doing: doing.into(),
            constraint: None,
            too_slow: false,
            source: Some(source.into()),
        }
    }

    /// A stored row that cannot be: names table and column, never the value.
    pub fn impossible_row(table_and_column: &'static str) -> Self {
        let doing = format!("impossible value in {table_and_column}");
        Self { kind: Kind::Broken, doing, constraint: None, too_slow: false, source: None }
    }

    /// The database did not answer within a deadline of ours. Whether it did what it was asked is unknown.
    pub fn overdue(doing: impl Into<String>) -> Self {
        Self { kind: Kind::Unavailable, doing: doing.into(), constraint: None, too_slow: false, source: None }
    }

    /// The database's time is in doubt: nothing is decided by it.
    pub(crate) fn held(held: Held) -> Self {
        let doing = "the database's time is in doubt".to_owned();
        Self {
            kind: Kind::Unavailable,
            doing,
            constraint: None,
            too_slow: false,
            source: Some(Box::new(held)),
        }
    }

    /// By how much the database's time is in doubt, if that was it.
    pub fn clock_held(&self) -> Option<Held> {
        self.source.as_ref()?.downcast_ref::<Held>().copied()
    }

    /// What kind of failure it was.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The violated constraint's name, if that was it.
    pub fn constraint(&self) -> Option<&str> {
        self.constraint.as_deref()
    }

    /// Whether the world is to blame and trying again, now or later, makes sense.
    pub fn passes(&self) -> bool {
        matches!(self.kind, Kind::RanIntoAnother | Kind::Unavailable)
    }

    /// Whether a statement ran into its time limit. The database is there: less work at once may succeed, and one
    /// input that alone takes too long is a fault of its own.
    pub fn too_slow(&self) -> bool {
        self.too_slow
    }

    /// Whether the same transaction may be tried again at once.
    pub fn ran_into_another(&self) -> bool {
        self.kind == Kind::RanIntoAnother
    }
}

impl AsRef<Error> for Error {
    fn as_ref(&self) -> &Error {
        self
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        let kind = kind_of(&error);
        if outside_scope(&error) {
            SCOPE_REFUSALS.fetch_add(1, Ordering::Relaxed);
        }
        let too_slow = code_of(&error).as_deref() == Some("57014");
        let constraint = error.as_database_error().and_then(|e| e.constraint()).map(str::to_owned);
        let doing = match kind {
            Kind::RanIntoAnother => "transaction ran into another",
            Kind::Unavailable => "database is not available",
            Kind::Data => "database refused a value",
            Kind::Broken => "statement failed",
        };
        let doing = named(doing, &error, constraint.as_deref());
        Self { kind, doing, constraint, too_slow, source: Some(Box::new(error)) }
    }
}

/// With the server's code and the constraint: names of ours, and all that is said of a cause. Its text may repeat
/// values.
fn named(doing: &str, error: &sqlx::Error, constraint: Option<&str>) -> String {
    match (code_of(error), constraint) {
        (Some(code), Some(constraint)) => format!("{doing} ({code}, {constraint})"),
        (Some(code), None) => format!("{doing} ({code})"),
        (None, _) => doing.to_owned(),
    }
}

fn code_of(error: &sqlx::Error) -> Option<std::borrow::Cow<'_, str>> {
    error.as_database_error().and_then(|error| error.code())
}

/// How many rows row security has refused this process because they lay outside their transaction's tenants. Input
/// cannot cause it: checks come before. So each is a fault of ours or an attempt that got too far.
pub fn scope_refusals() -> u64 {
    SCOPE_REFUSALS.load(Ordering::Relaxed)
}

/// Counted where the refusal is first seen, which is in here and nowhere else.
static SCOPE_REFUSALS: AtomicU64 = AtomicU64::new(0);

/// `ExecWithCheckOptions` is where PostgreSQL holds new rows against policies (execMain.c).
fn refused_by_row_security(error: &dyn DatabaseError) -> bool {
    let error = error.try_downcast_ref::<PgDatabaseError>();
    error.and_then(PgDatabaseError::routine) == Some("ExecWithCheckOptions")
}

fn outside_scope(error: &sqlx::Error) -> bool {
    let error = error.as_database_error().filter(|error| error.code().as_deref() == Some("42501"));
    error.is_some_and(refused_by_row_security)
}

/// Source of the codes: PostgreSQL manual, appendix A.
fn kind_of(error: &sqlx::Error) -> Kind {
    match error {
        sqlx::Error::Database(inner) => match inner.code().as_deref() {
            Some("40001" | "40P01") => Kind::RanIntoAnother,
            // Class 08 connection, 53 resources, 57 operator intervention; 25006 read-only, 55P03 lock timeout.
            Some(code) if ["08", "53", "57"].contains(&&code[..2]) => Kind::Unavailable,
            Some("25006" | "55P03" | "25P03") => Kind::Unavailable,
            Some(code) if ["22", "23"].contains(&&code[..2]) => Kind::Data,
            // One code for two things: a row outside the transaction's scope (row security), which is the input's
            // fault, and a privilege our role lacks, which a roll-out mends. Texts are translated, routines are not.
            Some("42501") if refused_by_row_security(inner.as_ref()) => Kind::Data,
            _ => Kind::Broken,
        },
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed
        | sqlx::Error::Protocol(_) => Kind::Unavailable,
        _ => Kind::Broken,
    }
}

/// Asserts how many rows a statement touched; another number is a broken invariant, told by `what`.
pub fn rows_affected(what: &'static str, touched: u64, expected: usize) -> Result<(), Error> {
    if touched == expected as u64 {
        return Ok(());
    }
    let doing = format!("{what}: {touched} rows touched instead of {expected}");
    Err(Error { kind: Kind::Broken, doing, constraint: None, too_slow: false, source: None })
}
