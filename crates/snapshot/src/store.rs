//! All SQL of this crate.

pub(crate) mod exports;
pub(crate) mod removals;

use contract::document::Header;
use pg::ScopedTx;

/// A head that moved.
pub(crate) struct Head {
    pub tenant_id: i64,
    pub revision: i64,
}

/// A stored document.
pub(crate) struct Stored {
    pub tenant_id: i64,
    pub body: Vec<u8>,
}

pub(crate) async fn keep_document(
    tx: &mut ScopedTx,
    header: &Header,
    body: &[u8],
) -> Result<bool, pg::Error> {
    let kept = sqlx::query!(
        "INSERT INTO tenant_documents (tenant_id, part, generation, body) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, part) DO UPDATE SET generation = excluded.generation, body = excluded.body
         WHERE excluded.generation > tenant_documents.generation",
        header.tenant.as_i64(),
        header.part.as_str(),
        header.generation as i64,
        body,
    )
    .execute(&mut **tx)
    .await?;
    Ok(kept.rows_affected() == 1)
}

/// Takes the row lock that orders revisions until the transaction ends.
pub(crate) async fn next_revision(tx: &mut ScopedTx) -> Result<i64, pg::Error> {
    let revision =
        sqlx::query_scalar!("UPDATE document_revision SET revision = revision + 1 RETURNING revision")
            .fetch_one(&mut **tx)
            .await?;
    Ok(revision)
}

pub(crate) async fn keep_head(tx: &mut ScopedTx, header: &Header, revision: i64) -> Result<(), pg::Error> {
    let kept = sqlx::query!(
        "INSERT INTO document_heads (tenant_id, part, generation, revision) VALUES ($1, $2, $3, $4)
         ON CONFLICT (tenant_id, part) DO UPDATE
             SET generation = excluded.generation, revision = excluded.revision",
        header.tenant.as_i64(),
        header.part.as_str(),
        header.generation as i64,
        revision,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("keeping a document head", kept.rows_affected(), 1)
}

pub(crate) async fn heads_after(tx: &mut ScopedTx, revision: i64) -> Result<Vec<Head>, pg::Error> {
    let heads = sqlx::query_as!(
        Head,
        "SELECT tenant_id, revision FROM document_heads WHERE revision > $1 ORDER BY revision",
        revision,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(heads)
}

pub(crate) async fn documents_of(
    tx: &mut ScopedTx,
    tenants: &[i64],
    parts: &[String],
) -> Result<Vec<Stored>, pg::Error> {
    let documents = sqlx::query_as!(
        Stored,
        "SELECT tenant_id, body FROM tenant_documents WHERE tenant_id = ANY($1) AND part = ANY($2)",
        tenants,
        parts,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(documents)
}
