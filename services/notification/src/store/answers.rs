//! `answers`: what a door answered to an idempotency key (D19).

use ids::{IdempotencyKey, TenantId};
use jiff::{SignedDuration, Timestamp};
use pg::ScopedTx;

/// How long an answer is kept.
const KEPT: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Old answers of a principal removed when it gets a new one: more than it adds, so they do not pile up.
const FORGOTTEN_MAX: i64 = 20;

/// Whose key on which route.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The street.
    pub tenant: TenantId,
    /// The caller.
    pub principal: &'a str,
    /// The path behind the street.
    pub route: &'a str,
    /// The key.
    pub key: IdempotencyKey,
}

/// The answer given before, as bytes of JSON.
pub async fn find(tx: &mut ScopedTx, scope: &Scope<'_>) -> Result<Option<Vec<u8>>, pg::Error> {
    let body = sqlx::query_scalar!(
        "SELECT body FROM notification.answers
         WHERE tenant_id = $1 AND principal = $2 AND route = $3 AND key = $4",
        scope.tenant.as_i64(),
        scope.principal,
        scope.route,
        scope.key.0,
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(body)
}

/// Keeps an answer in the transaction of its effect.
pub async fn keep(
    tx: &mut ScopedTx,
    scope: &Scope<'_>,
    body: &[u8],
    now: Timestamp,
) -> Result<(), pg::Error> {
    let kept = sqlx::query!(
        "INSERT INTO notification.answers (tenant_id, principal, route, key, body, answered_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
        scope.tenant.as_i64(),
        scope.principal,
        scope.route,
        scope.key.0,
        body,
        jiff_sqlx::Timestamp::from(now) as jiff_sqlx::Timestamp,
    )
    .execute(&mut **tx)
    .await?;
    pg::rows_affected("keeping an answer", kept.rows_affected(), 1)
}

/// Removes some of a principal's answers that have been kept long enough. Rows another one is removing are left.
pub async fn forget_old(tx: &mut ScopedTx, scope: &Scope<'_>, now: Timestamp) -> Result<(), pg::Error> {
    let before = now.saturating_sub(KEPT).map_err(|error| pg::Error::broken("subtracting days", error))?;
    sqlx::query!(
        "DELETE FROM notification.answers a
         USING (SELECT tenant_id, principal, route, key FROM notification.answers
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
