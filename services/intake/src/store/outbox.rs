//! How full the way out is.

use pg::ScopedTx;

/// Rows waiting for the relay; counting stops at `rows_max`.
pub(crate) async fn rows_up_to(tx: &mut ScopedTx, rows_max: i64) -> Result<i64, pg::Error> {
    let rows = sqlx::query_scalar!(
        r#"SELECT count(*) AS "rows!" FROM (SELECT FROM intake.outbox_pending LIMIT $1) AS pending"#,
        rows_max,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(rows)
}
