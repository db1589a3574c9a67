//! First attempts without a claim. The fan-out enters a delivery as being sent, with its lease, and *offers* the job to
//! the desk before it commits. Here the offers are held against what is committed: only then they are sent.
//!
//! What was not committed under that very lease (rolled back, done again, done by another process) is dropped after a
//! while. A process that dies in between leaves a lease, which ends like any other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use ids::TenantId;
use jiff::Timestamp;
use pg::{ScopedTx, TenantScope};

use super::claim::{LEASE, disabled};
use super::{Room, secrets::SecretError};
use crate::core::signature::Signer;
use crate::desk::{FirstTold, Job, Seat};
use crate::store::{Key, deliveries, deliveries::NewDelivery};
use crate::tenants::{EndpointId, Target};

/// How long a look may take; a connection that died unheard is not waited on for ever.
const LOOK_WITHIN: Duration = Duration::from_secs(5);

/// What a new delivery needs to be sent at once.
pub(super) struct Ready {
    target: Arc<Target>,
    signer: Arc<Signer>,
    seat: Seat,
}

/// Marks those as being sent that can be sent now; the others wait for a claim. A fault of secrets holds nothing up
/// here: the claim meets it again, alone.
pub(super) async fn ready(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    new: &mut [NewDelivery],
) -> Result<BTreeMap<Key, Ready>, pg::Error> {
    let named = new.iter().filter(|delivery| delivery.suppressed.is_none());
    let endpoints: BTreeSet<EndpointId> = named.filter_map(|delivery| delivery.endpoint.clone()).collect();
    if endpoints.is_empty() {
        return Ok(BTreeMap::new());
    }
    let disabled = disabled(tx, endpoints.clone()).await?;
    let signers = match room.secrets.opened(tx, now, &endpoints.iter().collect()).await {
        Ok(signers) => signers,
        Err(SecretError::Database(error)) => return Err(error),
        Err(SecretError::Seal(_) | SecretError::Closed) => return Ok(BTreeMap::new()),
    };
    let view = room.house.snapshot.view();
    let mut ready = BTreeMap::new();
    for delivery in new.iter_mut().filter(|delivery| delivery.suppressed.is_none()) {
        let Some(endpoint) = &delivery.endpoint else { continue };
        let target = view.street(delivery.key.0).and_then(|street| street.of.target(endpoint));
        let (Some(target), Some(signer)) = (target, signers.get(endpoint)) else { continue };
        if disabled.contains(&(endpoint.clone(), target.text.clone())) {
            continue;
        }
        if let Ok(seat) = room.desk.seat_for_new(endpoint, delivery.payload.len()) {
            delivery.lease_until = Some(now + LEASE);
            ready.insert(delivery.key, Ready { target: target.clone(), signer: signer.clone(), seat });
        }
    }
    Ok(ready)
}

/// Offers what was entered; the seats of what was not are given back.
pub(super) fn offer(room: &Room, now: Timestamp, sent: &[NewDelivery], mut ready: BTreeMap<Key, Ready>) {
    let job = |delivery: &NewDelivery| {
        let Ready { target, signer, seat } = ready.remove(&delivery.key)?;
        Some(Job {
            key: delivery.key,
            n: 1,
            endpoint: delivery.endpoint.clone()?,
            target,
            signer,
            payload: delivery.payload.clone(),
            traceparent: delivery.traceparent.clone(),
            claimed_at: now,
            first: FirstTold::of(&delivery.event_type, delivery.source_event_id, delivery.drill, 1, now),
            seat,
        })
    };
    room.desk.offer(sent.iter().filter_map(job).collect());
}

/// Tells offers apart: those that are committed, and those that are not, or not yet.
pub async fn committed(
    room: &Room,
    offered: Vec<Job>,
) -> Result<(Vec<Job>, Vec<Job>), (pg::Error, Vec<Job>)> {
    if offered.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    match pg::within(LOOK_WITHIN, under_way(room, &offered)).await {
        // By lease: of a transaction that was rolled back and its repetition, only one made what stands there.
        Ok(mut under_way) => Ok(offered.into_iter().partition(|job| under_way.remove(&lease(job)))),
        Err(error) => Err((error, offered)),
    }
}

/// Which delivery, and until when it is this offer's.
fn lease(job: &Job) -> (Key, Timestamp) {
    (job.key, job.claimed_at + LEASE)
}

async fn under_way(room: &Room, offered: &[Job]) -> Result<BTreeSet<(Key, Timestamp)>, pg::Error> {
    let streets: BTreeSet<TenantId> = offered.iter().map(|job| job.key.0).collect();
    let mut tx = room.house.pool.begin(TenantScope::of_subjects(streets)).await?;
    let leases: Vec<(Key, Timestamp)> = offered.iter().map(lease).collect();
    let under_way = deliveries::under_way(&mut tx, &leases).await?;
    tx.commit().await?;
    Ok(under_way.into_iter().collect())
}
