//! Percentiles, and what the machine itself can do, measured in the same run.

use std::time::{Duration, Instant};

use anyhow::Result;
use sqlx::{Connection, PgConnection};

/// The p-th percentile by nearest rank, in milliseconds; 0 for none.
pub fn percentile_ms(values: &mut [Duration], per_cent: f64) -> f64 {
    if values.is_empty() {
        return 0.0;
    }
    values.sort_unstable();
    let rank = ((per_cent / 100.0) * values.len() as f64).ceil() as usize;
    let micros = values[rank.clamp(1, values.len()) - 1].as_micros() as f64;
    micros / 1000.0
}

/// Durable single-row commits per second of this machine's Postgres with 64 clients, for two seconds.
pub async fn commits_64_clients_per_s(admin_url: &str) -> Result<f64> {
    const CLIENTS: usize = 64;
    const LASTING: Duration = Duration::from_secs(2);
    let mut admin = PgConnection::connect(admin_url).await?;
    sqlx::raw_sql(
        "CREATE TABLE IF NOT EXISTS limit_commits (id bigint GENERATED ALWAYS AS IDENTITY, filler text)",
    )
    .execute(&mut admin)
    .await?;
    let mut clients = tokio::task::JoinSet::new();
    let started = Instant::now();
    for _ in 0..CLIENTS {
        let mut connection = PgConnection::connect(admin_url).await?;
        clients.spawn(async move {
            let (mut done, until) = (0u64, Instant::now() + LASTING);
            while Instant::now() < until {
                let insert =
                    sqlx::query("INSERT INTO limit_commits (filler) VALUES ('x')").execute(&mut connection);
                done += u64::from(insert.await.is_ok());
            }
            done
        });
    }
    let mut done = 0;
    while let Some(client) = clients.join_next().await {
        done += client?;
    }
    let per_s = done as f64 / started.elapsed().as_secs_f64();
    sqlx::raw_sql("DROP TABLE limit_commits").execute(&mut admin).await?;
    Ok(per_s)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_by_nearest_rank() {
        let mut values: Vec<Duration> = (1..=100).rev().map(Duration::from_millis).collect();
        assert_eq!(percentile_ms(&mut values, 50.0), 50.0);
        assert_eq!(percentile_ms(&mut values, 99.0), 99.0);
        assert_eq!(percentile_ms(&mut values, 100.0), 100.0);
        assert_eq!(percentile_ms(&mut [], 99.0), 0.0);
    }
}
