//! SQL of taking a tenant's rows out.

use pg::ScopedTx;

/// A row as JSON, and where it stands.
pub(crate) struct Row {
    pub key: serde_json::Value,
    pub content: serde_json::Value,
}

pub(crate) async fn page(
    tx: &mut ScopedTx,
    table: &str,
    tenant: i64,
    after: Option<&serde_json::Value>,
    rows_max: i32,
    left_out: &[String],
) -> Result<Vec<Row>, pg::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT key AS "key!", content AS "content!" FROM export_page($1, $2, $3, $4, $5)"#,
        table,
        tenant,
        after,
        rows_max,
        left_out,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows)
}
