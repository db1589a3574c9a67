//! What a service does when woken, and the bounds it is done in.

use std::future::Future;

use ids::TenantId;
use jiff::Timestamp;
use pg::ScopedTx;

use crate::{Kind, Wakeup};

/// Bounds of a runner.
#[derive(Debug, Clone)]
pub struct RunnerConfig {
    /// Rows of one tenant in one batch at most: what keeps a busy tenant from delaying the others.
    pub rows_per_tenant_max: i64,
    /// Rows in one transaction at most.
    pub batch_rows_max: i64,
    /// Longest sleep while idle.
    pub idle_ms_max: u64,
    /// Pause after the database failed or while firing is held.
    pub backoff_ms: u64,
    /// A round that takes longer is given up and tried again.
    pub round_ms_max: u64,
    /// How long a wake-up that cannot be fired is put off, in seconds.
    pub put_off_s: u32,
    /// Least pause between two searches for what the claims look past. A search takes a hundredth of the pause that follows it, up
    /// to 20 s.
    pub search_ms_min: u64,
}

impl Default for RunnerConfig {
    fn default() -> Self {
        Self {
            rows_per_tenant_max: 64,
            batch_rows_max: 512,
            idle_ms_max: 250,
            backoff_ms: 500,
            round_ms_max: 15_000,
            put_off_s: 60,
            search_ms_min: 2_000,
        }
    }
}

/// Why firing failed.
#[derive(Debug, thiserror::Error)]
pub enum FireError {
    /// The database said no, or nothing at all.
    #[error("firing wake-ups: {0}")]
    Database(#[from] pg::Error),
    /// The service's own decision failed; text without personal data.
    #[error("firing wake-ups: {0}")]
    Broken(String),
}

impl FireError {
    /// Whether the same batch may go through later.
    pub(crate) fn passes(&self) -> bool {
        matches!(self, Self::Database(error) if error.passes())
    }
}

impl From<sqlx::Error> for FireError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error.into())
    }
}

/// What a service does when woken. It must arm or disarm every subject it was given (or leave the row, which
/// fires again), inside `tx`.
pub trait Fire: Send + Sync + 'static {
    /// The one kind this runner claims.
    const KIND: Kind;

    /// Whether a second hand may claim and fire a batch while the first writes its own: both are transactions of this process at
    /// the same time, as those of two replicas are.
    const TWO_HANDS: bool = false;

    /// Which tenants the transaction sees beyond those of the claimed rows.
    fn districts(&self, _tenants: &[TenantId]) -> Vec<TenantId> {
        Vec::new()
    }

    /// Looks at the claimed subjects and acts; `now` is what the claim compared with. Returns how many of them it
    /// armed anew or disarmed: if none, the runner waits a moment before it looks at the same rows again.
    fn fire(
        &self,
        tx: &mut ScopedTx,
        now: Timestamp,
        due: Vec<Wakeup>,
    ) -> impl Future<Output = Result<usize, FireError>> + Send;
}
