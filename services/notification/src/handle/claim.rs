//! The claim: due deliveries get a lease and an attempt number, and become jobs. Nothing is sent in here.
//!
//! The wake-up is re-armed at the end of the lease. A process that dies after this commit loses nothing: the
//! lease ends, the attempt is called lost, and the same bytes are sent again under the same id.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

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
use crate::core::signature::Secret;
use crate::desk::{Job, Seat};
use crate::store::deliveries::{self, Delivery, Settled};
use crate::store::{Key, attempts, health};
use crate::tenants::{EndpointId, Street};

/// An attempt that is not recorded by then is lost: longer than an attempt and its wait for a slot together.
const LEASE: SignedDuration = SignedDuration::from_secs(20);
/// A street whose documents are not here yet is looked at again after this.
const NO_DOCUMENT_PAUSE: Duration = Duration::from_secs(1);
/// An endpoint whose secret does not open is looked at again after this.
const NO_SECRET_PAUSE: Duration = Duration::from_secs(60);

enum Step {
    Done,
    Later(Duration),
    GiveUp(&'static str),
    Send { url: String, seat: Seat },
}

/// Claims what is due.
pub async fn claim(room: &Room, tx: &mut ScopedTx, now: Timestamp, due: &[Wakeup]) -> Result<(), FireError> {
    let view = room.house.snapshot.view();
    let keys: Vec<Key> = due.iter().map(|wakeup| (wakeup.tenant, wakeup.subject_id)).collect();
    let found = deliveries::lock(tx, &keys).await?;
    let disabled = disabled(tx, &found).await?;
    let mut plan = Plan::default();
    for delivery in found {
        let step = step(room, &view, &disabled, &delivery);
        plan.add(delivery, step);
    }
    let secrets = secrets(room, tx, now, &plan).await?;
    plan.leave_out_unsigned(&secrets);
    let open: BTreeSet<Key> = plan.open().collect();
    let over: Vec<Key> = keys.into_iter().filter(|key| !open.contains(key)).collect();
    wakeups::disarm(tx, KIND, &over).await?;
    wakeups::arm(tx, &plan.wakeups(now)).await?;
    room.events.attempts_lost(attempts::lose(tx, &plan.lost).await?);
    give_up(room, tx, now, plan.given_up).await?;
    let jobs = begin(tx, now, plan.sent, &secrets).await?;
    room.desk.stage(jobs);
    Ok(())
}

/// A delivery with its endpoint, the address of now, and a seat there.
type Sending = (Delivery, EndpointId, String, Seat);

#[derive(Default)]
struct Plan {
    lost: Vec<Key>,
    later: Vec<(Key, Duration)>,
    given_up: Vec<(Delivery, &'static str)>,
    sent: Vec<Sending>,
}

impl Plan {
    fn add(&mut self, delivery: Delivery, step: Step) {
        // A claimed row in this state: the attempt's lease has ended.
        if delivery.state == "sending" {
            self.lost.push(delivery.key);
        }
        match (step, delivery.endpoint.clone()) {
            (Step::Send { url, seat }, Some(endpoint)) => self.sent.push((delivery, endpoint, url, seat)),
            (Step::Later(pause), _) => self.later.push((delivery.key, pause)),
            (Step::GiveUp(reason), _) => self.given_up.push((delivery, reason)),
            (Step::Done | Step::Send { .. }, _) => {}
        }
    }

    /// What cannot be signed is not sent; its seat is given back.
    fn leave_out_unsigned(&mut self, secrets: &BTreeMap<EndpointId, Secret>) {
        let (signed, unsigned) =
            std::mem::take(&mut self.sent).into_iter().partition(|sent| secrets.contains_key(&sent.1));
        self.sent = signed;
        let later = |sent: Sending| (sent.0.key, NO_SECRET_PAUSE);
        self.later.extend(Vec::<Sending>::into_iter(unsigned).map(later));
    }

    /// Those that stay armed.
    fn open(&self) -> impl Iterator<Item = Key> + '_ {
        self.later.iter().map(|(key, _)| *key).chain(self.sent.iter().map(|sent| sent.0.key))
    }

    fn wakeups(&self, now: Timestamp) -> Vec<Wakeup> {
        let wakeup = |(tenant, subject_id): Key, due_at| Wakeup { tenant, kind: KIND, subject_id, due_at };
        let later = self.later.iter().map(|(key, pause)| wakeup(*key, now + *pause));
        later.chain(self.sent.iter().map(|sent| wakeup(sent.0.key, now + LEASE))).collect()
    }
}

/// What is to be done with one delivery: the state and the documents of now decide.
fn step(
    room: &Room,
    view: &View<Street>,
    disabled: &BTreeSet<(EndpointId, String)>,
    delivery: &Delivery,
) -> Step {
    let (true, Some(endpoint)) = (matches!(&*delivery.state, "pending" | "sending"), &delivery.endpoint)
    else {
        return Step::Done;
    };
    let Some(street) = view.street(delivery.key.0) else { return Step::Later(NO_DOCUMENT_PAUSE) };
    let Some(url) = street.of.url(endpoint) else { return Step::GiveUp("endpoint-removed") };
    if disabled.contains(&(endpoint.clone(), url.to_owned())) {
        return Step::GiveUp("endpoint-disabled");
    }
    if (delivery.attempts - delivery.uncounted) as usize >= SCHEDULE_S.len() {
        return Step::GiveUp("attempts-exhausted");
    }
    match room.desk.seat(endpoint) {
        Ok(seat) => Step::Send { url: url.to_owned(), seat },
        Err(pause) => Step::Later(pause),
    }
}

async fn disabled(
    tx: &mut ScopedTx,
    found: &[Delivery],
) -> Result<BTreeSet<(EndpointId, String)>, pg::Error> {
    let endpoints: BTreeSet<EndpointId> =
        found.iter().filter_map(|delivery| delivery.endpoint.clone()).collect();
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
    given_up.iter().for_each(|_| room.events.verdict("dead_lettered"));
    Ok(())
}

async fn secrets(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    plan: &Plan,
) -> Result<BTreeMap<EndpointId, Secret>, FireError> {
    let endpoints: BTreeSet<EndpointId> = plan.sent.iter().map(|sent| sent.1.clone()).collect();
    let endpoints: Vec<EndpointId> = endpoints.into_iter().collect();
    match room.secrets.ensure(tx, now, &endpoints).await {
        Ok((secrets, _)) => Ok(secrets),
        Err(SecretError::Database(error)) => Err(error.into()),
        Err(error @ SecretError::Seal(_)) => Err(FireError::Broken(error.to_string())),
    }
}

async fn begin(
    tx: &mut ScopedTx,
    now: Timestamp,
    sent: Vec<Sending>,
    secrets: &BTreeMap<EndpointId, Secret>,
) -> Result<Vec<Job>, FireError> {
    if sent.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<Key> = sent.iter().map(|sent| sent.0.key).collect();
    deliveries::start_sending(tx, &keys, now + LEASE).await?;
    let begun: Vec<(Key, i32)> = sent.iter().map(|sent| (sent.0.key, sent.0.attempts + 1)).collect();
    attempts::begin(tx, now, &begun).await?;
    let mut payloads: BTreeMap<Key, Vec<u8>> = deliveries::payloads(tx, &keys).await?.into_iter().collect();
    let job = |(delivery, endpoint, url, seat): Sending| {
        let payload = payloads.remove(&delivery.key);
        let payload = payload.ok_or_else(|| pg::Error::impossible_row("deliveries.payload"))?;
        let secret = secrets.get(&endpoint).cloned();
        let secret = secret.ok_or_else(|| pg::Error::impossible_row("endpoint_secrets.sealed"))?;
        let (key, n, timestamp_s) = (delivery.key, delivery.attempts + 1, now.as_second());
        let traceparent = delivery.traceparent;
        Ok(Job { key, n, endpoint, url, secret, payload, traceparent, timestamp_s, seat })
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
