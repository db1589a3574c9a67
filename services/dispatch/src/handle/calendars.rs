//! The calendars that a transaction counts on: the publication in force, those that clocks still run on, and that none is
//! counted on which is not archived.
//!
//! A publication is archived when documents bring it ([`archive`]), and by whoever counts on it sooner, in the same
//! transaction. So every reference in a stored state leads to a row, and a due time can be explained for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use ids::TenantId;
use jiff::Timestamp;
use pg::{ScopedTx, TenantScope};
use sla::Calendar;

use super::Room;
use crate::core::clocks::{Clocks, Published};
use crate::core::matter::Matter;
use crate::store;
use crate::store::calendars::Publication;
use crate::tenants::{BodyHours, Street};

/// Streets whose publications are archived in one transaction at most.
const STREETS_MAX: usize = 100;

type Key = (TenantId, String, u64);

/// Publications that this process has seen in the archive. Cloning shares it. Losing it costs one statement.
#[derive(Debug, Clone, Default)]
pub(crate) struct Archived(Arc<RwLock<BTreeSet<Key>>>);

fn key(publication: &Publication) -> Key {
    let reference = publication.calendar.reference();
    (publication.tenant, reference.id.clone(), reference.version)
}

impl Archived {
    fn holds(&self, publication: &Publication) -> bool {
        self.0.read().unwrap_or_else(PoisonError::into_inner).contains(&key(publication))
    }

    /// What is known from now on: of streets that are no more, nothing.
    fn know(&self, present: BTreeSet<Key>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = present;
    }
}

/// Archives what the present documents publish. Returns how many publications are new.
pub(crate) async fn archive(room: &Room) -> Result<usize, pg::Error> {
    let view = room.house.snapshot.view();
    let streets: Vec<_> = view.streets().collect();
    let (mut present, mut fresh) = (BTreeSet::new(), 0);
    for chunk in streets.chunks(STREETS_MAX) {
        let of_street = chunk.iter().flat_map(|street| {
            let tenant = street.code;
            street.of.calendars().map(move |calendar| Publication { tenant, calendar: calendar.clone() })
        });
        let published: Vec<Publication> = of_street.collect();
        present.extend(published.iter().map(key));
        fresh += some(room, published).await?;
    }
    room.archived.know(present);
    Ok(fresh)
}

async fn some(room: &Room, published: Vec<Publication>) -> Result<usize, pg::Error> {
    let unknown: Vec<_> = published.into_iter().filter(|one| !room.archived.holds(one)).collect();
    if unknown.is_empty() {
        return Ok(0);
    }
    let tenants = unknown.iter().map(|publication| publication.tenant);
    let mut tx = room.house.pool.begin(TenantScope::of_subjects(tenants)).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let missing = store::calendars::missing(&mut tx, unknown).await?;
    if !missing.is_empty() {
        store::calendars::keep(&mut tx, &missing, now).await?;
    }
    tx.commit().await?;
    Ok(missing.len())
}

/// Archives what is counted on before its documents' turn came. Usually there is nothing to do.
pub(super) async fn keep(
    room: &Room,
    tx: &mut ScopedTx,
    now: Timestamp,
    used: impl IntoIterator<Item = Publication>,
) -> Result<(), pg::Error> {
    let unknown = used.into_iter().filter(|one| !room.archived.holds(one));
    let unknown: BTreeMap<Key, Publication> = unknown.map(|one| (key(&one), one)).collect();
    if unknown.is_empty() {
        return Ok(());
    }
    store::calendars::keep(tx, &unknown.into_values().collect::<Vec<_>>(), now).await
}

/// The calendars of a batch of matters, by their streets.
#[derive(Debug, Default)]
pub(super) struct Calendars(BTreeMap<TenantId, OfStreet>);

#[derive(Debug, Default)]
struct OfStreet {
    by_id: BTreeMap<String, Published>,
    of_bodies: BodyHours,
}

impl Calendars {
    /// Those of these matters, as far as documents are here: the case's own, those that its clocks count on, and those of bodies
    /// that may get an order of it. Earlier publications are loaded only for clocks that run on one, and where the documents
    /// do not have a calendar any more, its last publication stays in force for who counts on it.
    pub async fn of<'a>(
        room: &Room,
        tx: &mut ScopedTx,
        now: Timestamp,
        matters: impl IntoIterator<Item = &'a Matter>,
    ) -> Result<Self, pg::Error> {
        Self::read(room, tx, now, (matters, false)).await
    }

    /// The same for one who also tells of clocks that are decided.
    pub async fn of_all<'a>(
        room: &Room,
        tx: &mut ScopedTx,
        now: Timestamp,
        matters: impl IntoIterator<Item = &'a Matter>,
    ) -> Result<Self, pg::Error> {
        Self::read(room, tx, now, (matters, true)).await
    }

    async fn read<'a>(
        room: &Room,
        tx: &mut ScopedTx,
        now: Timestamp,
        (matters, all_clocks): (impl IntoIterator<Item = &'a Matter>, bool),
    ) -> Result<Self, pg::Error> {
        let view = room.house.snapshot.view();
        let (mut all, mut behind): (BTreeMap<TenantId, OfStreet>, _) = (BTreeMap::new(), BTreeSet::new());
        for matter in matters {
            let tenant = matter.tenant();
            let Some(street) = view.street(tenant) else { continue };
            let of_street = all.entry(tenant).or_insert_with(|| OfStreet::of(&street.of));
            let ids = matter.counted_on(all_clocks).map(|reference| reference.id.as_str());
            for id in ids.chain([matter.facts.calendar.as_str()]) {
                if !of_street.by_id.contains_key(id) {
                    match street.of.calendar(id) {
                        Some(present) => of_street.put(id, present),
                        None => drop(behind.insert((tenant, id.to_owned()))),
                    }
                }
            }
            let elsewhere =
                of_street.by_id.iter().filter(|(_, of)| matter.counts_elsewhere(&of.present, all_clocks));
            behind.extend(elsewhere.map(|(id, _)| (tenant, id.clone())));
        }
        let used = all.iter().flat_map(|(tenant, of)| {
            let calendars = of.by_id.values().map(|of| of.present.clone());
            calendars.map(|calendar| Publication { tenant: *tenant, calendar })
        });
        let used: Vec<Publication> = used.collect();
        keep(room, tx, now, used).await?;
        let behind = Vec::from_iter(behind);
        if !behind.is_empty() {
            // Oldest first: of a calendar that is in no document the last one is in force.
            for Publication { tenant, calendar } in store::calendars::of(tx, &behind).await? {
                let Some(of) = all.get_mut(&tenant) else { continue };
                let gone =
                    view.street(tenant).is_some_and(|s| s.of.calendar(&calendar.reference().id).is_none());
                match of.by_id.get_mut(&calendar.reference().id) {
                    Some(known) if gone => {
                        known.earlier.push(std::mem::replace(&mut known.present, calendar));
                    }
                    Some(known) => known.earlier.push(calendar),
                    None => of.put(&calendar.reference().id.clone(), calendar),
                }
            }
        }
        Ok(Self(all))
    }

    /// Those of a matter; nothing where its street's documents are not here yet.
    pub fn of_matter(&self, matter: &Matter) -> Option<Clocks<'_>> {
        let of = self.0.get(&matter.tenant())?;
        Clocks::new(&matter.facts.calendar, &of.by_id, &of.of_bodies)
    }
}

impl OfStreet {
    /// With the calendars of its bodies: any of them may get an order.
    fn of(street: &Street) -> Self {
        let mut of = Self { by_id: BTreeMap::new(), of_bodies: street.of_bodies().clone() };
        for calendar in street.of_bodies().values() {
            of.put(&calendar.reference().id, calendar.clone());
        }
        of
    }

    fn put(&mut self, id: &str, present: Arc<Calendar>) {
        self.by_id.insert(id.to_owned(), Published { present, earlier: Vec::new() });
    }
}
