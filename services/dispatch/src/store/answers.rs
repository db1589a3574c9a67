//! `dispatch.answers`: what a door answered to an idempotency key (D19). What is older than seven days is forgotten by the
//! housekeeping of the schema, many at once.

use ids::{IdempotencyKey, TenantId};
use jiff::Timestamp;
use pg::ScopedTx;

use super::column;

/// Whose key on which route.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Scope {
    pub tenant: TenantId,
    pub principal: String,
    pub route: String,
    pub key: IdempotencyKey,
}

/// An answer as given.
#[derive(Debug, Clone)]
pub(crate) struct StoredAnswer {
    pub request_sha256: Vec<u8>,
    pub version: i64,
    pub body: Vec<u8>,
}

/// The answers there are to these requests.
pub(crate) async fn find(
    tx: &mut ScopedTx,
    scopes: &[Scope],
) -> Result<Vec<(Scope, StoredAnswer)>, pg::Error> {
    let rows = sqlx::query!(
        "SELECT a.tenant_id, a.principal, a.route, a.key, a.request_sha256, a.version, a.body
         FROM UNNEST($1::bigint[], $2::text[], $3::text[], $4::uuid[]) AS k (tenant_id, principal, route, key)
         CROSS JOIN LATERAL (SELECT * FROM dispatch.answers a WHERE a.tenant_id = k.tenant_id
             AND a.principal = k.principal AND a.route = k.route AND a.key = k.key LIMIT 1) a",
        &column(scopes, |scope| scope.tenant.as_i64()),
        &column(scopes, |scope| scope.principal.clone()),
        &column(scopes, |scope| scope.route.clone()),
        &column(scopes, |scope| scope.key.0),
    )
    .fetch_all(&mut **tx)
    .await?;
    let read = rows.into_iter().map(|row| {
        let tenant = TenantId::from_i64(row.tenant_id);
        let tenant = tenant.map_err(|_| pg::Error::impossible_row("answers.tenant_id"))?;
        let scope =
            Scope { tenant, principal: row.principal, route: row.route, key: IdempotencyKey(row.key) };
        let (request_sha256, version, body) = (row.request_sha256, row.version, row.body);
        Ok((scope, StoredAnswer { request_sha256, version, body }))
    });
    read.collect()
}

pub(crate) async fn keep(
    tx: &mut ScopedTx,
    added: &[(&Scope, &StoredAnswer)],
    now: Timestamp,
) -> Result<(), pg::Error> {
    let kept = sqlx::query!(
        "INSERT INTO dispatch.answers (tenant_id, principal, route, key, request_sha256, version, body, answered_at)
         SELECT n.*, $8 FROM UNNEST($1::bigint[], $2::text[], $3::text[], $4::uuid[], $5::bytea[], $6::bigint[],
             $7::bytea[]) AS n",
        &column(added, |(scope, _)| scope.tenant.as_i64()),
        &column(added, |(scope, _)| scope.principal.clone()),
        &column(added, |(scope, _)| scope.route.clone()),
        &column(added, |(scope, _)| scope.key.0),
        &column(added, |(_, answer)| answer.request_sha256.clone()),
        &column(added, |(_, answer)| answer.version),
        &column(added, |(_, answer)| answer.body.clone()),
        jiff_sqlx::Timestamp::from(now) as jiff_sqlx::Timestamp,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("keeping answers", kept.rows_affected(), added.len())
}
