//! The one room of intake: lane → quota → seal → keep, unless it was kept before → outbox → commit.
//!
//! [`Room::submit`] is what the door calls: it makes a request ready and leaves it with the [`writer`](::writer), which
//! keeps in one transaction whatever came during the last one. [`accept`] is that transaction; it gives one answer
//! per command, in order.

mod command;
pub mod forget;
mod prepare;
mod record;
pub mod reveal;
pub mod submit;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use bootstrap::House;
use ids::{ReportId, TenantId};
use jiff::Timestamp;
use pg::{Pool, TenantScope, crash};
use ring::hmac;

pub use command::{Datum, Place, Receipt, Refusal, SubmitReport};

use crate::config::Config;
use crate::contacts::Contacts;
use crate::core::{assign, tracking};
use crate::events::Events;
use crate::pressure::Pressure;
use crate::quotas::Quotas;
use crate::store::reports::{self, Accepted};
use crate::tenants::Street;
use prepare::Prepared;
use submit::Writer;

/// Everything the room works with.
pub struct Room {
    pub(crate) house: House<Street>,
    pub(crate) events: Events,
    pub(crate) pressure: Pressure,
    pub(crate) outbox_rows_max: u32,
    quotas: Quotas,
    writer: Writer,
    contacts: Contacts,
    tracking_key: hmac::Key,
}

impl Room {
    /// With nothing measured and nothing waiting yet.
    pub fn new(house: House<Street>, config: Config) -> Self {
        let events = Events::new(&house.metrics);
        Self {
            house,
            events,
            pressure: Pressure::default(),
            outbox_rows_max: config.outbox_rows_max,
            quotas: Quotas::new(config.shares),
            writer: Writer::new(config.queue_max),
            contacts: Contacts::new(config.master_key),
            tracking_key: config.tracking_key,
        }
    }

    /// Who keeps what is submitted.
    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    /// What each street may send.
    pub fn quotas(&self) -> &Quotas {
        &self.quotas
    }

    fn pool(&self) -> &Pool {
        &self.house.pool
    }
}

/// Puts reports on the record, each once: equal keys, in this batch, in another process or days ago, are one
/// effect with one answer (D19). After an error it is unknown whether they were kept; the same keys may be sent
/// again.
pub async fn accept(
    room: &Room,
    batch: Vec<SubmitReport>,
) -> Result<Vec<Result<Receipt, Refusal>>, pg::Error> {
    let mut prepared = Vec::with_capacity(batch.len());
    for command in batch {
        let screened = room.screen(&command);
        prepared.push(room.prepare(command, screened).await);
    }
    let ready: Vec<&Prepared> = prepared.iter().filter_map(|request| request.as_ref().ok()).collect();
    let mut kept = keep_all(room, &ready).await?.into_iter();
    let answers = prepared.iter().map(|request| match request {
        Ok(_) => kept.next().expect("one answer for each that was ready"),
        Err(refusal) => Err(*refusal),
    });
    Ok(answers.collect())
}

/// The same for requests that are ready.
async fn keep_all(room: &Room, batch: &[&Prepared]) -> Result<Vec<Result<Receipt, Refusal>>, pg::Error> {
    // Equal keys fold here: the first body counts.
    let mut requests: BTreeMap<ReportId, &Prepared> = BTreeMap::new();
    for request in batch {
        if let Entry::Vacant(free) = requests.entry(request.report_id) {
            free.insert(request);
        }
    }
    let requests: Vec<&Prepared> = requests.into_values().collect();
    let answers = pg::retrying(|| keep(room, &requests)).await?;
    Ok(batch.iter().map(|request| answer(room, &answers, request)).collect())
}

/// What the transaction said about one report id.
enum Answer {
    Accepted(Accepted),
    Refused(Refusal),
}

fn answer(room: &Room, answers: &BTreeMap<ReportId, Answer>, request: &Prepared) -> Result<Receipt, Refusal> {
    let report_id = request.report_id;
    let refusal = match answers.get(&report_id).expect("every request is answered") {
        Answer::Accepted(accepted) if accepted.body_sha256 == request.command.body_sha256 => {
            let tracking_code = tracking::code_of(&room.tracking_key, report_id);
            return Ok(Receipt { report_id, tracking_code, accepted_at: accepted.accepted_at });
        }
        Answer::Accepted(_) => Refusal::KeyReused,
        Answer::Refused(refusal) => *refusal,
    };
    room.events.refused(refusal.reason());
    Err(refusal)
}

/// One transaction over the streets of the batch.
async fn keep(room: &Room, requests: &[&Prepared]) -> Result<BTreeMap<ReportId, Answer>, pg::Error> {
    let mut answers = BTreeMap::new();
    if requests.is_empty() {
        return Ok(answers);
    }
    let streets: BTreeSet<TenantId> = requests.iter().map(|request| request.command.street).collect();
    let mut tx = room.pool().begin(TenantScope::of_principal(streets)).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let admissible = admissible(room, requests, now, &mut answers);
    let kept = record::write(room, &mut tx, &admissible, now).await?;
    // What was not kept now may have been kept before, or while we waited for another transaction.
    let others: Vec<_> = requests.iter().filter(|request| !kept.contains(&request.report_id)).collect();
    if !others.is_empty() {
        let keys: Vec<_> = others.iter().map(|request| (request.command.street, request.report_id)).collect();
        replay(room, &mut answers, reports::accepted_before(&mut tx, &keys).await?);
    }
    crash::point("intake.before_commit");
    tx.commit().await?;
    crash::point("intake.after_commit");
    if kept.is_empty() {
        return Ok(answers);
    }
    room.house.committed();
    for request in admissible.into_iter().filter(|request| kept.contains(&request.report_id)) {
        if !request.command.drill {
            room.events.accepted(request.lane);
        }
        answers.insert(request.report_id, Answer::Accepted(request.accepted(now)));
    }
    Ok(answers)
}

/// Requests that may be kept; the others get their refusal, which a replay replaces.
fn admissible<'a>(
    room: &Room,
    requests: &[&'a Prepared],
    now: Timestamp,
    answers: &mut BTreeMap<ReportId, Answer>,
) -> Vec<&'a Prepared> {
    let mut admissible = Vec::with_capacity(requests.len());
    for request in requests {
        let refusal = if !request.street_known {
            Refusal::UnknownStreet
        } else if request.anonymous {
            Refusal::ContactRequired
        } else if let Some(fault) = unassignable(room, request, now) {
            Refusal::Unassignable(fault)
        } else if room.pressure.refuses(request.lane) {
            Refusal::Overloaded
        } else {
            admissible.push(*request);
            continue;
        };
        answers.insert(request.report_id, Answer::Refused(refusal));
    }
    admissible
}

/// Why a matter cannot be given to the bodies it is assigned to, by the documents of today.
fn unassignable(room: &Room, request: &Prepared, now: Timestamp) -> Option<assign::Fault> {
    let assigned = request.command.assigned.as_ref()?;
    let view = room.house.snapshot.view();
    let street = &view.street(request.command.street)?.of;
    street.assignable(request.command.item.as_deref(), assigned, now).err()
}

fn replay(room: &Room, answers: &mut BTreeMap<ReportId, Answer>, before: Vec<Accepted>) {
    for accepted in before {
        room.events.replayed();
        answers.insert(accepted.report_id, Answer::Accepted(accepted));
    }
}
