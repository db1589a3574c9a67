//! A published calendar year: stages that awaited it get their due times.

use jiff::Timestamp;
use pg::TenantScope;

use super::calendars::Calendars;
use super::save::{By, save};
use super::{Room, matters};
use crate::core::matter::Matter;
use crate::store;
use crate::store::stages::Published;

/// Cases in one transaction at most.
const CASES_MAX: i64 = 200;
/// Streets asked about in one statement at most.
const STREETS_MAX: usize = 100;

/// Fills every stage that awaits a year published by now. Returns how many cases changed.
pub(crate) async fn all(room: &Room) -> Result<usize, pg::Error> {
    let view = room.house.snapshot.view();
    let streets: Vec<_> = view.streets().collect();
    let mut filled = 0;
    for chunk in streets.chunks(STREETS_MAX) {
        let published: Vec<Published> = chunk
            .iter()
            .flat_map(|street| {
                let years = street.of.published().iter();
                years.map(|(calendar, year)| Published {
                    tenant: street.code,
                    calendar: calendar.clone(),
                    year: *year,
                })
            })
            .collect();
        loop {
            let cases = some(room, &published).await?;
            if cases == 0 {
                break;
            }
            filled += cases;
        }
    }
    Ok(filled)
}

/// One transaction. Its tenants are those whose documents published the years.
async fn some(room: &Room, published: &[Published]) -> Result<usize, pg::Error> {
    let tenants = published.iter().map(|published| published.tenant);
    let mut tx = room.house.pool.begin(TenantScope::of_subjects(tenants)).await?;
    let now = room.house.clock.now(&mut tx).await?;
    let keys = store::stages::awaiting(&mut tx, published, CASES_MAX).await?;
    if keys.is_empty() {
        return Ok(0);
    }
    let cases = store::cases::lock(&mut tx, &keys).await?;
    let orders = store::orders::lock_of_cases(&mut tx, &keys).await?;
    let mut matters = matters(cases, orders);
    let calendars = Calendars::of(room, &mut tx, now, &matters).await?;
    let mut changed = 0;
    for matter in &mut matters {
        changed += usize::from(fill(&calendars, matter, now)?);
    }
    save(room, &mut tx, now, &mut matters, By::itself("calendar")).await?;
    tx.commit().await?;
    room.house.committed();
    Ok(changed)
}

fn fill(calendars: &Calendars, matter: &mut Matter, now: Timestamp) -> Result<bool, pg::Error> {
    let Some(publications) = calendars.of_matter(matter) else { return Ok(false) };
    matter
        .fill(publications, now)
        .map_err(|refusal| pg::Error::broken("filling an awaited calendar", refusal))?;
    Ok(!matter.happened.is_empty())
}
