//! The one room of intake: seen before? → seal → lane → keep → outbox → commit.
//!
//! Takes commands in batches. Whatever asks (today each request for itself) gets one answer per command, in order.

mod command;
mod record;

use std::collections::{BTreeMap, BTreeSet};

use bootstrap::House;
use ids::{ReportId, TenantId};
use pg::{Pool, TenantScope, crash};
use ring::hmac;
use seal::Sealed;

pub use command::{Datum, Place, Receipt, Refusal, SubmitReport};

use crate::config::Config;
use crate::contacts::{ContactError, Contacts};
use crate::core::tracking;
use crate::events::Events;
use crate::pressure::Pressure;
use crate::store::idempotency::{self, Accepted, Entry};
use crate::tenants::Street;

/// Everything the room works with.
pub struct Room {
    pub(crate) house: House<Street>,
    pub(crate) events: Events,
    pub(crate) pressure: Pressure,
    pub(crate) outbox_rows_max: u32,
    contacts: Contacts,
    tracking_key: hmac::Key,
}

/// Why a whole batch got no answer. Whether it was kept is unknown; the same keys may be sent again.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// The database said no, or nothing at all.
    #[error("keeping reports")]
    Database(#[from] pg::Error),
    /// A contact could not be sealed, so nothing was kept.
    #[error("sealing contacts")]
    Contact(#[from] ContactError),
}

/// A command ready to be kept: its id derived, its contact unreadable.
struct Sealable {
    report_id: ReportId,
    command: SubmitReport,
    contact_sealed: Option<Sealed>,
}

impl Room {
    /// With nothing measured yet.
    pub fn new(house: House<Street>, config: Config) -> Self {
        let events = Events::new(&house.metrics);
        Self {
            house,
            events,
            pressure: Pressure::default(),
            outbox_rows_max: config.outbox_rows_max,
            contacts: Contacts::new(config.master_key),
            tracking_key: config.tracking_key,
        }
    }

    fn pool(&self) -> &Pool {
        &self.house.pool
    }
}

/// Puts reports on the record, each once: equal keys, in this batch, in another process or days ago, are one
/// effect with one answer (D19).
pub async fn accept(
    room: &Room,
    batch: Vec<SubmitReport>,
) -> Result<Vec<Result<Receipt, Refusal>>, AcceptError> {
    let asked: Vec<_> = batch.iter().map(|command| (command.report_id(), command.body_sha256)).collect();
    // Equal keys fold here: the first body counts.
    let mut requests: BTreeMap<ReportId, Sealable> = BTreeMap::new();
    for command in batch {
        let report_id = command.report_id();
        if let std::collections::btree_map::Entry::Vacant(free) = requests.entry(report_id) {
            free.insert(seal(room, report_id, command).await?);
        }
    }
    let requests: Vec<Sealable> = requests.into_values().collect();
    let answers = pg::retrying(|| keep(room, &requests)).await?;
    Ok(asked.into_iter().map(|(report_id, body)| answer(room, &answers, report_id, &body)).collect())
}

async fn seal(room: &Room, report_id: ReportId, mut command: SubmitReport) -> Result<Sealable, ContactError> {
    let contact_sealed = match command.contact.take() {
        None => None,
        Some(contact) => Some(room.contacts.seal(&room.house, command.street, report_id, &contact).await?),
    };
    Ok(Sealable { report_id, command, contact_sealed })
}

/// What the transaction said about one report id.
enum Answer {
    Accepted(Accepted),
    Refused(Refusal),
}

fn answer(
    room: &Room,
    answers: &BTreeMap<ReportId, Answer>,
    report_id: ReportId,
    body_sha256: &[u8; 32],
) -> Result<Receipt, Refusal> {
    let refusal = match answers.get(&report_id).expect("every request is answered") {
        Answer::Accepted(accepted) if accepted.body_sha256 == body_sha256 => {
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
async fn keep(room: &Room, requests: &[Sealable]) -> Result<BTreeMap<ReportId, Answer>, pg::Error> {
    let streets: BTreeSet<TenantId> = requests.iter().map(|request| request.command.street).collect();
    let mut tx = room.pool().begin(TenantScope::of_principal(streets)).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let mut answers = BTreeMap::new();
    replay(room, &mut answers, idempotency::accepted_before(&mut tx, &entries(requests.iter())).await?);
    let unanswered: Vec<_> = requests.iter().filter(|r| !answers.contains_key(&r.report_id)).collect();
    let new = admissible(room, unanswered, &mut answers);
    if new.is_empty() {
        tx.commit().await?;
        return Ok(answers);
    }
    let won = idempotency::enter(&mut tx, &entries(new.iter().map(|(request, _)| *request)), now).await?;
    let (kept, lost): (Vec<_>, Vec<_>) =
        new.into_iter().partition(|(request, _)| won.contains(&request.report_id));
    let lanes = record::write(room, &mut tx, &kept, now).await?;
    // Others entered these while we waited for them, so they are there now.
    replay(
        room,
        &mut answers,
        idempotency::accepted_before(&mut tx, &entries(lost.iter().map(|(r, _)| *r))).await?,
    );
    crash::point("intake.before_commit");
    tx.commit().await?;
    crash::point("intake.after_commit");
    room.house.committed();
    for ((request, _), lane) in kept.iter().zip(lanes) {
        room.events.accepted(lane);
        answers.insert(request.report_id, Answer::Accepted(request.accepted(now)));
    }
    Ok(answers)
}

/// New requests that may be kept, each with its street; the others get their refusal.
fn admissible<'a>(
    room: &Room,
    requests: Vec<&'a Sealable>,
    answers: &mut BTreeMap<ReportId, Answer>,
) -> Vec<(&'a Sealable, Street)> {
    let view = room.house.snapshot.view();
    let mut admissible = Vec::new();
    for request in requests {
        let refusal = match view.street(request.command.street) {
            None => Refusal::UnknownStreet,
            Some(_) if room.pressure.over() => Refusal::Overloaded,
            Some(street) => {
                admissible.push((request, street.of.clone()));
                continue;
            }
        };
        answers.insert(request.report_id, Answer::Refused(refusal));
    }
    admissible
}

fn replay(room: &Room, answers: &mut BTreeMap<ReportId, Answer>, before: Vec<Accepted>) {
    for accepted in before {
        room.events.replayed();
        answers.insert(accepted.report_id, Answer::Accepted(accepted));
    }
}

fn entries<'a>(requests: impl Iterator<Item = &'a Sealable>) -> Vec<Entry> {
    requests
        .map(|request| Entry {
            tenant: request.command.street,
            report_id: request.report_id,
            body_sha256: request.command.body_sha256,
        })
        .collect()
}

impl Sealable {
    fn accepted(&self, now: jiff::Timestamp) -> Accepted {
        let body_sha256 = self.command.body_sha256.to_vec();
        Accepted { report_id: self.report_id, body_sha256, accepted_at: now }
    }
}
