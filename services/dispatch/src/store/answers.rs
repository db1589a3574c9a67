//! `dispatch.answers`: what a door answered to an idempotency key (D19).

use ids::{IdempotencyKey, TenantId};
use jiff::{SignedDuration, Timestamp};
use pg::ScopedTx;

/// How long an answer is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Old answers of a principal removed when it gets a new one: more than it adds, so they do not pile up.
const FORGOTTEN_MAX: i64 = 20;

/// Whose key on which route.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scope<'a> {
    pub tenant: TenantId,
    pub principal: &'a str,
    pub route: &'a str,
    pub key: IdempotencyKey,
}

/// An answer as given.
#[derive(Debug, Clone)]
pub(crate) struct StoredAnswer {
    pub request_sha256: Vec<u8>,
    pub version: i64,
    pub body: Vec<u8>,
}

pub(crate) async fn find(tx: &mut ScopedTx, scope: &Scope<'_>) -> Result<Option<StoredAnswer>, pg::Error> {
    let answer = sqlx::query_as!(
        StoredAnswer,
        "SELECT request_sha256, version, body FROM dispatch.answers
         WHERE tenant_id = $1 AND principal = $2 AND route = $3 AND key = $4",
        scope.tenant.as_i64(),
        scope.principal,
        scope.route,
        scope.key.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(answer)
}

pub(crate) async fn keep(
    tx: &mut ScopedTx,
    scope: &Scope<'_>,
    answer: &StoredAnswer,
    now: Timestamp,
) -> Result<(), pg::Error> {
    let kept = sqlx::query!(
        "INSERT INTO dispatch.answers (tenant_id, principal, route, key, request_sha256, version, body, answered_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        scope.tenant.as_i64(),
        scope.principal,
        scope.route,
        scope.key.0,
        answer.request_sha256,
        answer.version,
        answer.body,
        jiff_sqlx::Timestamp::from(now) as jiff_sqlx::Timestamp,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("keeping an answer", kept.rows_affected(), 1)
}

/// Removes some of a principal's answers that have been kept long enough. Rows another one is removing are left.
pub(crate) async fn forget_old(
    tx: &mut ScopedTx,
    scope: &Scope<'_>,
    now: Timestamp,
) -> Result<(), pg::Error> {
    let before = now.saturating_sub(KEPT).map_err(|error| pg::Error::broken("subtracting days", error))?;
    sqlx::query!(
        "DELETE FROM dispatch.answers a
         USING (SELECT tenant_id, principal, route, key FROM dispatch.answers
                WHERE tenant_id = $1 AND principal = $2 AND answered_at < $3
                LIMIT $4 FOR UPDATE SKIP LOCKED) old
         WHERE a.tenant_id = old.tenant_id AND a.principal = old.principal AND a.route = old.route AND a.key = old.key",
        scope.tenant.as_i64(),
        scope.principal,
        jiff_sqlx::Timestamp::from(before) as jiff_sqlx::Timestamp,
        FORGOTTEN_MAX,
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}
