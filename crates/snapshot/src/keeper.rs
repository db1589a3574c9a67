//! Keeping a document: only forward.

use contract::document::Header;
use pg::ScopedTx;

use crate::store::{self, removals as removal};

/// Keeps a document if it is newer than the one known, in the caller's transaction (scoped to its tenant).
/// Returns whether it was newer. One that says that its tenant is removed is kept as just that.
pub async fn keep(tx: &mut ScopedTx, header: &Header, body: &[u8]) -> Result<bool, pg::Error> {
    if header.removed {
        return removal::keep(tx, header).await;
    }
    if removal::generation(tx, header.tenant).await?.is_some_and(|gone| gone >= header.generation) {
        return Ok(false);
    }
    if !store::keep_document(tx, header, body).await? {
        return Ok(false);
    }
    let revision = store::next_revision(tx).await?;
    store::keep_head(tx, header, revision).await?;
    Ok(true)
}
