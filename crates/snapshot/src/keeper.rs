//! Keeping a document: only forward. A tombstone is kept as the beginning of a removal.

use contract::document::Header;
use pg::ScopedTx;

use crate::store;

/// Keeps a document if it is newer than the one known, in the caller's transaction (scoped to its tenant).
/// Returns whether it was newer; what a removal has put an end to is not.
pub async fn keep(tx: &mut ScopedTx, header: &Header, body: &[u8]) -> Result<bool, pg::Error> {
    let (tenant, generation) = (header.tenant.as_i64(), header.generation as i64);
    if header.removed {
        let district = header.parent.unwrap_or(header.tenant);
        return store::removals::begin(tx, tenant, district.as_i64(), generation).await;
    }
    if store::removals::generation(tx, tenant).await?.is_some_and(|removed| generation <= removed) {
        return Ok(false);
    }
    if !store::keep_document(tx, header, body).await? {
        return Ok(false);
    }
    let revision = store::next_revision(tx).await?;
    store::keep_head(tx, header, revision).await?;
    Ok(true)
}
