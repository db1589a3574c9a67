//! SQL of removals. What changes them runs as the schema's owner, inside functions of the migration.

use pg::ScopedTx;
use sqlx::PgConnection;

/// A row of `removals`.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub removed_id: i64,
    pub district_id: i64,
    pub generation: i64,
    pub revision: i64,
    pub begun_at: jiff_sqlx::Timestamp,
    pub key_destroyed_at: Option<jiff_sqlx::Timestamp>,
    pub rows_removed: i64,
    pub messages_dropped: i64,
    pub done_at: Option<jiff_sqlx::Timestamp>,
}

pub(crate) async fn ever(owner: &mut PgConnection) -> Result<Vec<i64>, sqlx::Error> {
    sqlx::query_scalar!("SELECT removed_id FROM removals").fetch_all(owner).await
}

pub(crate) async fn begin(
    tx: &mut ScopedTx,
    removed: i64,
    district: i64,
    generation: i64,
) -> Result<bool, pg::Error> {
    let begun =
        sqlx::query_scalar!(r#"SELECT begin_removal($1, $2, $3) AS "begun!""#, removed, district, generation)
            .fetch_one(&mut **tx)
            .await?;
    Ok(begun)
}

/// Which generation of a tenant was the last to be removed.
pub(crate) async fn generation(tx: &mut ScopedTx, removed: i64) -> Result<Option<i64>, pg::Error> {
    let generation = sqlx::query_scalar!("SELECT generation FROM removals WHERE removed_id = $1", removed)
        .fetch_optional(&mut **tx)
        .await?;
    Ok(generation)
}

pub(crate) async fn after(tx: &mut ScopedTx, revision: i64) -> Result<Vec<Row>, pg::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"SELECT removed_id, district_id, generation, revision, begun_at AS "begun_at: _",
               key_destroyed_at AS "key_destroyed_at: _", rows_removed, messages_dropped, done_at AS "done_at: _"
           FROM removals WHERE revision > $1"#,
        revision,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows)
}

pub(crate) async fn one(tx: &mut ScopedTx, removed: i64) -> Result<Option<Row>, pg::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"SELECT removed_id, district_id, generation, revision, begun_at AS "begun_at: _",
               key_destroyed_at AS "key_destroyed_at: _", rows_removed, messages_dropped, done_at AS "done_at: _"
           FROM removals WHERE removed_id = $1"#,
        removed,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(row)
}

/// Those not done yet, and those done within the last hour; nobody of them onboarded again.
pub(crate) async fn open(tx: &mut ScopedTx) -> Result<Vec<(i64, bool)>, pg::Error> {
    let rows = sqlx::query!(
        r#"SELECT removed_id, done_at IS NOT NULL AS "done!" FROM removals r
           WHERE (done_at IS NULL OR done_at > clock_timestamp() - interval '1 hour')
               AND NOT EXISTS (SELECT FROM document_heads h
                   WHERE h.tenant_id = r.removed_id AND h.generation > r.generation)
           ORDER BY revision"#,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows.into_iter().map(|row| (row.removed_id, row.done)).collect())
}

pub(crate) async fn remove_rows(
    tx: &mut ScopedTx,
    removed: i64,
    rows_max: i32,
) -> Result<Option<i64>, pg::Error> {
    let gone = sqlx::query_scalar!("SELECT remove_tenant_rows($1, $2)", removed, rows_max)
        .fetch_one(&mut **tx)
        .await?;
    Ok(gone)
}

pub(crate) async fn dropped(tx: &mut ScopedTx, removed: i64, messages: i64) -> Result<(), pg::Error> {
    sqlx::query_scalar!("SELECT drop_messages($1, $2)", removed, messages).fetch_one(&mut **tx).await?;
    Ok(())
}

pub(crate) async fn end(tx: &mut ScopedTx, removed: i64) -> Result<bool, pg::Error> {
    let ended =
        sqlx::query_scalar!(r#"SELECT end_removal($1) AS "ended!""#, removed).fetch_one(&mut **tx).await?;
    Ok(ended)
}
