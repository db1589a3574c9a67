//! I11: every tenant's chain of seals continues, recomputes from the journal, and holds each event once.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use ids::TenantId;
use messaging::chain::{self, Content};
use sqlx::{AssertSqlSafe, PgPool, Row};
use uuid::Uuid;

use super::Violation;

pub(super) async fn check(admin: &PgPool, service: &str) -> Result<Vec<Violation>> {
    let contents = contents(admin, service).await?;
    let seals = format!("SELECT * FROM {service}.seals ORDER BY tenant_id, n");
    let mut broken = Vec::new();
    let mut say = |tenant: i64, n: i64, what: &str| {
        let found = format!("{service} tenant {tenant} seal {n}: {what}");
        broken.push(Violation { invariant: "I11", found });
    };
    let mut sealed = BTreeSet::new();
    let (mut tenant, mut n, mut position, mut head) = (0i64, 0i64, 1i64, chain::GENESIS);
    for row in sqlx::query(AssertSqlSafe(seals)).fetch_all(admin).await? {
        let of: i64 = row.get("tenant_id");
        if of != tenant {
            (tenant, n, position, head) = (of, 0, 1, chain::GENESIS);
        }
        let ids: Vec<Uuid> = row.get("event_ids");
        let stated: i64 = row.get("n");
        if stated != n + 1 {
            say(tenant, stated, "a seal before it is missing");
        }
        if row.get::<i64, _>("first_position") != position {
            say(tenant, stated, "positions have a gap");
        }
        if row.get::<Vec<u8>, _>("prev") != head {
            say(tenant, stated, "does not continue the chain");
        }
        let of_events: Vec<[u8; 32]> =
            ids.iter().filter_map(|id| contents.get(&(tenant, *id)).copied()).collect();
        let root = chain::root(
            &row.get::<Vec<u8>, _>("prev").try_into().unwrap_or(head),
            of_events.iter().map(|c| &c[..]),
        );
        if row.get::<Vec<u8>, _>("root") != root || of_events.len() != ids.len() {
            say(tenant, stated, "does not recompute from the journal");
        }
        for id in &ids {
            if !sealed.insert((tenant, *id)) {
                say(tenant, stated, "holds an event that was sealed before");
            }
        }
        let head_bytes: Vec<u8> = row.get("root");
        head = head_bytes.try_into().map_err(|_| anyhow::anyhow!("a root has 32 bytes"))?;
        (n, position) = (stated, row.get::<i64, _>("first_position") + ids.len() as i64);
    }
    for (tenant, id) in contents.keys().filter(|key| !sealed.contains(*key)) {
        say(*tenant, 0, &format!("event {id} is not sealed"));
    }
    broken.truncate(10);
    Ok(broken)
}

/// The hash of every journal row, computed anew.
async fn contents(admin: &PgPool, service: &str) -> Result<BTreeMap<(i64, Uuid), [u8; 32]>> {
    let query = format!(
        "SELECT tenant_id, id, event_type, aggregate_id, version, actor, purpose, payload,
                (extract(epoch FROM at) * 1000000)::bigint AS at_us FROM {service}.journal"
    );
    let mut contents = BTreeMap::new();
    for row in sqlx::query(AssertSqlSafe(query)).fetch_all(admin).await? {
        let (tenant, id): (i64, Uuid) = (row.get("tenant_id"), row.get("id"));
        let (event_type, actor): (String, String) = (row.get("event_type"), row.get("actor"));
        let (purpose, payload): (Option<String>, Vec<u8>) = (row.get("purpose"), row.get("payload"));
        let hash = chain::content_sha256(&Content {
            id,
            event_type: &event_type,
            tenant: TenantId::from_i64(tenant).context("a tenant has 12 digits")?,
            aggregate_id: row.get("aggregate_id"),
            version: row.get::<i64, _>("version") as u64,
            at: jiff::Timestamp::from_microsecond(row.get("at_us"))?,
            actor: &actor,
            purpose: purpose.as_deref(),
            payload: &payload,
        });
        contents.insert((tenant, id), hash);
    }
    Ok(contents)
}
