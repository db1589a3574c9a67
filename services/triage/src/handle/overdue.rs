//! Reports that nobody has decided on in time: they go up to the district's desk, where they are told once more
//! ([`crate::core::late`]). By the clock alone; a person's acts move the same wake-up under the same lock.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use contract::EventType;
use ids::TenantId;
use jiff::Timestamp;
use messaging::NewEvent;
use pg::{ScopedTx, TenantScope};
use snapshot::{StreetView, View};
use uuid::Uuid;
use wakeups::{FireError, Kind, Wakeup};

use super::Room;
use super::review::{Coming, requested, said};
use crate::core::late::{self, Step, Waiting};
use crate::store;
use crate::store::reviews::{Moved, Review};
use crate::tenants::Street;

/// The wake-up of a report that waits: its id.
pub const REPORT_REVIEW: Kind = "report_review";

/// Overdue reports that one batch moves at most.
const OVERDUE_MAX: i64 = 50;
/// Reports given a clock in one transaction at most.
const CLOCKS_MAX: i64 = 500;
/// Streets asked about in one statement at most.
const STREETS_MAX: usize = 100;

/// Streets whose lock the runner did not get: whoever holds it next in this process moves what is due. A street that is never
/// idle is never free for the runner; of others no batch need ask.
#[derive(Debug, Default)]
pub(crate) struct PassedOver(Mutex<BTreeSet<TenantId>>);

impl PassedOver {
    fn note(&self, streets: impl Iterator<Item = TenantId>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(streets);
    }

    /// Those among these, once.
    fn take(&self, streets: &BTreeSet<TenantId>) -> Vec<TenantId> {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        streets.iter().copied().filter(|street| noted.remove(street)).collect()
    }
}

/// The wake-ups are due: those whose street nobody has locked are looked at. Returns how many need no look any more, or a later one.
pub async fn due(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    due: Vec<Wakeup>,
) -> Result<usize, FireError> {
    let tenants: BTreeSet<TenantId> = due.iter().map(|wakeup| wakeup.tenant).collect();
    let ours = store::desks::lock_free(tx, &tenants).await?;
    room.passed_over.note(tenants.difference(&ours).copied());
    let due = due.iter().filter(|wakeup| ours.contains(&wakeup.tenant));
    let keys: Vec<(TenantId, Uuid)> = due.map(|wakeup| (wakeup.tenant, wakeup.subject_id)).collect();
    Ok(look(room, tx, now, &keys).await?)
}

/// What is due of those of these streets that the runner passed over; their locks are held.
pub(super) async fn passed_over(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    streets: &BTreeSet<TenantId>,
) -> Result<(), pg::Error> {
    let streets = room.passed_over.take(streets);
    if streets.is_empty() {
        return Ok(());
    }
    let keys = store::clocks::due(tx, &streets, now, OVERDUE_MAX).await?;
    look(room, tx, now, &keys).await.map(|_| ())
}

/// Somebody let go of it: it is looked at when its time is over, or now.
pub(super) async fn watch(tx: &mut ScopedTx, entry: &Review) -> Result<(), pg::Error> {
    let Some(waiting) = entry.waiting().filter(|waiting| !waiting.rests()) else { return Ok(()) };
    wakeups::arm(tx, &[wakeup_at(entry.tenant, entry.report_id.as_uuid(), waiting.due_at)]).await
}

/// Of a report that comes to a desk.
pub(super) fn wakeup(moved: &Moved) -> Wakeup {
    wakeup_at(moved.tenant, moved.report_id.as_uuid(), moved.now_waits.due_at)
}

pub(super) fn wakeup_at(tenant: TenantId, subject_id: Uuid, due_at: Timestamp) -> Wakeup {
    Wakeup { tenant, kind: REPORT_REVIEW, subject_id, due_at }
}

/// What a look at some reports comes to.
#[derive(Default)]
struct Looked {
    moved: Vec<Moved>,
    said: Vec<NewEvent>,
    later: Vec<Wakeup>,
    done: Vec<(TenantId, Uuid)>,
}

async fn look(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    keys: &[(TenantId, Uuid)],
) -> Result<usize, pg::Error> {
    if keys.is_empty() {
        return Ok(0);
    }
    let entries = store::reviews::load(tx, keys).await?;
    let view = room.house.snapshot.view();
    // Decided meanwhile, or removed: no waking any more.
    let waiting = |key: &(TenantId, Uuid)| {
        entries
            .iter()
            .any(|entry| (entry.tenant, entry.report_id.as_uuid()) == *key && entry.waiting().is_some())
    };
    let done = keys.iter().filter(|key| !waiting(key)).copied().collect();
    let mut looked = Looked { done, ..Looked::default() };
    for entry in &entries {
        if let Some(waiting) = entry.waiting() {
            looked.at(room, &view, now, entry, &waiting)?;
        }
    }
    looked.keep(room, tx).await
}

impl Looked {
    fn at(
        &mut self,
        room: &Room,
        view: &View<Street>,
        now: Timestamp,
        entry: &Review,
        waiting: &Waiting,
    ) -> Result<(), pg::Error> {
        // A street that left the documents: it stays armed, and is looked at again.
        let Some(street) = view.street(entry.tenant) else { return Ok(()) };
        let (tenant, report_id) = (entry.tenant, entry.report_id);
        let step = late::step(waiting, now);
        let note = match step {
            Step::Wait(then) => {
                self.later.push(wakeup_at(tenant, report_id.as_uuid(), then));
                return Ok(());
            }
            Step::Rest => {
                self.done.push((tenant, report_id.as_uuid()));
                return Ok(());
            }
            Step::Raise => late::RAISED,
            Step::Remind => late::REMINDED,
        };
        let now_waits = late::after(waiting, step, now, street.of.report_review(entry.lane));
        let message = requested(view, entry, &Coming { now_waits: &now_waits, note, by: None }, now)?;
        let said = said(entry, EventType::CaseReviewRequested, "clock", &entry.traceparent);
        self.said.push(room.event(&said, now, &message));
        // What a person wrote is worth more than that they are reminded.
        let note = (step == Step::Raise).then(|| note.to_owned());
        let moved = Moved { tenant, report_id, now_waits, note };
        match step {
            Step::Raise => self.later.push(wakeup(&moved)),
            _ => self.done.push((tenant, report_id.as_uuid())),
        }
        self.moved.push(moved);
        if !entry.drill {
            room.events.overdue(waiting.desk);
        }
        Ok(())
    }

    async fn keep(self, room: &Room, tx: &mut ScopedTx) -> Result<usize, pg::Error> {
        store::reviews::pass_on(tx, &self.moved).await?;
        wakeups::arm(tx, &self.later).await?;
        wakeups::disarm(tx, REPORT_REVIEW, &self.done).await?;
        room.house.outbox.append(tx, &self.said).await?;
        Ok(self.later.len() + self.done.len())
    }
}

/// Gives a clock to every report that waits without one. Returns how many there were.
pub async fn begin_clocks(room: &Room) -> Result<usize, pg::Error> {
    let view = room.house.snapshot.view();
    let streets: Vec<_> = view.streets().cloned().collect();
    let mut begun = 0;
    for chunk in streets.chunks(STREETS_MAX) {
        let without = without(room, chunk).await?;
        for street in chunk.iter().filter(|street| without.contains(&street.code)) {
            begun += begin_all(room, street).await?;
        }
    }
    Ok(begun)
}

async fn without(room: &Room, streets: &[Arc<StreetView<Street>>]) -> Result<BTreeSet<TenantId>, pg::Error> {
    let codes: Vec<TenantId> = streets.iter().map(|street| street.code).collect();
    let mut tx = room.house.pool.begin(TenantScope::of_subjects(codes.iter().copied())).await?;
    let without = store::clocks::streets_without(&mut tx, &codes).await?;
    tx.commit().await?;
    Ok(without.into_iter().collect())
}

async fn begin_all(room: &Room, street: &StreetView<Street>) -> Result<usize, pg::Error> {
    let mut begun = 0;
    loop {
        let some = begin_some(room, street).await?;
        begun += some;
        if some < CLOCKS_MAX as usize {
            return Ok(begun);
        }
    }
}

/// One transaction a street: whoever waits for the lock of one that is busy holds up no other. What is there is read
/// under the lock, so nobody decides it meanwhile, and what was given a clock is not there again.
async fn begin_some(room: &Room, street: &StreetView<Street>) -> Result<usize, pg::Error> {
    let mut tx = room.house.pool.begin(TenantScope::of_subjects([street.code])).await?;
    store::desks::lock(&mut tx, &BTreeSet::from([street.code])).await?;
    let found = store::clocks::without(&mut tx, street.code, CLOCKS_MAX).await?;
    if found.is_empty() {
        return Ok(0);
    }
    let now = room.house.clock.now(&mut tx).await?;
    let due_at = |lane| now + street.of.report_review(lane);
    let clocks: Vec<_> = found.iter().map(|(report_id, lane)| (*report_id, due_at(*lane))).collect();
    store::clocks::begin(&mut tx, street.code, &clocks).await?;
    let armed = clocks.iter().map(|(id, due_at)| wakeup_at(street.code, id.as_uuid(), *due_at));
    wakeups::arm(&mut tx, &armed.collect::<Vec<_>>()).await?;
    tx.commit().await?;
    Ok(found.len())
}
