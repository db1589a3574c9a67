//! SQL of daily partitions and of rows that have served their time.

use pg::ScopedTx;

/// The database's day (UTC), and so many days from it.
pub(crate) async fn make_day(tx: &mut ScopedTx, parent: &str, ahead: i32) -> Result<bool, pg::Error> {
    let made = sqlx::query_scalar!(
        r#"SELECT make_day_partition($1, (clock_timestamp() AT TIME ZONE 'UTC')::date + $2::int) AS "made!""#,
        parent,
        ahead,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(made)
}

/// Days of a table's partitions that are older than they have to be kept, oldest first.
pub(crate) async fn days_beyond(
    tx: &mut ScopedTx,
    parent: &str,
    kept_days: i32,
) -> Result<Vec<jiff_sqlx::Date>, pg::Error> {
    let days = sqlx::query_scalar!(
        r#"SELECT to_date(right(child.relname, 8), 'YYYYMMDD') AS "day!"
           FROM pg_inherits JOIN pg_class child ON child.oid = inhrelid
           WHERE inhparent = to_regclass($1)
               AND child.relname ~ '_[0-9]{8}$'
               AND to_date(right(child.relname, 8), 'YYYYMMDD')
                   < (clock_timestamp() AT TIME ZONE 'UTC')::date - $2::int
           ORDER BY 1"#,
        parent,
        kept_days,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(days)
}

/// Drops the partition of one day.
pub(crate) async fn drop_day(
    tx: &mut ScopedTx,
    parent: &str,
    day: jiff_sqlx::Date,
    kept_days: i32,
) -> Result<bool, pg::Error> {
    let dropped = sqlx::query_scalar!(
        r#"SELECT drop_day_partition($1, $2, $3) AS "dropped!""#,
        parent,
        day as _,
        kept_days,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(dropped)
}

/// Removes a bounded number of rows that have served their time; returns how many.
pub(crate) async fn remove_old(tx: &mut ScopedTx) -> Result<i64, pg::Error> {
    let removed = sqlx::query_scalar!(r#"SELECT housekeeping() AS "removed!""#).fetch_one(&mut **tx).await?;
    Ok(removed)
}
