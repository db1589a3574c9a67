//! The calendars that a transaction counts on: the publication in force, those that clocks still run on, and that none is
//! counted on which is not archived.
//!
//! A publication is archived when documents bring it ([`archive`]), and by whoever counts on it sooner, in the same
//! transaction. So every reference in a stored state leads to a row, and a due time can be explained for ever.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, PoisonError, RwLock};

use ids::TenantId;
use jiff::Timestamp;
use orders::Publications;
use pg::{ScopedTx, TenantScope};
use sla::Calendar;

use super::Room;
use crate::core::matter::Matter;
use crate::store;
use crate::store::calendars::Publication;

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

/// The calendars of a batch of matters.
#[derive(Debug, Default)]
pub(super) struct Calendars(BTreeMap<(TenantId, String), OfCase>);

#[derive(Debug)]
struct OfCase {
    present: Arc<Calendar>,
    earlier: Vec<Arc<Calendar>>,
}

impl Calendars {
    /// Those of these matters, as far as documents are here. Earlier publications are loaded only for clocks that run on one.
    pub async fn of<'a>(
        room: &Room,
        tx: &mut ScopedTx,
        now: Timestamp,
        matters: impl IntoIterator<Item = &'a Matter>,
    ) -> Result<Self, pg::Error> {
        let (mut all, mut behind): (BTreeMap<_, OfCase>, _) = (BTreeMap::new(), BTreeSet::new());
        for matter in matters {
            let place = (matter.tenant(), matter.facts.calendar.clone());
            let Some(present) = room.calendar(matter.tenant(), &matter.facts) else { continue };
            if matter.counts_elsewhere(&present) {
                behind.insert(place.clone());
            }
            all.entry(place).or_insert(OfCase { present, earlier: Vec::new() });
        }
        let used =
            all.iter().map(|((tenant, _), of)| Publication { tenant: *tenant, calendar: of.present.clone() });
        keep(room, tx, now, used).await?;
        let behind = Vec::from_iter(behind);
        if !behind.is_empty() {
            for Publication { tenant, calendar } in store::calendars::of(tx, &behind).await? {
                if let Some(of) = all.get_mut(&(tenant, calendar.reference().id.clone())) {
                    of.earlier.push(calendar);
                }
            }
        }
        Ok(Self(all))
    }

    /// Those of a matter; nothing where its street's documents are not here yet.
    pub fn of_matter(&self, matter: &Matter) -> Option<Publications<'_>> {
        let of = self.0.get(&(matter.tenant(), matter.facts.calendar.clone()))?;
        Some(Publications::new(&of.present, &of.earlier))
    }
}
