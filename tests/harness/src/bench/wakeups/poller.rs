//! The plain thing, for comparison: one table, one index, one loop.

use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use sqlx::PgPool;

use super::engine::Anchor;

/// Rows of one look.
const BATCH: i64 = 1_000;
/// Pause when a look found nothing.
const PAUSE: Duration = Duration::from_millis(50);
/// How far ahead the first is due, so that all are there by then.
const AHEAD_S: f64 = 4.0;

/// How late each was, at that many a second.
pub async fn run(admin: &PgPool, due_per_s: usize, lasting: Duration) -> Result<Vec<Duration>> {
    let count = due_per_s * lasting.as_secs() as usize;
    sqlx::raw_sql(
        "CREATE TABLE plain_timers (id bigint PRIMARY KEY, due_at timestamptz NOT NULL);
         CREATE INDEX ON plain_timers (due_at);
         CREATE TABLE plain_marks (id bigint NOT NULL, due_at timestamptz NOT NULL)",
    )
    .execute(admin)
    .await?;
    sqlx::query(
        "INSERT INTO plain_timers SELECT n, clock_timestamp() + make_interval(secs => $2 + n * $3)
         FROM generate_series(1, $1::bigint) n",
    )
    .bind(count as i64)
    .bind(AHEAD_S)
    .bind(1.0 / due_per_s as f64)
    .execute(admin)
    .await?;
    // The same footing as the engine's: the log's files are written anew.
    sqlx::raw_sql("CHECKPOINT").execute(admin).await?;
    let lags = polled(admin, count).await?;
    sqlx::raw_sql("DROP TABLE plain_timers, plain_marks").execute(admin).await?;
    Ok(lags)
}

async fn polled(admin: &PgPool, count: usize) -> Result<Vec<Duration>> {
    let mut lags = Vec::with_capacity(count);
    let (began, anchor) = (Instant::now(), Anchor::read(admin).await?);
    while lags.len() < count {
        ensure!(began.elapsed() < Duration::from_secs(120), "the poller took {} of {count}", lags.len());
        let mut tx = admin.begin().await?;
        let rows: Vec<jiff_sqlx::Timestamp> = sqlx::query_scalar(
            "WITH due AS (SELECT id FROM plain_timers WHERE due_at <= clock_timestamp()
                 ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED),
             gone AS (DELETE FROM plain_timers t USING due WHERE t.id = due.id RETURNING t.id, t.due_at)
             INSERT INTO plain_marks SELECT * FROM gone RETURNING due_at",
        )
        .bind(BATCH)
        .fetch_all(&mut *tx)
        .await?;
        tx.commit().await?;
        let now = Instant::now();
        lags.extend(rows.iter().map(|due| anchor.late(due.to_jiff(), now)));
        if rows.is_empty() {
            tokio::time::sleep(PAUSE).await;
        }
    }
    Ok(lags)
}
