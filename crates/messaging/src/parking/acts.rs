//! What a person does with a parked message, and the journal row that says who and why.

use contract::topology;
use ids::TenantId;
use pg::{DbClock, Minter, Pool, TenantScope};
use uuid::Uuid;

use super::parked;
use crate::chain;
use crate::relay::shard_of;
use crate::store::audit::{self, NewEntry};

/// What to do with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Act {
    /// Its consumer applies it again, under the same message id.
    Replay,
    /// It is never applied.
    Discard,
}

impl Act {
    /// The last word of the journal's event type.
    const fn past(self) -> &'static str {
        match self {
            Act::Replay => "replayed",
            Act::Discard => "discarded",
        }
    }
}

/// Who decided, and why.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The principal's subject.
    pub actor: String,
    /// In the person's own words; no personal data.
    pub why: String,
    /// W3C trace context of the request.
    pub traceparent: String,
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum ActRefused {
    /// No unsettled message has this id.
    #[error("no such parked message")]
    Unknown,
    /// The database failed.
    #[error("acting on a parked message: {0}")]
    Database(#[from] pg::Error),
}

/// Marks a parked message and journals the act, in one transaction. A message that names no tenant belongs to no
/// chain: who and why then stand in its own row only.
pub async fn act(
    service: &str,
    pool: &Pool,
    clock: &dyn DbClock,
    minter: &Minter,
    id: Uuid,
    act: Act,
    decision: &Decision,
) -> Result<(), ActRefused> {
    let mut tx = pool.begin(TenantScope::of_claim()).await?;
    let now = clock.now(&mut tx).await?;
    let row = parked::lock(&mut tx, id).await?.ok_or(ActRefused::Unknown)?;
    let marked = match act {
        Act::Replay => parked::ask_replay(&mut tx, id, &decision.actor, &decision.why).await?,
        Act::Discard => parked::discard(&mut tx, id, &decision.actor, &decision.why).await?,
    };
    pg::rows_affected("acting on a parked message", marked, 1)?;
    if let Some(tenant) = row.tenant_id.and_then(|tenant| TenantId::from_i64(tenant).ok()) {
        tx.narrow_to_claimed([tenant]).await?;
        let event_type = format!("{service}.message.{}", act.past());
        let version = row.acts as u64 + 1;
        let entry_id = minter.mint(now);
        let content_sha256 = chain::content_sha256(&chain::Content {
            id: entry_id,
            event_type: &event_type,
            tenant,
            aggregate_id: id,
            version,
            at: now,
            actor: &decision.actor,
            purpose: Some(&decision.why),
            payload: row.consumer.as_bytes(),
        });
        let entry = NewEntry {
            tenant_id: tenant.as_i64(),
            id: entry_id,
            at: now,
            event_type,
            aggregate_id: id,
            version: version as i64,
            actor: &decision.actor,
            purpose: &decision.why,
            traceparent: &decision.traceparent,
            payload: row.consumer.as_bytes(),
            content_sha256,
            // A service without a relay keeps the entry and seals nothing, as with all its rows.
            shard: topology::PUBLISHERS.contains(&service).then(|| shard_of(tenant)),
        };
        audit::enter(&mut tx, &entry).await?;
    }
    tx.commit().await?;
    Ok(())
}
