//! Keeping a document: only forward.

use contract::document::Header;
use pg::ScopedTx;

use crate::store;

/// Keeps a document if it is newer than the one known, in the caller's transaction (scoped to its tenant).
/// Returns whether it was newer.
pub async fn keep(tx: &mut ScopedTx, header: &Header, body: &[u8]) -> Result<bool, pg::Error> {
    if !store::keep_document(tx, header, body).await? {
        return Ok(false);
    }
    let revision = store::next_revision(tx).await?;
    store::keep_head(tx, header, revision).await?;
    Ok(true)
}
