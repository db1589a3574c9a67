//! The record: what came of attempts, in one transaction for all that have ended. One verdict a delivery.
//!
//! Fenced by state and attempt number: an attempt whose lease ended, and that somebody sent again, is no longer
//! ours to judge.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use ids::TenantId;
use jiff::Timestamp;
use messaging::NewEvent;
use pg::{ScopedTx, TenantScope, crash};
use wakeups::Wakeup;

use super::fan_out::KIND;
use super::{Room, claim};
use crate::core::outcome::Outcome;
use crate::core::schedule::{self, DISABLED_AFTER, Next};
use crate::desk::Seat;
use crate::store::Key;
use crate::store::attempts::{self, Ended};
use crate::store::deliveries::{self, Delivery, Settled};
use crate::store::health::{self, Health};
use crate::tenants::EndpointId;

/// An attempt that has ended.
pub struct Finished {
    /// The delivery.
    pub key: Key,
    /// Which attempt.
    pub n: i32,
    /// Where.
    pub endpoint: EndpointId,
    /// By which address.
    pub url: String,
    /// What came of it.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
    /// Given back once recorded.
    pub seat: Seat,
}

/// Records attempts; what fails is tried again by the caller with the same attempts.
pub async fn record(room: &Room, finished: &[Finished]) -> Result<(), pg::Error> {
    if finished.is_empty() {
        return Ok(());
    }
    let streets: BTreeSet<TenantId> = finished.iter().map(|attempt| attempt.key.0).collect();
    let owners: BTreeSet<TenantId> = finished.iter().map(|attempt| attempt.endpoint.tenant).collect();
    let mut tx = room.house.pool.begin(TenantScope::of_subjects(streets).with_district(owners)).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let verdicts = settle(room, &mut tx, now, finished).await?;
    judge_endpoints(room, &mut tx, now, finished).await?;
    tx.commit().await?;
    crash::point("notification.after_record");
    verdicts.into_iter().for_each(|verdict| room.events.verdict(verdict));
    room.house.committed();
    Ok(())
}

async fn settle(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    finished: &[Finished],
) -> Result<Vec<&'static str>, pg::Error> {
    let by_key: BTreeMap<Key, &Finished> = finished.iter().map(|attempt| (attempt.key, attempt)).collect();
    let keys: Vec<Key> = by_key.keys().copied().collect();
    let (mut ended, mut settled) = (Vec::new(), Vec::new());
    let (mut armed, mut disarmed) = (Vec::new(), Vec::new());
    let (mut events, mut verdicts) = (Vec::<NewEvent>::new(), Vec::new());
    for delivery in deliveries::lock(tx, &keys).await? {
        let attempt = by_key[&delivery.key];
        if delivery.state != "sending" || delivery.attempts != attempt.n {
            continue;
        }
        ended.push(end_of(attempt));
        let (tenant, subject_id) = delivery.key;
        match what_next(room, &delivery, attempt, now) {
            Next::Again(due_at) => {
                settled.push(again(&delivery, attempt, due_at));
                armed.push(Wakeup { tenant, kind: KIND, subject_id, due_at });
            }
            Next::Delivered => {
                settled.push(Settled {
                    state: "delivered",
                    reason: None,
                    ..claim::dead_letter(&delivery, "", now)
                });
                events.push(claim::event(room, now, &delivery, None));
                disarmed.push(delivery.key);
                verdicts.push("delivered");
            }
            Next::DeadLetter(reason) => {
                settled.push(claim::dead_letter(&delivery, reason, now));
                events.push(claim::event(room, now, &delivery, Some(reason)));
                disarmed.push(delivery.key);
                verdicts.push("dead_lettered");
            }
        }
    }
    attempts::end(tx, &ended).await?;
    deliveries::settle(tx, &settled).await?;
    wakeups::arm(tx, &armed).await?;
    wakeups::disarm(tx, KIND, &disarmed).await?;
    room.house.outbox.append(tx, &events).await?;
    Ok(verdicts)
}

fn what_next(room: &Room, delivery: &Delivery, attempt: &Finished, now: Timestamp) -> Next {
    let in_series = u32::try_from(delivery.attempts - delivery.uncounted).unwrap_or(1);
    let jitter = u32::from_be_bytes(room.house.minter.random());
    schedule::next(in_series, &attempt.outcome, now, jitter, room.retry_divisor)
}

fn again(delivery: &Delivery, attempt: &Finished, due_at: Timestamp) -> Settled {
    Settled {
        key: delivery.key,
        state: "pending",
        reason: None,
        uncounted: delivery.uncounted + i32::from(attempt.outcome == Outcome::NotSent),
        verdicts: delivery.verdicts,
        next_attempt_at: Some(due_at),
        decided_at: None,
    }
}

fn end_of(attempt: &Finished) -> Ended {
    Ended {
        key: attempt.key,
        n: attempt.n,
        outcome: attempt.outcome.code(),
        status: attempt.outcome.status().and_then(|status| i16::try_from(status).ok()),
        duration_ms: i32::try_from(attempt.took.as_millis()).unwrap_or(i32::MAX),
    }
}

/// A success forgets an endpoint's failures; 410, or five days without one, disables its address.
async fn judge_endpoints(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    finished: &[Finished],
) -> Result<(), pg::Error> {
    let asked = || finished.iter().filter(|attempt| attempt.outcome != Outcome::NotSent);
    let working: BTreeSet<&EndpointId> =
        asked().filter(|attempt| attempt.outcome.success()).map(|attempt| &attempt.endpoint).collect();
    let failing: BTreeMap<&EndpointId, &Finished> = asked()
        .filter(|attempt| !working.contains(&attempt.endpoint))
        .map(|attempt| (&attempt.endpoint, attempt))
        .collect();
    let gone: BTreeSet<&EndpointId> =
        asked().filter(|attempt| attempt.outcome.gone()).map(|attempt| &attempt.endpoint).collect();
    health::forget(tx, &working.iter().map(|endpoint| (*endpoint).clone()).collect::<Vec<_>>()).await?;
    let known =
        health::of(tx, &failing.keys().map(|endpoint| (*endpoint).clone()).collect::<Vec<_>>()).await?;
    for (endpoint, attempt) in failing {
        let before = known.iter().find(|health| health.endpoint == *endpoint && health.url == attempt.url);
        let after = failed(endpoint, &attempt.url, before, gone.contains(endpoint), now);
        if let (Some(_), None) = (after.disabled_at, before.and_then(|health| health.disabled_at)) {
            let reason = if gone.contains(endpoint) { "gone" } else { "no-success" };
            room.events.endpoint_disabled(endpoint.tenant, &endpoint.key, reason);
        }
        if before != Some(&after) {
            health::keep(tx, &after).await?;
        }
    }
    Ok(())
}

fn failed(endpoint: &EndpointId, url: &str, before: Option<&Health>, gone: bool, now: Timestamp) -> Health {
    let failing_since = before.and_then(|health| health.failing_since).unwrap_or(now);
    let disable = gone || failing_since.duration_until(now) >= DISABLED_AFTER;
    Health {
        endpoint: endpoint.clone(),
        url: url.to_owned(),
        failing_since: Some(failing_since),
        disabled_at: before.and_then(|health| health.disabled_at).or(disable.then_some(now)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_disabled_by_410_at_once_and_by_failure_after_five_days() {
        let endpoint = EndpointId { tenant: "990102000000".parse().unwrap(), key: "transport".into() };
        let start: Timestamp = "2026-11-23T02:00:00Z".parse().unwrap();
        let first = failed(&endpoint, "https://a.example/", None, false, start);
        assert_eq!((first.failing_since, first.disabled_at), (Some(start), None));
        let later = |hours| start + jiff::SignedDuration::from_hours(hours);
        assert_eq!(
            failed(&endpoint, "https://a.example/", Some(&first), false, later(119)).disabled_at,
            None
        );
        let off = failed(&endpoint, "https://a.example/", Some(&first), false, later(120));
        assert_eq!(off.disabled_at, Some(later(120)));
        assert_eq!(failed(&endpoint, "https://a.example/", Some(&off), true, later(200)), off);
        assert_eq!(failed(&endpoint, "https://a.example/", None, true, start).disabled_at, Some(start));
    }
}
