//! Daily partitions ahead of time, and the end of what has served its time.
//!
//! Promises: each table and day is a transaction of its own, which waits for a lock one second at most, so one that
//! fails keeps nobody else from being made; nothing is dropped before [`INBOX_DAYS`] or the journal's days are over,
//! and no journal day of which something is still to be published.

use pg::{Pool, TenantScope};

use crate::store::partitions;

/// Partitions are there so many days ahead.
const AHEAD_DAYS: i32 = 14;
/// How long the inbox knows a message (D16): longer than any stream keeps it, as long as the oldest backup.
pub const INBOX_DAYS: i32 = 30;
/// The least number of days the journal is kept: streams are refilled from it (F21).
pub const JOURNAL_DAYS_MIN: i32 = 30;
/// The inbox first: without its partition of today consumers write into the rest.
const TABLES: [&str; 2] = ["inbox", "journal"];
/// Calls of one round at most; the rest waits for the next.
const REMOVALS_MAX: usize = 100;

/// Makes what partitions are missing, today's first. Everything is tried; the first failure is returned.
pub async fn ensure_partitions(pool: &Pool) -> Result<(), pg::Error> {
    let mut outcome = Ok(());
    for ahead in 0..AHEAD_DAYS {
        for table in TABLES {
            outcome = outcome.and(make(pool, table, ahead).await);
        }
    }
    outcome
}

async fn make(pool: &Pool, table: &str, ahead: i32) -> Result<(), pg::Error> {
    let mut tx = pool.begin(TenantScope::of_claim()).await?;
    let made = partitions::make_day(&mut tx, table, ahead).await?;
    tx.commit().await?;
    if made {
        tracing::info!(table, ahead, "partition made");
    }
    Ok(())
}

/// Drops partitions and removes rows that have served their time. Everything is tried; the first failure is returned.
pub async fn clear(pool: &Pool, journal_days: i32) -> Result<(), pg::Error> {
    let mut outcome = Ok(());
    for (table, kept_days) in TABLES.into_iter().zip([INBOX_DAYS, journal_days.max(JOURNAL_DAYS_MIN)]) {
        outcome = outcome.and(drop_days(pool, table, kept_days).await);
    }
    outcome.and(remove_old(pool).await)
}

async fn drop_days(pool: &Pool, table: &str, kept_days: i32) -> Result<(), pg::Error> {
    let mut tx = pool.begin(TenantScope::of_claim()).await?;
    let days = partitions::days_beyond(&mut tx, table, kept_days).await?;
    tx.commit().await?;
    for day in days {
        let mut tx = pool.begin(TenantScope::of_claim()).await?;
        partitions::drop_day(&mut tx, table, day, kept_days).await?;
        tx.commit().await?;
        tracing::info!(table, day = %day.to_jiff(), "partition dropped");
    }
    Ok(())
}

async fn remove_old(pool: &Pool) -> Result<(), pg::Error> {
    for _ in 0..REMOVALS_MAX {
        let mut tx = pool.begin(TenantScope::of_claim()).await?;
        let removed = partitions::remove_old(&mut tx).await?;
        tx.commit().await?;
        if removed == 0 {
            break;
        }
    }
    Ok(())
}
