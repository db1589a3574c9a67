//! What happened to orders, in the order the relay sealed it: the position of an event is the cursor of those who
//! watch (D25).

use contract::EventType;
use ids::TenantId;
use pg::ScopedTx;

/// One sealed event of an order.
pub(crate) struct Change {
    pub position: i64,
    pub event_type: EventType,
    /// As published.
    pub payload: Vec<u8>,
}

/// The last position of a street; 0 before its first.
pub(crate) async fn last(tx: &mut ScopedTx, street: TenantId) -> Result<i64, pg::Error> {
    let last = sqlx::query_scalar!(
        r#"SELECT first_position + cardinality(event_ids) - 1 AS "last!"
           FROM dispatch.seals WHERE tenant_id = $1 ORDER BY n DESC LIMIT 1"#,
        street.as_i64(),
    )
    .fetch_optional(&mut **tx)
    .await?;
    Ok(last.unwrap_or(0))
}

/// The changes after a position, at most so many; with them the position read up to, which events that are no
/// order's move on too, and those of days the journal no longer keeps.
pub(crate) async fn after(
    tx: &mut ScopedTx,
    street: TenantId,
    position: i64,
    limit: i64,
) -> Result<(Vec<Change>, i64), pg::Error> {
    let rows = sqlx::query!(
        r#"SELECT e.position AS "position!", j.event_type AS "event_type?", j.payload AS "payload?"
           FROM (
               SELECT s.tenant_id, u.id, s.first_position + u.nth - 1 AS position
               FROM (SELECT tenant_id, first_position, event_ids FROM dispatch.seals
                     WHERE tenant_id = $1 AND first_position >= coalesce(
                         (SELECT max(first_position) FROM dispatch.seals
                          WHERE tenant_id = $1 AND first_position <= $2::bigint + 1), 1)
                     ORDER BY first_position LIMIT $3) s
               CROSS JOIN LATERAL UNNEST(s.event_ids) WITH ORDINALITY AS u (id, nth)
               WHERE s.first_position + u.nth - 1 > $2::bigint
               ORDER BY position LIMIT $3
           ) e
           LEFT JOIN dispatch.journal j ON j.tenant_id = e.tenant_id AND j.id = e.id
           ORDER BY e.position"#,
        street.as_i64(),
        position,
        limit,
    )
    .fetch_all(&mut **tx)
    .await?;
    let up_to = rows.last().map_or(position, |row| row.position);
    let mut changes = Vec::with_capacity(rows.len());
    for row in rows {
        let (Some(event_type), Some(payload)) = (row.event_type, row.payload) else { continue };
        if event_type.starts_with("dispatch.order.") {
            let event_type =
                event_type.parse().map_err(|_| pg::Error::impossible_row("journal.event_type"))?;
            changes.push(Change { position: row.position, event_type, payload });
        }
    }
    Ok((changes, up_to))
}
