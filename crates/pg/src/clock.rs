//! Time comes from the primary's `clock_timestamp()`, bound once in a transaction (D29).

use futures_util::future::BoxFuture;
use jiff::Timestamp;

use crate::error::Error;
use crate::pool::ScopedTx;

/// The test seam of time: services get [`ServerClock`], tests a manual one.
pub trait DbClock: Send + Sync + std::fmt::Debug {
    /// The instant this transaction decides by, truncated to microseconds.
    fn now<'a>(&'a self, tx: &'a mut ScopedTx) -> BoxFuture<'a, Result<Timestamp, Error>>;
}

/// The database server's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct ServerClock;

impl DbClock for ServerClock {
    fn now<'a>(&'a self, tx: &'a mut ScopedTx) -> BoxFuture<'a, Result<Timestamp, Error>> {
        Box::pin(async move {
            let now =
                sqlx::query_scalar!(r#"SELECT clock_timestamp() AS "now!""#).fetch_one(&mut **tx).await?;
            Ok(micros(now.to_jiff()))
        })
    }
}

/// Truncates to microseconds, as Postgres keeps them; jiff keeps nanoseconds.
pub fn micros(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}
