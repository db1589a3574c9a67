//! Reading deliveries for people: one tenant, the caller's bodies, newest first, bounded.

use ids::TenantId;
use pg::ScopedTx;
use uuid::Uuid;

/// A delivery as shown.
pub struct Shown {
    /// Its id: the `webhook-id`.
    pub id: Uuid,
    /// Type of the event that is told.
    pub event_type: String,
    /// The event.
    pub source_event_id: Uuid,
    /// The case; of a report that has none the report's own id.
    pub case_id: Uuid,
    /// The report, if it is about one that has no case.
    pub report_id: Option<Uuid>,
    /// The order, if any.
    pub order_id: Option<Uuid>,
    /// Who is told.
    pub body: String,
    /// Who owns the endpoint.
    pub endpoint_tenant_id: Option<i64>,
    /// The endpoint's key there.
    pub endpoint_key: Option<String>,
    /// pending, sending, delivered, dead_lettered or suppressed.
    pub state: String,
    /// Why, for dead_lettered and suppressed.
    pub reason: Option<String>,
    /// A rehearsal.
    pub drill: bool,
    /// When the event was heard.
    pub created_at: jiff_sqlx::Timestamp,
    /// When it is tried next.
    pub next_attempt_at: Option<jiff_sqlx::Timestamp>,
    /// When the verdict fell.
    pub decided_at: Option<jiff_sqlx::Timestamp>,
}

/// What to show.
pub struct Filter<'a> {
    /// The street.
    pub tenant: TenantId,
    /// The caller's bodies; `None` for all (D8).
    pub bodies: Option<&'a [String]>,
    /// One state only.
    pub state: Option<&'a str>,
    /// One case only.
    pub case_id: Option<Uuid>,
    /// One report only.
    pub report_id: Option<Uuid>,
    /// Those before this one.
    pub before: Option<Uuid>,
    /// At most this many.
    pub limit: i64,
}

/// The newest first.
pub async fn newest(tx: &mut ScopedTx, filter: &Filter<'_>) -> Result<Vec<Shown>, pg::Error> {
    let rows = sqlx::query_as!(
        Shown,
        r#"SELECT d.id, d.event_type, d.source_event_id, d.case_id, d.report_id, d.order_id, d.body,
                  d.endpoint_tenant_id, d.endpoint_key, d.state, d.reason, d.drill, d.created_at AS "created_at!", d.next_attempt_at, d.decided_at
           FROM notification.deliveries d
           WHERE d.tenant_id = $1
             AND ($2::text[] IS NULL OR d.body = ANY($2))
             AND ($3::text IS NULL OR d.state = $3)
             AND ($4::uuid IS NULL OR (d.case_id = $4 AND d.report_id IS NULL))
             AND ($7::uuid IS NULL OR (d.case_id = $7 AND d.report_id = $7))
             AND ($5::uuid IS NULL OR (d.created_at, d.id) < (
                 SELECT c.created_at, c.id FROM notification.deliveries c WHERE c.tenant_id = $1 AND c.id = $5))
           ORDER BY d.created_at DESC, d.id DESC
           LIMIT $6"#,
        filter.tenant.as_i64(),
        filter.bodies as Option<&[String]>,
        filter.state,
        filter.case_id,
        filter.before,
        filter.limit,
        filter.report_id,
    )
    .fetch_all(&mut **tx)
    .await?;
    Ok(rows)
}

/// Whether the caller may see this delivery: what a cursor must name.
pub async fn visible(
    tx: &mut ScopedTx,
    tenant: TenantId,
    bodies: Option<&[String]>,
    id: Uuid,
) -> Result<bool, pg::Error> {
    let seen = sqlx::query_scalar!(
        r#"SELECT EXISTS (
               SELECT FROM notification.deliveries
               WHERE tenant_id = $1 AND id = $2 AND ($3::text[] IS NULL OR body = ANY($3))) AS "seen!""#,
        tenant.as_i64(),
        id,
        bodies as Option<&[String]>,
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(seen)
}
