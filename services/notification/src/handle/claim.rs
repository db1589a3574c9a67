//! The claim: due deliveries get a lease and an attempt number, and become jobs. Nothing is sent in here.
//!
//! Number and lease stand in the delivery's row; the wake-up is re-armed at the end of the lease. A process that dies after this commit loses nothing: the
//! lease ends, the attempt is called lost, and the same bytes are sent again under the same id.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use contract::EventType;
use jiff::{SignedDuration, Timestamp};
use messaging::NewEvent;
use pg::ScopedTx;
use snapshot::View;
use wakeups::{FireError, Wakeup};

use super::Room;
use super::fan_out::KIND;
use super::secrets::SecretError;
use super::verdict::Verdict;
use crate::core::schedule::SCHEDULE_S;
use crate::core::signature::Signer;
use crate::desk::{FirstTold, Job, Seat};
use crate::store::attempts::{self, Ended};
use crate::store::deliveries::{self, Delivery, Settled};
use crate::store::{Key, health};
use crate::tenants::{EndpointId, Street, Target};

/// An attempt that is not recorded by then is lost. Well above the 4 s it may wait for a slot and the 15 s it may
/// take, so that a record that is tried again still comes in time.
pub(super) const LEASE: SignedDuration = SignedDuration::from_secs(30);
/// A street whose documents are not here yet is looked at again after this.
const NO_DOCUMENT_PAUSE: Duration = Duration::from_secs(1);
/// An endpoint whose secret does not open is looked at again after this.
const NO_SECRET_PAUSE: Duration = Duration::from_secs(60);
/// A delivery that somebody has in hand is looked at again after this, unless they say otherwise.
const BUSY_PAUSE: Duration = Duration::from_secs(1);

enum Step {
    Done,
    Later(Duration),
    GiveUp(&'static str),
    Send { target: Arc<Target>, seat: Seat },
}

/// Claims what is due.
pub async fn claim(room: &Room, tx: &mut ScopedTx, now: Timestamp, due: &[Wakeup]) -> Result<(), FireError> {
    let view = room.house.snapshot.view();
    let keys: Vec<Key> = due.iter().map(|wakeup| (wakeup.tenant, wakeup.subject_id)).collect();
    let found = deliveries::lock_free(tx, &keys).await?;
    let endpoints = found.iter().filter_map(|(delivery, _)| delivery.endpoint.clone()).collect();
    let disabled = disabled(tx, endpoints).await?;
    let mut plan = Plan::default();
    let mut busy: BTreeSet<Key> = keys.into_iter().collect();
    for (delivery, payload) in found {
        busy.remove(&delivery.key);
        let step = step(room, &view, &disabled, &delivery, payload.len());
        plan.add(delivery, payload, step);
    }
    plan.later.extend(busy.into_iter().map(|key| (key, BUSY_PAUSE)));
    let signers = signers(room, tx, now, &plan).await?;
    plan.leave_out_unsigned(&signers);
    wakeups::disarm(tx, KIND, &plan.over).await?;
    wakeups::arm(tx, &plan.wakeups(now)).await?;
    let lost = plan.lost();
    attempts::enter(tx, &lost).await?;
    room.events.attempts_lost(lost.len());
    give_up(room, tx, now, plan.given_up).await?;
    let jobs = begin(tx, now, plan.sent, &signers).await?;
    room.desk.stage(jobs);
    Ok(())
}

/// A delivery on its way out: its endpoint, the address of now, and a seat there.
struct Sending {
    delivery: Delivery,
    payload: Bytes,
    endpoint: EndpointId,
    target: Arc<Target>,
    seat: Seat,
}

#[derive(Default)]
struct Plan {
    later: Vec<(Key, Duration)>,
    given_up: Vec<(Delivery, &'static str)>,
    sent: Vec<Sending>,
    /// Those that need no wake-up any more.
    over: Vec<Key>,
}

impl Plan {
    fn add(&mut self, delivery: Delivery, payload: Bytes, step: Step) {
        match (step, delivery.endpoint.clone()) {
            (Step::Send { target, seat }, Some(endpoint)) => {
                self.sent.push(Sending { delivery, payload, endpoint, target, seat });
            }
            (Step::Later(pause), _) => self.later.push((delivery.key, pause)),
            (Step::GiveUp(reason), _) => {
                self.over.push(delivery.key);
                self.given_up.push((delivery, reason));
            }
            (Step::Done | Step::Send { .. }, _) => self.over.push(delivery.key),
        }
    }

    /// What cannot be signed is not sent; its seat is given back.
    fn leave_out_unsigned(&mut self, signers: &BTreeMap<EndpointId, Arc<Signer>>) {
        let (signed, unsigned): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.sent).into_iter().partition(|sent| signers.contains_key(&sent.endpoint));
        self.sent = signed;
        self.later.extend(unsigned.iter().map(|sent| (sent.delivery.key, NO_SECRET_PAUSE)));
    }

    /// Attempts whose lease has ended, of deliveries that are moved on now. One that has to wait keeps its attempt:
    /// it would be entered as lost a second time.
    fn lost(&self) -> Vec<Ended> {
        let moved = self.sent.iter().map(|sent| &sent.delivery);
        let moved = moved.chain(self.given_up.iter().map(|(delivery, _)| delivery));
        moved.filter(|delivery| delivery.state == "sending").map(lost).collect()
    }

    fn wakeups(&self, now: Timestamp) -> Vec<Wakeup> {
        let wakeup = |(tenant, subject_id): Key, due_at| Wakeup { tenant, kind: KIND, subject_id, due_at };
        let later = self.later.iter().map(|(key, pause)| wakeup(*key, now + *pause));
        later.chain(self.sent.iter().map(|sent| wakeup(sent.delivery.key, now + LEASE))).collect()
    }
}

/// The attempt that was under way when its process died: it may or may not have been received.
fn lost(delivery: &Delivery) -> Ended {
    let lease_end = delivery.next_attempt_at.expect("a check holds: one that is being sent has a lease");
    Ended {
        key: delivery.key,
        n: delivery.attempts,
        started_at: lease_end - LEASE,
        outcome: "lost",
        status: None,
        duration_ms: None,
    }
}

/// What is to be done with one delivery: the state and the documents of now decide.
fn step(
    room: &Room,
    view: &View<Street>,
    disabled: &BTreeSet<(EndpointId, String)>,
    delivery: &Delivery,
    bytes: usize,
) -> Step {
    let (true, Some(endpoint)) = (matches!(&*delivery.state, "pending" | "sending"), &delivery.endpoint)
    else {
        return Step::Done;
    };
    let Some(street) = view.street(delivery.key.0) else { return Step::Later(NO_DOCUMENT_PAUSE) };
    let Some(target) = street.of.target(endpoint) else { return Step::GiveUp("endpoint-removed") };
    if disabled.contains(&(endpoint.clone(), target.text.clone())) {
        return Step::GiveUp("endpoint-disabled");
    }
    if (delivery.attempts - delivery.uncounted) as usize >= SCHEDULE_S.len() {
        return Step::GiveUp("attempts-exhausted");
    }
    match room.desk.seat(endpoint, bytes) {
        Ok(seat) => Step::Send { target: target.clone(), seat },
        Err(pause) => Step::Later(pause),
    }
}

pub(super) async fn disabled(
    tx: &mut ScopedTx,
    endpoints: BTreeSet<EndpointId>,
) -> Result<BTreeSet<(EndpointId, String)>, pg::Error> {
    let known = health::of(tx, &endpoints.into_iter().collect::<Vec<_>>()).await?;
    let disabled = known.into_iter().filter(|health| health.disabled_at.is_some());
    Ok(disabled.map(|health| (health.endpoint, health.url)).collect())
}

async fn give_up(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    given_up: Vec<(Delivery, &'static str)>,
) -> Result<(), FireError> {
    if given_up.is_empty() {
        return Ok(());
    }
    let settled: Vec<Settled> = given_up.iter().map(|(d, reason)| dead_letter(d, reason, now)).collect();
    deliveries::settle(tx, &settled).await?;
    let events: Vec<NewEvent> =
        given_up.iter().map(|(d, reason)| event(room, now, d, Some(reason))).collect();
    room.house.outbox.append(tx, &events).await?;
    given_up.iter().filter(|(d, _)| !d.drill).for_each(|_| room.events.verdict("dead_lettered"));
    Ok(())
}

async fn signers(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    plan: &Plan,
) -> Result<BTreeMap<EndpointId, Arc<Signer>>, FireError> {
    let endpoints: BTreeSet<&EndpointId> = plan.sent.iter().map(|sent| &sent.endpoint).collect();
    match room.secrets.opened(tx, now, &endpoints).await {
        Ok(signers) => Ok(signers),
        Err(SecretError::Database(error)) => Err(error.into()),
        Err(error @ (SecretError::Seal(_) | SecretError::Closed)) => {
            Err(FireError::Broken(error.to_string()))
        }
    }
}

async fn begin(
    tx: &mut ScopedTx,
    now: Timestamp,
    sent: Vec<Sending>,
    signers: &BTreeMap<EndpointId, Arc<Signer>>,
) -> Result<Vec<Job>, FireError> {
    if sent.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<Key> = sent.iter().map(|sent| sent.delivery.key).collect();
    deliveries::start_sending(tx, &keys, now + LEASE).await?;
    let job = |Sending { delivery, payload, endpoint, target, seat }| {
        let signer = signers.get(&endpoint).cloned();
        let signer = signer.ok_or_else(|| pg::Error::impossible_row("endpoint_secrets.sealed"))?;
        let Delivery { key, attempts, traceparent, source_event_id, event_type, drill, .. } = delivery;
        let n = attempts + 1;
        let first = FirstTold::of(&event_type, source_event_id, drill, n, now);
        Ok(Job { key, n, endpoint, target, signer, payload, traceparent, claimed_at: now, first, seat })
    };
    let jobs = sent.into_iter().map(job).collect::<Result<Vec<_>, pg::Error>>()?;
    Ok(jobs)
}

pub(super) fn dead_letter(delivery: &Delivery, reason: &str, now: Timestamp) -> Settled {
    Settled {
        key: delivery.key,
        state: "dead_lettered",
        reason: Some(reason.to_owned()),
        uncounted: delivery.uncounted,
        verdicts: delivery.verdicts + 1,
        next_attempt_at: None,
        decided_at: Some(now),
    }
}

/// Delivered, or dead-lettered with a reason. Verdicts fall by the clock: nobody asks for them.
pub(super) fn event(room: &Room, now: Timestamp, delivery: &Delivery, reason: Option<&str>) -> NewEvent {
    let verdict = Verdict {
        key: delivery.key,
        event_type: if reason.is_some() {
            EventType::DeliveryDeadLettered
        } else {
            EventType::DeliveryDelivered
        },
        lane: delivery.lane,
        drill: delivery.drill,
        case_id: delivery.case_id,
        report_id: delivery.report_id,
        order_id: delivery.order_id,
        body: delivery.body.clone(),
        endpoint: delivery.endpoint.as_ref(),
        about: &delivery.event_type,
        attempts: delivery.attempts - delivery.uncounted,
        reason: reason.unwrap_or_default(),
        traceparent: &delivery.traceparent,
        version: delivery.verdicts + 1,
        actor: "clock".to_owned(),
    };
    verdict.event(&room.house.minter, now)
}
