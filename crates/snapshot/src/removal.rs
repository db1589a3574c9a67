//! Tenants that are removed (注销): what this service still has of one goes, and what it says about that.
//!
//! A tombstone, a document that says its tenant is no more, begins it ([`crate::keep`]). From then on documents up to
//! its generation are passed over, so a late one brings nobody back. Rows go in bounded batches ([`remove_rows`]), each
//! a transaction of its own: whoever dies is followed by whoever looks next ([`open`]).

use std::collections::BTreeSet;

use ids::TenantId;
use jiff::Timestamp;
use pg::{Pool, TenantScope};
use sqlx::Connection;

use crate::store::removals::{self, Row};

/// What a service says about a removal. Counts and times only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// Who is removed.
    pub tenant: TenantId,
    /// Its district.
    pub district: TenantId,
    /// Of the tombstone.
    pub generation: u64,
    /// When this service heard of it.
    pub begun_at: Timestamp,
    /// When its data key was destroyed; nothing where there was none.
    pub key_destroyed_at: Option<Timestamp>,
    /// Rows removed so far.
    pub rows_removed: u64,
    /// Deliveries of its messages that were dropped so far.
    pub messages_dropped: u64,
    /// When nothing was left.
    pub done_at: Option<Timestamp>,
}

impl Removal {
    fn of(row: Row) -> Result<Self, pg::Error> {
        let code = |id| TenantId::from_i64(id).map_err(|_| pg::Error::impossible_row("removals"));
        Ok(Self {
            tenant: code(row.removed_id)?,
            district: code(row.district_id)?,
            generation: row.generation.unsigned_abs(),
            begun_at: row.begun_at.to_jiff(),
            key_destroyed_at: row.key_destroyed_at.map(|at| at.to_jiff()),
            rows_removed: row.rows_removed.unsigned_abs(),
            messages_dropped: row.messages_dropped.unsigned_abs(),
            done_at: row.done_at.map(|at| at.to_jiff()),
        })
    }
}

/// One that is to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    /// Who is removed.
    pub tenant: TenantId,
    /// Nothing was left at the last look; what was under way then may have left something since.
    pub done: bool,
}

/// What this service says about the removal of a tenant; nothing for one that never was removed.
pub async fn of(pool: &Pool, tenant: TenantId) -> Result<Option<Removal>, pg::Error> {
    let mut tx = pool.begin(TenantScope::of_claim()).await?;
    let row = removals::one(&mut tx, tenant.as_i64()).await?;
    tx.commit().await?;
    row.map(Removal::of).transpose()
}

/// Tenants that were ever removed from a service's schema, read as its owner: for the command line.
pub async fn of_schema(admin_url: &str, service: &'static str) -> Result<BTreeSet<TenantId>, pg::Error> {
    let mut owner = pg::migrate::as_owner(admin_url, service).await?;
    let removed = removals::ever(&mut owner).await?;
    owner.close().await?;
    removed
        .into_iter()
        .map(|id| TenantId::from_i64(id).map_err(|_| pg::Error::impossible_row("removals")))
        .collect()
}

/// Removals to look at: those not done, and for an hour those that are.
pub async fn open(pool: &Pool) -> Result<Vec<Open>, pg::Error> {
    let mut tx = pool.begin(TenantScope::of_claim()).await?;
    let rows = removals::open(&mut tx).await?;
    tx.commit().await?;
    let open = |(id, done)| Some(Open { tenant: TenantId::from_i64(id).ok()?, done });
    Ok(rows.into_iter().filter_map(open).collect())
}

/// Removes at most `rows_max` rows; returns how many, 0 when nothing is left, nothing while the tombstone is still to
/// be published.
pub async fn remove_rows(pool: &Pool, tenant: TenantId, rows_max: i32) -> Result<Option<u64>, pg::Error> {
    let mut tx = pool.begin(TenantScope::of_claim()).await?;
    let gone = removals::remove_rows(&mut tx, tenant.as_i64(), rows_max).await?;
    pg::crash::point("removal.before_commit");
    tx.commit().await?;
    pg::crash::point("removal.after_commit");
    Ok(gone.map(i64::unsigned_abs))
}

/// Says that nothing is left; false while something is, or may be.
pub async fn end(pool: &Pool, tenant: TenantId) -> Result<bool, pg::Error> {
    let mut tx = pool.begin(TenantScope::of_claim()).await?;
    let ended = removals::end(&mut tx, tenant.as_i64()).await?;
    tx.commit().await?;
    Ok(ended)
}

/// Counts deliveries of messages that were dropped because their tenant is removed.
pub async fn dropped(pool: &Pool, tenant: TenantId, messages: usize) -> Result<(), pg::Error> {
    let mut tx = pool.begin(TenantScope::of_claim()).await?;
    removals::dropped(&mut tx, tenant.as_i64(), messages as i64).await?;
    tx.commit().await
}
