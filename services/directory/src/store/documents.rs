//! Reading the newest documents. They are written by crate `snapshot`, in the same transaction.

use contract::document::Part;
use ids::TenantId;
use pg::ScopedTx;

/// A document as it travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stored {
    pub generation: i64,
    pub body: Vec<u8>,
}

/// One part of a tenant.
pub(crate) async fn one(
    tx: &mut ScopedTx,
    tenant: TenantId,
    part: Part,
) -> Result<Option<Stored>, pg::Error> {
    let found = sqlx::query_as!(
        Stored,
        "SELECT generation, body FROM directory.tenant_documents WHERE tenant_id = $1 AND part = $2",
        tenant.as_i64(),
        part.as_str(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(found)
}

/// Core and people of every street of a district.
pub(crate) async fn of_streets(tx: &mut ScopedTx, district: TenantId) -> Result<Vec<Vec<u8>>, pg::Error> {
    let found = sqlx::query_scalar!(
        "SELECT d.body
         FROM directory.tenants t
         JOIN directory.tenant_documents d ON d.tenant_id = t.tenant_id
         WHERE t.district_id = $1 AND t.kind = 'street' AND d.part IN ('core', 'people')
         ORDER BY d.tenant_id, d.part",
        district.as_i64(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(found)
}

/// What a manifest says of a tenant: every part but the classifier, which is published by itself.
pub(crate) async fn of_manifest(tx: &mut ScopedTx, tenant: TenantId) -> Result<Vec<Vec<u8>>, pg::Error> {
    let found = sqlx::query_scalar!(
        "SELECT body FROM directory.tenant_documents WHERE tenant_id = $1 AND part <> 'classifier' ORDER BY part",
        tenant.as_i64(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(found)
}

/// The names of the parts that a tenant has.
pub(crate) async fn parts(tx: &mut ScopedTx, tenant: TenantId) -> Result<Vec<String>, pg::Error> {
    let found = sqlx::query_scalar!(
        "SELECT part FROM directory.tenant_documents WHERE tenant_id = $1 ORDER BY part",
        tenant.as_i64(),
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(found)
}
