//! Which tables are read most and how often is committed, by Postgres' own counters: the first place to look when a
//! report costs too much.

use std::collections::BTreeMap;

use anyhow::Result;
use sqlx::PgPool;

/// Rows read so far: by scanning the table, and through an index.
pub type Reads = BTreeMap<String, (i64, i64)>;

/// Tables named, the most read first.
const NAMED_MAX: usize = 6;

/// The counters of all tables. A backend tells of its reads within a second of coming to rest.
pub async fn of(admin: &PgPool) -> Result<Reads> {
    let query = "SELECT schemaname || '.' || relname, coalesce(seq_tup_read, 0), coalesce(idx_tup_fetch, 0)
                 FROM pg_stat_user_tables";
    let rows: Vec<(String, i64, i64)> = sqlx::query_as(query).fetch_all(admin).await?;
    Ok(rows.into_iter().map(|(table, scanned, fetched)| (table, (scanned, fetched))).collect())
}

/// Transactions committed so far, those that only read included.
pub async fn commits(admin: &PgPool) -> Result<i64> {
    let query = "SELECT xact_commit FROM pg_stat_database WHERE datname = current_database()";
    Ok(sqlx::query_scalar(query).fetch_one(admin).await?)
}

/// Rows read between two looks, per report: `dispatch.wakeups 310 scanned + 5 by index`.
pub fn per_report(before: &Reads, after: &Reads, reports: f64) -> Vec<String> {
    let since = |(table, (scanned, fetched)): (&String, &(i64, i64))| {
        let (scanned_before, fetched_before) = before.get(table).copied().unwrap_or_default();
        (scanned - scanned_before, fetched - fetched_before, table.clone())
    };
    let mut reads: Vec<(i64, i64, String)> = after.iter().map(since).collect();
    reads.sort_by_key(|(scanned, fetched, _)| std::cmp::Reverse(scanned + fetched));
    let named = reads.into_iter().take(NAMED_MAX).filter(|(scanned, fetched, _)| scanned + fetched > 0);
    let words = |(scanned, fetched, table): (i64, i64, String)| {
        let (scanned, fetched) = (scanned as f64 / reports, fetched as f64 / reports);
        format!("{table} {scanned:.1} scanned + {fetched:.1} by index")
    };
    named.map(words).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_read_tables_come_first() {
        let reads = |rows: &[(&str, i64, i64)]| -> Reads {
            rows.iter().map(|(table, scanned, fetched)| ((*table).to_owned(), (*scanned, *fetched))).collect()
        };
        let before = reads(&[("a.x", 100, 0), ("a.y", 0, 5)]);
        let after = reads(&[("a.x", 110, 20), ("a.y", 0, 5), ("a.z", 0, 900)]);
        let expected = ["a.z 0.0 scanned + 90.0 by index", "a.x 1.0 scanned + 2.0 by index"];
        assert_eq!(per_report(&before, &after, 10.0), expected);
    }
}
