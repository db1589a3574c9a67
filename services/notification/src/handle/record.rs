//! The record: what came of attempts, in one transaction for all that have ended. One verdict a delivery.
//!
//! Fenced by state and attempt number: an attempt whose lease ended, and that somebody sent again, is no longer
//! ours to judge.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
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
use crate::desk::InHand;
use crate::store::Key;
use crate::store::attempts::{self, Ended};
use crate::store::deliveries::{self, Delivery, Settled};
use crate::store::health::{self, Health};
use crate::tenants::{EndpointId, Target};

/// An attempt that has ended.
pub struct Finished {
    /// The delivery.
    pub key: Key,
    /// Which attempt.
    pub n: i32,
    /// Where.
    pub endpoint: EndpointId,
    /// By which address.
    pub target: Arc<Target>,
    /// When it was claimed.
    pub claimed_at: Timestamp,
    /// What came of it.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
    /// Given back once recorded.
    pub in_hand: Option<InHand>,
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

/// A drill is in no indicator (D26).
fn counted(delivery: &Delivery, verdict: &'static str) -> Option<&'static str> {
    (!delivery.drill).then_some(verdict)
}

async fn settle(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    finished: &[Finished],
) -> Result<Vec<&'static str>, pg::Error> {
    let by_key = last_of_each(finished);
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
                verdicts.extend(counted(&delivery, "delivered"));
            }
            Next::DeadLetter(reason) => {
                settled.push(claim::dead_letter(&delivery, reason, now));
                events.push(claim::event(room, now, &delivery, Some(reason)));
                disarmed.push(delivery.key);
                verdicts.extend(counted(&delivery, "dead_lettered"));
            }
        }
    }
    if settled.is_empty() {
        return Ok(verdicts);
    }
    attempts::enter(tx, &ended).await?;
    deliveries::settle(tx, &settled).await?;
    wakeups::arm(tx, &armed).await?;
    wakeups::disarm(tx, KIND, &disarmed).await?;
    room.house.outbox.append(tx, &events).await?;
    Ok(verdicts)
}

/// An attempt that was lost and the one after it may end in one batch: only the later is ours to judge.
fn last_of_each(finished: &[Finished]) -> BTreeMap<Key, &Finished> {
    let mut last: BTreeMap<Key, &Finished> = BTreeMap::new();
    for attempt in finished {
        let known = last.entry(attempt.key).or_insert(attempt);
        if known.n < attempt.n {
            *known = attempt;
        }
    }
    last
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
        started_at: attempt.claimed_at,
        outcome: attempt.outcome.code(),
        status: attempt.outcome.status().and_then(|status| i16::try_from(status).ok()),
        duration_ms: Some(i32::try_from(attempt.took.as_millis()).unwrap_or(i32::MAX)),
    }
}

/// What a batch says about addresses: a success forgets failures, 410 outweighs any success beside it.
struct Judgement<'a> {
    working: BTreeSet<Address<'a>>,
    /// With whether the receiver asked never to be told again.
    failing: BTreeMap<Address<'a>, bool>,
}

/// An endpoint and its address at the time of the attempt.
type Address<'a> = (&'a EndpointId, &'a str);

impl<'a> Judgement<'a> {
    fn of(finished: &'a [Finished]) -> Self {
        let mut judged = Self { working: BTreeSet::new(), failing: BTreeMap::new() };
        for attempt in finished.iter().filter(|attempt| attempt.outcome != Outcome::NotSent) {
            let address = (&attempt.endpoint, &*attempt.target.text);
            if attempt.outcome.success() {
                judged.working.insert(address);
            } else {
                *judged.failing.entry(address).or_default() |= attempt.outcome.gone();
            }
        }
        let Self { working, failing } = &mut judged;
        failing.retain(|address, gone| *gone || !working.contains(address));
        working.retain(|address| !failing.contains_key(address));
        judged
    }
}

/// Keeps what a batch says about addresses; 410, or five days without a success, disables one.
async fn judge_endpoints(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    finished: &[Finished],
) -> Result<(), pg::Error> {
    let Judgement { working, failing } = Judgement::of(finished);
    let working: Vec<(EndpointId, String)> =
        working.into_iter().map(|(endpoint, url)| (endpoint.clone(), url.to_owned())).collect();
    health::worked(tx, &working).await?;
    let known =
        health::of(tx, &failing.keys().map(|(endpoint, _)| (*endpoint).clone()).collect::<Vec<_>>()).await?;
    for ((endpoint, url), gone) in failing {
        let before = known.iter().find(|health| health.endpoint == *endpoint && health.url == url);
        let after = failed(endpoint, url, before, gone, now);
        if let (Some(_), None) = (after.disabled_at, before.and_then(|health| health.disabled_at)) {
            let reason = if gone { "gone" } else { "no-success" };
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

    fn finished(key: &str, url: &str, n: i32, outcome: Outcome) -> Finished {
        let tenant = "990102000000".parse().unwrap();
        Finished {
            key: (tenant, uuid::Uuid::nil()),
            n,
            endpoint: EndpointId { tenant, key: key.into() },
            target: Arc::new(Target::new(url)),
            claimed_at: "2026-11-23T02:00:00Z".parse().unwrap(),
            outcome,
            took: Duration::ZERO,
            in_hand: None,
        }
    }

    fn answered(status: u16) -> Outcome {
        Outcome::Answered { status, retry_after: None }
    }

    #[test]
    fn gone_outweighs_a_success_of_the_same_address_and_of_no_other() {
        let (old, new) = ("https://a.example/old", "https://a.example/new");
        for statuses in [[410, 200], [200, 410]] {
            let batch = statuses.map(|status| finished("transport", old, 1, answered(status)));
            let judged = Judgement::of(&batch);
            assert!(judged.working.is_empty());
            assert_eq!(judged.failing.values().collect::<Vec<_>>(), [&true]);
        }
        let batch = [
            finished("transport", old, 1, answered(410)),
            finished("transport", new, 1, answered(200)),
            finished("police", old, 1, answered(500)),
            finished("police", old, 2, answered(200)),
            finished("sleepy", old, 2, Outcome::NotSent),
        ];
        let judged = Judgement::of(&batch);
        let named = |(endpoint, url): &Address<'_>| (endpoint.key.clone(), (*url).to_owned());
        let working: Vec<_> = judged.working.iter().map(named).collect();
        assert_eq!(
            working,
            [("police".to_owned(), old.to_owned()), ("transport".to_owned(), new.to_owned())]
        );
        let failing: Vec<_> = judged.failing.keys().map(named).collect();
        assert_eq!(failing, [("transport".to_owned(), old.to_owned())]);
    }

    #[test]
    fn of_two_attempts_of_one_delivery_the_later_counts() {
        for numbers in [[1, 2], [2, 1]] {
            let batch = numbers.map(|n| finished("transport", "https://a.example/", n, answered(200)));
            assert_eq!(last_of_each(&batch).values().map(|last| last.n).collect::<Vec<_>>(), [2]);
        }
    }

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
