//! `console.tracking`: an infrastructure table, readable before the tenant is known.

use std::collections::BTreeMap;

use ids::TenantId;
use pg::ScopedTx;
use uuid::Uuid;

use super::Key;

/// Enters hashes of codes; a known one stays as it is.
pub(crate) async fn enter(tx: &mut ScopedTx, codes: &BTreeMap<[u8; 32], Key>) -> Result<(), pg::Error> {
    if codes.is_empty() {
        return Ok(());
    }
    let hashes: Vec<&[u8]> = codes.keys().map(|hash| &hash[..]).collect();
    let tenants: Vec<i64> = codes.values().map(|(tenant, _)| tenant.as_i64()).collect();
    let reports: Vec<Uuid> = codes.values().map(|(_, report_id)| *report_id).collect();
    sqlx::query!(
        "INSERT INTO console.tracking (code_sha256, tenant_id, report_id)
         SELECT * FROM UNNEST($1::bytea[], $2::bigint[], $3::uuid[])
         ON CONFLICT (code_sha256) DO NOTHING",
        &hashes as &[&[u8]],
        &tenants,
        &reports,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// Whose report a code is of.
pub(crate) async fn find(tx: &mut ScopedTx, code_sha256: &[u8]) -> Result<Option<Key>, pg::Error> {
    let row = sqlx::query!(
        "SELECT tenant_id, report_id FROM console.tracking WHERE code_sha256 = $1",
        code_sha256,
    )
    .fetch_optional(&mut **tx)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let tenant = TenantId::from_i64(row.tenant_id);
    let tenant = tenant.map_err(|_| pg::Error::impossible_row("tracking.tenant_id"))?;
    Ok(Some((tenant, row.report_id)))
}
