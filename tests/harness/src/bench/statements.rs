//! What each statement costs a report or an order, by `pg_stat_statements`: the second place to look. The server must load it:
//! [`super::server::COUNTING`].

use anyhow::Result;
use sqlx::PgPool;

/// Statements named, the costliest first.
const NAMED_MAX: i64 = 30;
/// Characters of a statement's text.
const TEXT_MAX: usize = 110;

/// Begins to count.
pub async fn begin(admin: &PgPool) -> Result<()> {
    sqlx::query("CREATE EXTENSION IF NOT EXISTS pg_stat_statements").execute(admin).await?;
    Ok(())
}

/// Forgets what was counted so far; nothing where nothing is counted.
pub async fn forget(admin: &PgPool) -> Result<()> {
    if counting(admin).await? {
        sqlx::query("SELECT pg_stat_statements_reset()").execute(admin).await?;
    }
    Ok(())
}

/// A line for each of the costliest statements; none where nothing is counted.
async fn costliest(admin: &PgPool, reports: f64) -> Result<Vec<String>> {
    if !counting(admin).await? {
        return Ok(Vec::new());
    }
    let query = "SELECT total_exec_time, total_plan_time, calls, rows, query FROM pg_stat_statements
                 WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
                 ORDER BY total_exec_time + total_plan_time DESC LIMIT $1";
    let rows: Vec<Cost> = sqlx::query_as(query).bind(NAMED_MAX).fetch_all(admin).await?;
    Ok(rows.iter().map(|cost| cost.line(reports)).collect())
}

/// The same on stderr, for the progress.
pub async fn say(admin: &PgPool, things: f64) -> Result<()> {
    costliest(admin, things).await?.iter().for_each(|line| eprintln!("  {line}"));
    Ok(())
}

async fn counting(admin: &PgPool) -> Result<bool> {
    let query = "SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements')";
    Ok(sqlx::query_scalar(query).fetch_one(admin).await?)
}

/// What one statement took since counting began.
#[derive(sqlx::FromRow)]
struct Cost {
    total_exec_time: f64,
    total_plan_time: f64,
    calls: i64,
    rows: i64,
    query: String,
}

impl Cost {
    fn line(&self, reports: f64) -> String {
        let text: String =
            self.query.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(TEXT_MAX).collect();
        let us = |ms: f64| ms * 1_000.0 / reports;
        let (calls, rows) = (self.calls as f64 / reports, self.rows as f64 / self.calls as f64);
        format!(
            "{:7.1} us, {:5.1} us of planning and {calls:.3} calls each, {rows:.1} rows a call: {text}",
            us(self.total_exec_time),
            us(self.total_plan_time)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_cost_frequency_and_statement() {
        let cost = Cost {
            total_exec_time: 2.0,
            total_plan_time: 0.5,
            calls: 10,
            rows: 50,
            query: "SELECT 1\n    FROM t".to_owned(),
        };
        let expected =
            "   20.0 us,   5.0 us of planning and 0.100 calls each, 5.0 rows a call: SELECT 1 FROM t";
        assert_eq!(cost.line(100.0), expected);
    }
}
