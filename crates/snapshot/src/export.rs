//! Taking a whole tenant out, table by table and page by page, in the order of the primary key.

use ids::TenantId;
use pg::{Pool, TenantScope};
use serde_json::Value;

use crate::store::exports;

/// A page of one table.
#[derive(Debug, Clone, PartialEq)]
pub struct Page {
    /// Rows as JSON objects, columns by name.
    pub rows: Vec<Value>,
    /// The key of the last row, for the page after it; nothing on the last page.
    pub next: Option<Value>,
}

/// A page of a tenant's rows, for somebody who was admitted; `left_out` are columns that stay.
///
/// # Errors
/// Data, where `after` is no key of that table.
pub async fn page(
    pool: &Pool,
    tenant: TenantId,
    table: &str,
    after: Option<&Value>,
    rows_max: u16,
    left_out: &[&str],
) -> Result<Page, pg::Error> {
    let left_out: Vec<String> = left_out.iter().map(|column| (*column).to_owned()).collect();
    let mut tx = pool.begin(TenantScope::of_principal([tenant])).await?;
    let found = exports::page(&mut tx, table, tenant.as_i64(), after, i32::from(rows_max), &left_out).await?;
    tx.commit().await?;
    let full = found.len() == usize::from(rows_max);
    let next = found.last().filter(|_| full).map(|row| row.key.clone());
    Ok(Page { rows: found.into_iter().map(|row| row.content).collect(), next })
}
